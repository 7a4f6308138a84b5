// A mailbox keeps messages in the order in which they came; a receive takes the first one that it wants.
//
// Invariants, between any two steps of the scheduler:
//   - the messages stand in the order in which they came, whatever was taken from between them;
//   - no message in it is wanted by a receive that waits: it was offered when it came, or when that receive began to wait;
//   - `oldest` and `newest` are both null, or one leads to the other.
// `validate` asserts them; the tests call it after every operation.
//
// A mailbox is the head of its own list of waiting receives, and a message a link in a chain: an empty mailbox is two
// nulls, and there may be a million of them.

import { SelectableOperation, WaitList } from '../../index.ts'
import { fits } from './pattern.ts'

interface Envelope {
  readonly message: unknown
  behind: Envelope | null
}

export class Mailbox extends WaitList<Receive<unknown>> {
  declare private oldest: Envelope | null
  declare private newest: Envelope | null

  constructor() {
    super()
    this.oldest = null
    this.newest = null
  }

  /** How many messages nobody has taken yet. Counts them one by one. */
  get length(): number {
    let length = 0
    for (let envelope = this.oldest; envelope !== null; envelope = envelope.behind) length += 1
    return length
  }

  /** Hand `message` to the receive that has waited longest of those that want it, or keep it. */
  deliver(message: unknown): void {
    let receive = this.first
    while (receive !== undefined) {
      if (receive.offer(message)) return
      // A predicate that throws ends its receive, and with it the other cases of its select: begin again.
      receive = receive.isLinked ? this.following(receive) : this.first
    }
    const envelope = { message, behind: null }
    if (this.newest === null) this.oldest = envelope
    else this.newest.behind = envelope
    this.newest = envelope
  }

  /** Give `receive` the first message that it wants, if there is one. @throws what its predicate throws */
  serve(receive: Receive<unknown>): boolean {
    let before: Envelope | null = null
    for (let envelope = this.oldest; envelope !== null; envelope = envelope.behind) {
      if (receive.wants(envelope.message)) {
        this.remove(envelope, before)
        receive.value = envelope.message
        return true
      }
      before = envelope
    }
    return false
  }

  /** Forget all messages. */
  discard(): void {
    this.oldest = null
    this.newest = null
  }

  /** Assert the invariants at the head of this file. */
  override validate(): void {
    super.validate()
    let last: Envelope | null = null
    for (let envelope = this.oldest; envelope !== null; envelope = envelope.behind) {
      last = envelope
      for (const receive of this) {
        if (receive.wants(envelope.message)) throw new Error('a receive waits beside a message that it wants')
      }
    }
    if (last !== this.newest) throw new Error('the newest message is not the last one')
  }

  private following(receive: Receive<unknown>): Receive<unknown> | undefined {
    const { behind } = receive
    return behind === this ? undefined : (behind as Receive<unknown>)
  }

  private remove(envelope: Envelope, before: Envelope | null): void {
    if (before === null) this.oldest = envelope.behind
    else before.behind = envelope.behind
    if (this.newest === envelope) this.newest = before
  }
}

/** Waits for a message that fits its pattern, or for any: `undefined`. */
export class Receive<Message> extends SelectableOperation<Message> {
  declare value: unknown
  declare private readonly mailbox: Mailbox
  declare private readonly pattern: unknown

  constructor(mailbox: Mailbox, pattern: unknown) {
    super()
    this.mailbox = mailbox
    this.pattern = pattern
    this.value = undefined
  }

  poll(): boolean {
    return this.mailbox.serve(this)
  }

  take(): Message {
    if (this.value instanceof PatternThrew) throw this.value.error
    return this.value as Message
  }

  describe(): string {
    return this.pattern === undefined ? 'a message' : 'a message that fits a pattern'
  }

  wants(message: unknown): boolean {
    return this.pattern === undefined || fits(this.pattern, message)
  }

  /** Take `message` if it is wanted. Called by the sender, whose fault it is not when the predicate throws. */
  offer(message: unknown): boolean {
    let isWanted = true
    try {
      isWanted = this.wants(message)
      if (!isWanted) return false
      this.value = message
    } catch (error) {
      isWanted = false
      this.value = new PatternThrew(error)
    }
    this.unlink()
    this.complete()
    return isWanted
  }

  protected enlist(): void {
    this.mailbox.add(this as Receive<unknown>)
  }
}

class PatternThrew {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}
