// What a channel should do: its buffer is an array, and its queues are those in the model who wait for it.

import type { Overflow, Shape } from './programs.ts'
import type { Attempt, Case, Waiting } from './waiting.ts'

export class ModelChannel {
  readonly buffer: number[] = []
  readonly #index: number
  readonly #capacity: number
  readonly #overflow: Overflow
  readonly #waiting: Waiting
  #isClosed = false

  constructor(index: number, { capacity, overflow }: Shape, waiting: Waiting) {
    this.#index = index
    this.#capacity = capacity
    this.#overflow = overflow
    this.#waiting = waiting
  }

  /** What sending `value` would come to now; null if it had to wait. */
  peekSend(value: number): string | null {
    if (this.#isClosed) return 'closed'
    if (this.#hasRoom || this.#overflow === 'dropOldest' || this.#overflow === 'dropLatest') return `sent ${value}`
    return this.#overflow === 'error' ? 'full' : null
  }

  /** What receiving would come to now; null if it had to wait. */
  peekReceive(): string | null {
    const value = this.buffer[0] ?? this.#firstSender?.value
    if (value !== undefined) return `received ${value}`
    return this.#isClosed ? 'closed' : null
  }

  /** Send, if that needs no waiting. */
  send(value: number): void {
    if (this.#isClosed) return
    const receiver = this.#firstReceiver
    if (receiver !== undefined) {
      this.#waiting.commit(receiver, `received ${value}`)
    } else if (this.buffer.length < this.#capacity) {
      this.buffer.push(value)
    } else if (this.#overflow === 'dropOldest') {
      this.buffer.shift()
      this.buffer.push(value)
    }
  }

  /** Receive, if that needs no waiting. */
  receive(): void {
    const sender = this.#firstSender
    if (this.buffer.length > 0) {
      this.buffer.shift()
      if (sender !== undefined) this.buffer.push(sender.value)
    }
    if (sender !== undefined) this.#waiting.commit(sender.attempt, `sent ${sender.value}`)
  }

  trySend(value: number): boolean | 'closed' {
    if (this.#isClosed) return 'closed'
    const wasSent = this.#hasRoom || this.#overflow === 'dropOldest'
    if (wasSent) this.send(value)
    return wasSent
  }

  tryReceive(): string {
    const outcome = this.peekReceive() ?? 'empty'
    this.receive()
    return outcome
  }

  close(): boolean {
    const wasOpen = !this.#isClosed
    this.#isClosed = true
    if (wasOpen) this.#waiting.commitAll((one) => 'channel' in one && one.channel === this.#index, 'closed')
    return wasOpen
  }

  get #hasRoom(): boolean {
    return this.buffer.length < this.#capacity || this.#firstReceiver !== undefined
  }

  get #firstReceiver(): Attempt | undefined {
    return this.#waiting.first((one) => one.kind !== 'send' && 'channel' in one && one.channel === this.#index)
  }

  get #firstSender(): { readonly attempt: Attempt; readonly value: number } | undefined {
    const sends = (one: Case) => one.kind === 'send' && one.channel === this.#index
    const attempt = this.#waiting.first(sends)
    return attempt && { attempt, value: (attempt.cases.find(sends) as { readonly value: number }).value }
  }
}
