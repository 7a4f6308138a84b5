// Who follows what in this process, and who has asked to and waits for the answer.
//
// Always true: for one topic and one follower, follow and unfollow take effect in the order in which they were called; a
// topic has an entry exactly while it is followed, or somebody has asked to follow it.

import type { Follower, Message, Standing } from '../../hub/index.ts'

interface Entry {
  readonly followers: Set<Follower>
  /** How many wait for the answer. */
  asking: number
}

/** A question that waits for its answer: what is unfollowed meanwhile is taken out. */
export interface FollowQuestion {
  readonly follower: Follower
  readonly topics: Set<string>
}

export class Following {
  readonly #entries = new Map<string, Entry>()
  readonly #questions = new Map<Follower, Set<FollowQuestion>>()
  /** How many topics each follower follows. */
  readonly #counts = new Map<Follower, number>()

  ask(topics: readonly string[], follower: Follower): FollowQuestion {
    const question = { follower, topics: new Set(topics) }
    for (const topic of question.topics) this.#entry(topic).asking += 1
    const questions = this.#questions.get(follower) ?? new Set()
    questions.add(question)
    this.#questions.set(follower, questions)
    return question
  }

  /** The answer has come; gives the topics that are still to be followed, which are from now on. */
  answer(question: FollowQuestion): ReadonlySet<string> {
    this.#close(question)
    for (const topic of question.topics) {
      const entry = this.#entry(topic)
      entry.asking -= 1
      if (entry.followers.has(question.follower)) continue
      entry.followers.add(question.follower)
      this.#count(question.follower, 1)
    }
    return question.topics
  }

  /** There is no answer; gives the topics that are not followed, and of those the ones that nobody follows. */
  fail(question: FollowQuestion): ReadonlySet<string> {
    this.#close(question)
    for (const topic of question.topics) {
      this.#entry(topic).asking -= 1
      this.#tidy(topic)
    }
    return question.topics
  }

  /** Gives the topics that nobody follows any more. */
  leave(topics: readonly string[], follower: Follower): string[] {
    return topics.filter((topic) => this.#leave(topic, follower))
  }

  /** The topics that are followed. */
  topics(): string[] {
    return [...this.#entries].filter(([, { followers }]) => followers.size > 0).map(([topic]) => topic)
  }

  isRead(topic: string): boolean {
    const entry = this.#entries.get(topic)
    if (entry === undefined) return false
    for (const follower of entry.followers) if (follower.isReading(topic)) return true
    return false
  }

  arrived(topic: string, messages: () => readonly Message[], epoch: string): void {
    const entry = this.#entries.get(topic)
    if (entry === undefined || entry.followers.size === 0) return
    for (const message of messages()) for (const follower of entry.followers) follower.arrived(message, epoch)
  }

  moved(topic: string, standing: Standing): void {
    for (const follower of this.#entries.get(topic)?.followers ?? []) follower.moved(topic, standing)
  }

  /** Ask followers to give up a topic; gives one that nobody follows any more, or undefined. */
  relinquish(): string | undefined {
    for (const follower of [...this.#counts.keys()]) {
      for (let topic = follower.relinquish(); topic !== undefined; topic = follower.relinquish()) {
        if (this.#leave(topic, follower)) return topic
      }
    }
    return undefined
  }

  /** True when nobody follows it any more. */
  #leave(topic: string, follower: Follower): boolean {
    const entry = this.#entries.get(topic)
    if (entry === undefined) return false
    if (entry.followers.delete(follower)) this.#count(follower, -1)
    for (const question of this.#questions.get(follower) ?? []) if (question.topics.delete(topic)) entry.asking -= 1
    return this.#tidy(topic)
  }

  #count(follower: Follower, change: 1 | -1): void {
    const count = (this.#counts.get(follower) ?? 0) + change
    if (count > 0) this.#counts.set(follower, count)
    else this.#counts.delete(follower)
  }

  #close(question: FollowQuestion): void {
    const questions = this.#questions.get(question.follower)
    questions?.delete(question)
    if (questions?.size === 0) this.#questions.delete(question.follower)
  }

  #entry(topic: string): Entry {
    let entry = this.#entries.get(topic)
    if (entry === undefined) {
      entry = { followers: new Set(), asking: 0 }
      this.#entries.set(topic, entry)
    }
    return entry
  }

  /** True when its entry is gone. */
  #tidy(topic: string): boolean {
    const entry = this.#entries.get(topic)
    if (entry === undefined || entry.followers.size > 0 || entry.asking > 0) return false
    this.#entries.delete(topic)
    return true
  }
}
