// Waiting for time to pass: after, sleep and ticker.

import { ChannelClosed } from './core/errors.ts'
import type { Operation, Selectable, Timekeeper, TimerEntry, Waiter } from './core/operation.ts'
import { currentTask, SelectableOperation } from './core/operation.ts'
import { WaitList } from './core/wait-list.ts'

/**
 * Be ready `ms` milliseconds after it was first waited for. At most 0 is ready at once; `Infinity` never.
 *
 * @throws RangeError if `ms` is not a number
 */
export function after(ms: number): Selectable<void> {
  return new After(checkedDuration('after', ms))
}

/** Do nothing for `ms` milliseconds. */
export function sleep(ms: number): Operation<void> {
  return new After(checkedDuration('sleep', ms))
}

/**
 * Make a source of ticks, one every `ms` milliseconds from now. It costs nothing while nobody waits for it.
 *
 * @throws RangeError unless `ms` is above 0; Misuse outside a coroutine
 */
export function ticker(ms: number): Ticker {
  if (!(Number.isFinite(ms) && ms > 0)) {
    throw new RangeError(`a ticker needs a period above 0 milliseconds (got ${String(ms)})`)
  }
  return new Ticker(ms, currentTask().scheduler)
}

export class Ticker implements TimerEntry {
  due: number
  order = 0
  place = -1
  readonly periodMs: number
  readonly #scheduler: Timekeeper
  readonly #waiting = new WaitList<Tick>()
  #isStopped = false

  constructor(periodMs: number, scheduler: Timekeeper) {
    this.periodMs = periodMs
    this.#scheduler = scheduler
    this.due = scheduler.now() + periodMs
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  /**
   * Wait for the next tick; gives how many periods have passed since the last one taken: 1, or more for a late reader.
   *
   * @throws ChannelClosed once it is stopped
   */
  receive(): Selectable<number> {
    return new Tick(this)
  }

  /** Whoever waits gets ChannelClosed. Idempotent. */
  stop(): void {
    this.#isStopped = true
    this.#scheduler.removeTimer(this)
    for (let tick = this.#waiting.shift(); tick !== undefined; tick = this.#waiting.shift()) tick.complete()
  }

  /** How many periods have passed, if any; the next tick is then due later. */
  takeTicks(now: number): number {
    if (now < this.due) return 0
    const ticks = Math.floor((now - this.due) / this.periodMs) + 1
    this.due += ticks * this.periodMs
    return ticks
  }

  /** Whether a period has passed that nobody waits for. */
  get hasTicks(): boolean {
    return this.#waiting.isEmpty && this.#scheduler.now() >= this.due
  }

  pollTicks(): number {
    // Those who wait come first. And the timer is set then: it may not become due later while it is in the heap.
    return this.#waiting.isEmpty ? this.takeTicks(this.#scheduler.now()) : 0
  }

  fire(now: number): void {
    this.#waiting.shift()?.deliver(this.takeTicks(now))
    if (!this.#waiting.isEmpty) this.#scheduler.addTimer(this)
  }

  addWaiting(tick: Tick): void {
    this.#waiting.add(tick)
    if (this.place < 0) this.#scheduler.addTimer(this)
  }

  removeWaiting(tick: Tick): void {
    tick.unlink()
    if (this.#waiting.isEmpty) this.#scheduler.removeTimer(this)
  }
}

class Tick extends SelectableOperation<number> {
  readonly #ticker: Ticker
  #ticks = 0

  constructor(source: Ticker) {
    super()
    this.#ticker = source
  }

  poll(): boolean {
    if (this.#ticker.isStopped) return true
    this.#ticks = this.#ticker.pollTicks()
    return this.#ticks > 0
  }

  isReady(): boolean {
    return this.#ticker.isStopped || this.#ticker.hasTicks
  }

  take(): number {
    if (this.#ticks === 0) throw new ChannelClosed('the ticker')
    return this.#ticks
  }

  deliver(ticks: number): void {
    this.#ticks = ticks
    this.complete()
  }

  override withdraw(waiter: Waiter): void {
    this.#ticker.removeWaiting(this)
    super.withdraw(waiter)
  }

  describe(): string {
    return `a tick every ${durationInWords(this.#ticker.periodMs)}`
  }

  protected enlist(): void {
    this.#ticker.addWaiting(this)
  }
}

class After extends SelectableOperation<void> implements TimerEntry {
  due = 0
  order = 0
  place = -1
  readonly #ms: number
  #scheduler: Timekeeper | null = null

  constructor(ms: number) {
    super()
    this.#ms = ms
  }

  poll(): boolean {
    return this.#ms <= 0
  }

  isReady(): boolean {
    return this.poll()
  }

  take(): void {}

  describe(): string {
    return `after ${durationInWords(this.#ms)}`
  }

  fire(): void {
    this.complete()
  }

  override withdraw(waiter: Waiter): void {
    this.#scheduler?.removeTimer(this)
    super.withdraw(waiter)
  }

  protected enlist(): void {
    if (this.#ms === Number.POSITIVE_INFINITY) return
    this.#scheduler = currentTask().scheduler
    // The clock itself, not the time of the slice: that lags behind, and the timer would fire early.
    this.due = this.#scheduler.now() + this.#ms
    this.#scheduler.addTimer(this)
  }
}

function durationInWords(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return 'for ever'
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 100) / 10} s`
}

function checkedDuration(operation: string, ms: number): number {
  if (typeof ms === 'number' && !Number.isNaN(ms)) return ms
  throw new RangeError(`${operation} takes milliseconds (got ${String(ms)})`)
}
