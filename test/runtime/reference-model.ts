// What channels, select, cancel and time should do, written as plainly as possible: arrays, linear searches, no links.
//
// A program tells the model of every step just before the runtime takes it, and of the outcome just after. The model
// knows what must come out: exactly, or, where select may pick, one of a few. It follows from two facts that an
// operation that is ready ends before anything else happens, and that one which is not has parked when it does.

export type Overflow = 'suspend' | 'dropOldest' | 'dropLatest' | 'error'

export type Case =
  | { readonly kind: 'send'; readonly channel: number; readonly value: number }
  | { readonly kind: 'receive' | 'next'; readonly channel: number }
  | { readonly kind: 'after'; readonly ms: number }

interface Attempt {
  readonly task: number
  readonly cases: readonly Case[]
  readonly startedAt: number
  readonly inOrder: boolean
  /** Null while nobody can know it. */
  outcome: string | null
}

interface Sender {
  readonly attempt: Attempt
  readonly value: number
}

class ModelChannel {
  readonly buffer: number[] = []
  readonly senders: Sender[] = []
  readonly receivers: Attempt[] = []
  readonly capacity: number
  readonly overflow: Overflow
  readonly dropped: number[] = []
  isClosed = false

  constructor(capacity: number, overflow: Overflow) {
    this.capacity = capacity
    this.overflow = overflow
  }
}

export class ReferenceModel {
  readonly channels: ModelChannel[]
  /** The attempt that each task has under way. */
  readonly attempts = new Map<number, Attempt>()
  readonly #cancelled = new Set<number>()
  readonly #now: () => number
  /** Begun, and nothing has happened since: it has either ended at once or parked. */
  #undecided: Attempt | null = null

  constructor(shapes: readonly { readonly capacity: number; readonly overflow: Overflow }[], now: () => number) {
    this.channels = shapes.map(({ capacity, overflow }) => new ModelChannel(capacity, overflow))
    this.#now = now
  }

  begin(task: number, cases: readonly Case[], inOrder: boolean): void {
    this.catchUp()
    const attempt: Attempt = { task, cases, inOrder, startedAt: this.#now(), outcome: null }
    this.attempts.set(task, attempt)
    if (this.#cancelled.has(task)) attempt.outcome = 'cancelled'
    else this.#undecided = attempt
  }

  end(task: number, outcome: string): void {
    const attempt = this.attempts.get(task) as Attempt
    if (attempt === this.#undecided && this.#readyCases(attempt).length > 0) {
      this.#undecided = null
      this.attempts.delete(task)
      this.#choose(attempt, outcome)
      return
    }
    this.catchUp()
    this.attempts.delete(task)
    if (attempt.outcome !== outcome) throw mismatch(outcome, [attempt.outcome ?? 'still waiting'])
  }

  /** What trySelect does: end at once, with one of the ready cases or with nothing. */
  attemptNow(task: number, cases: readonly Case[], inOrder: boolean, outcome: string): void {
    this.catchUp()
    const attempt: Attempt = { task, cases, inOrder, startedAt: this.#now(), outcome: null }
    if (this.#readyCases(attempt).length > 0) this.#choose(attempt, outcome)
    else if (outcome !== 'nothing') throw mismatch(outcome, ['nothing'])
  }

  trySend(channel: number, value: number): 'closed' | boolean {
    this.catchUp()
    const { isClosed, overflow } = this.#channel(channel)
    if (isClosed) return 'closed'
    const sending: Case = { kind: 'send', channel, value }
    const outcome = this.#peek(sending)
    if (outcome === `sent ${value}` && overflow !== 'dropLatest') {
      this.#apply(sending)
      return true
    }
    return outcome === `sent ${value}` && this.#hasRoom(channel) && this.#apply(sending)
  }

  tryReceive(channel: number): string {
    this.catchUp()
    const receiving: Case = { kind: 'receive', channel }
    const outcome = this.#peek(receiving)
    if (outcome !== null) this.#apply(receiving)
    return outcome ?? 'empty'
  }

  close(channel: number): boolean {
    this.catchUp()
    const closing = this.#channel(channel)
    if (closing.isClosed) return false
    closing.isClosed = true
    for (const attempt of [...closing.receivers]) this.#commit(attempt, 'closed')
    for (const { attempt } of [...closing.senders]) this.#commit(attempt, 'closed')
    return true
  }

  cancel(task: number): void {
    this.catchUp()
    this.#cancelled.add(task)
    const attempt = this.attempts.get(task)
    if (attempt !== undefined && attempt.outcome === null) this.#commit(attempt, 'cancelled')
  }

  /** Let happen what must have happened by now. */
  catchUp(): void {
    const attempt = this.#undecided
    this.#undecided = null
    if (attempt !== null) {
      if (this.#readyCases(attempt).length > 0) throw new Error('an operation that was ready did not end at once')
      this.#park(attempt)
    }
    for (const waiting of this.attempts.values()) {
      const isOver = waiting.cases.some((one) => one.kind === 'after' && waiting.startedAt + one.ms <= this.#now())
      if (waiting.outcome === null && isOver) this.#commit(waiting, 'time')
    }
  }

  #channel(index: number): ModelChannel {
    return this.channels[index] as ModelChannel
  }

  #readyCases(attempt: Attempt): Case[] {
    return attempt.cases.filter((one) => this.#peek(one) !== null)
  }

  #choose(attempt: Attempt, outcome: string): void {
    const ready = this.#readyCases(attempt)
    const allowed = attempt.inOrder ? ready.slice(0, 1) : ready
    const chosen = allowed.find((one) => this.#peek(one) === outcome)
    if (chosen === undefined)
      throw mismatch(
        outcome,
        allowed.map((one) => this.#peek(one) as string),
      )
    this.#apply(chosen)
  }

  #hasRoom(index: number): boolean {
    const channel = this.#channel(index)
    return channel.receivers.length > 0 || channel.buffer.length < channel.capacity
  }

  /** What a case would come to now; null if it had to wait. */
  #peek(one: Case): string | null {
    if (one.kind === 'after') return one.ms <= 0 ? 'time' : null
    const channel = this.#channel(one.channel)
    if (one.kind === 'send') {
      if (channel.isClosed) return 'closed'
      if (this.#hasRoom(one.channel)) return `sent ${one.value}`
      if (channel.overflow === 'error') return 'full'
      return channel.overflow === 'suspend' ? null : `sent ${one.value}`
    }
    const value = channel.buffer[0] ?? channel.senders[0]?.value
    if (value !== undefined) return `received ${value}`
    return channel.isClosed ? 'closed' : null
  }

  /** Do a case that is ready. */
  #apply(one: Case): true {
    const outcome = this.#peek(one)
    if (one.kind === 'after' || outcome === 'closed' || outcome === 'full') return true
    const channel = this.#channel(one.channel)
    if (one.kind === 'send') {
      const receiver = channel.receivers[0]
      if (receiver !== undefined) this.#commit(receiver, `received ${one.value}`)
      else if (channel.buffer.length < channel.capacity) channel.buffer.push(one.value)
      else if (channel.overflow === 'dropLatest') channel.dropped.push(one.value)
      else {
        channel.dropped.push(channel.buffer.shift() as number)
        channel.buffer.push(one.value)
      }
      return true
    }
    const sender = channel.senders[0]
    if (channel.buffer.length > 0) {
      channel.buffer.shift()
      if (sender !== undefined) channel.buffer.push(sender.value)
    }
    if (sender !== undefined) this.#commit(sender.attempt, `sent ${sender.value}`)
    return true
  }

  #park(attempt: Attempt): void {
    for (const one of attempt.cases) {
      if (one.kind === 'after') continue
      const channel = this.#channel(one.channel)
      if (one.kind === 'send') channel.senders.push({ attempt, value: one.value })
      else channel.receivers.push(attempt)
    }
  }

  #commit(attempt: Attempt, outcome: string): void {
    attempt.outcome = outcome
    for (const { senders, receivers } of this.channels) {
      removeWhere(senders, (sender) => sender.attempt === attempt)
      removeWhere(receivers, (receiver) => receiver === attempt)
    }
  }
}

function removeWhere<T>(items: T[], matches: (item: T) => boolean): void {
  for (let index = items.length - 1; index >= 0; index -= 1) if (matches(items[index] as T)) items.splice(index, 1)
}

function mismatch(outcome: string, wanted: readonly string[]): Error {
  return new Error(`the runtime says "${outcome}", the model ${wanted.map((one) => `"${one}"`).join(' or ')}`)
}
