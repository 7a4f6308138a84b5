// A broker that breaks as it is told: it parks for ever, fails, is cut off from its followers, loses its newest messages,
// and says everything twice. What it keeps, it keeps in arrays.

import type { Coroutine, Operation } from '../../../runtime/index.ts'
import { Latch } from '../../../runtime/index.ts'
import type {
  Append,
  Appended,
  Broker,
  Follower,
  Health,
  HistoryLimits,
  Slice,
  Standing,
} from '../../../server/hub/index.ts'
import { jsonType, Message, unbornStanding } from '../../../server/hub/index.ts'

type Hook = (operation: string, topic: string) => Operation<void> | undefined

export class ScriptedBroker implements Broker {
  readonly answersAtOnce = false
  health: Health = { isOk: true }
  /** What happens in an operation before it is done, and before its answer leaves. */
  before: Hook = () => undefined
  after: Hook = () => undefined
  /** Topics that `follow` does not answer, or refuses. */
  readonly hanging = new Set<string>()
  readonly refusing = new Set<string>()
  /** While it is cut off, followers hear nothing. */
  isCutOff = false
  saysTwice = false
  readonly asked: string[] = []
  readonly #topics = new Map<string, { readonly epoch: string; readonly messages: Message[] }>()
  readonly #followers = new Map<string, Set<Follower>>()
  readonly #never = new Latch('an answer that never comes')
  #ids = 0

  follow(topics: readonly string[], follower: Follower): void {
    for (const topic of topics) {
      this.asked.push(topic)
      if (this.hanging.has(topic)) continue
      if (this.refusing.has(topic)) {
        follower.notLocated(topic, new Error('the broker is away'))
        continue
      }
      this.#followers.set(topic, (this.#followers.get(topic) ?? new Set()).add(follower))
      const standing = this.standing(topic)
      for (let time = 0; time < (this.saysTwice ? 2 : 1); time += 1) follower.located(topic, standing)
    }
  }

  /** Park for ever. */
  *never(): Coroutine<void> {
    yield* this.#never.wait()
  }

  *append(topic: string, { messages }: Append): Coroutine<Appended> {
    yield* this.#hook(this.before, 'append', topic)
    const kept = this.#topics.get(topic) ?? { epoch: `epoch${(this.#ids += 1)}`, messages: [] }
    this.#topics.set(topic, kept)
    const receipts = messages.map((draft) => {
      const message = new Message(topic, kept.messages.length + 1, `id${(this.#ids += 1)}`, 0, draft, 0)
      kept.messages.push(message)
      this.#tell(topic, (follower) => follower.arrived(message, kept.epoch))
      return message
    })
    yield* this.#hook(this.after, 'append', topic)
    return { outcome: 'appended', standing: this.standing(topic), receipts }
  }

  *history(topic: string, from: number, { messages }: HistoryLimits): Coroutine<Slice> {
    yield* this.#hook(this.before, 'history', topic)
    const kept = this.#topics.get(topic)?.messages ?? []
    const slice = { ...this.standing(topic), messages: kept.slice(from - 1, from - 1 + messages) }
    yield* this.#hook(this.after, 'history', topic)
    return slice
  }

  *list(after: string): Coroutine<[]> {
    yield* this.#hook(this.before, 'list', after)
    return []
  }

  *inform(topic: string): Coroutine<null> {
    yield* this.#hook(this.before, 'inform', topic)
    return null
  }

  unfollow(topics: readonly string[], follower: Follower): void {
    for (const topic of topics) this.#followers.get(topic)?.delete(follower)
  }

  /** It is back, and says where everything stands. */
  comeBack(): void {
    this.isCutOff = false
    for (const topic of this.#followers.keys())
      this.#tell(topic, (follower) => follower.moved(topic, this.standing(topic)))
  }

  /** A replica without the newest messages has taken over. */
  lose(topic: string, count: number): void {
    this.#topics.get(topic)?.messages.splice(-count, count)
    this.#tell(topic, (follower) => follower.moved(topic, this.standing(topic)))
  }

  standing(topic: string): Standing {
    const kept = this.#topics.get(topic)
    if (kept === undefined) return unbornStanding
    const { epoch, messages } = kept
    return {
      epoch,
      head: messages.length,
      headId: messages.at(-1)?.id ?? null,
      oldest: 1,
      isClosed: false,
      segment: 1,
      contentType: jsonType,
    }
  }

  statistics() {
    return { topics: this.#topics.size, messages: 0, bytes: 0 }
  }

  create(): never {
    throw new Error('no test asks for it')
  }

  fork(): never {
    throw new Error('no test asks for it')
  }

  remove(): never {
    throw new Error('no test asks for it')
  }

  *close(): Coroutine<void> {}

  #tell(topic: string, tell: (follower: Follower) => void): void {
    if (this.isCutOff) return
    for (const follower of this.#followers.get(topic) ?? []) {
      for (let time = 0; time < (this.saysTwice ? 2 : 1); time += 1) tell(follower)
    }
  }

  *#hook(hook: Hook, operation: string, topic: string): Coroutine<void> {
    const operations = hook(operation, topic)
    if (operations !== undefined) yield* operations
  }
}
