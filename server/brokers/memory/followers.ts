// Who follows what. Those who follow a topic that is not there stand in `expecting`, which costs the topic no record.
//
// Invariants: `counts` has how many topics each follower follows; no topic that is there is expected.

import type { Follower } from '../../hub/index.ts'
import type { Topic } from './topic.ts'

export class Followers {
  readonly #expecting = new Map<string, Set<Follower>>()
  readonly #counts = new Map<Follower, number>()

  follow(name: string, topic: Topic | undefined, follower: Follower): void {
    const followers = topic?.followers ?? this.#expecting.get(name) ?? new Set()
    if (followers.has(follower)) return
    followers.add(follower)
    if (topic === undefined) this.#expecting.set(name, followers)
    this.#counts.set(follower, (this.#counts.get(follower) ?? 0) + 1)
  }

  /** False when it was not followed. */
  leave(name: string, topic: Topic | undefined, follower: Follower): boolean {
    const followers = topic?.followers ?? this.#expecting.get(name)
    if (!followers?.delete(follower)) return false
    if (topic === undefined && followers.size === 0) this.#expecting.delete(name)
    const left = (this.#counts.get(follower) as number) - 1
    if (left > 0) this.#counts.set(follower, left)
    else this.#counts.delete(follower)
    return true
  }

  /** The topic has come: those who expected it follow it. */
  born(topic: Topic): void {
    topic.followers = this.#expecting.get(topic.name) ?? topic.followers
    this.#expecting.delete(topic.name)
  }

  /** The topic has gone: those who followed it expect it. */
  gone(topic: Topic): void {
    if (topic.followers.size > 0) this.#expecting.set(topic.name, topic.followers)
    topic.followers = new Set()
  }

  /** Ask one follower after the other to give up topics, until `isEnough`; `leave` is told each of them. */
  relinquish(isEnough: () => boolean, leave: (name: string, follower: Follower) => void): void {
    for (const follower of [...this.#counts.keys()]) {
      while (!isEnough()) {
        const name = follower.relinquish()
        if (name === undefined) break
        leave(name, follower)
      }
    }
  }

  /** Assert the invariants at the head of this file. */
  validate(topics: ReadonlyMap<string, Topic>): void {
    const counts = new Map<Follower, number>()
    const count = (follower: Follower) => counts.set(follower, (counts.get(follower) ?? 0) + 1)
    for (const { followers } of topics.values()) followers.forEach(count)
    for (const [name, followers] of this.#expecting) {
      if (topics.has(name) && !topics.get(name)?.isRemoved) throw new Error('a topic that is there is expected')
      followers.forEach(count)
    }
    for (const follower of new Set([...counts.keys(), ...this.#counts.keys()])) {
      if (counts.get(follower) !== this.#counts.get(follower)) throw new Error('a follower follows another number')
    }
  }
}
