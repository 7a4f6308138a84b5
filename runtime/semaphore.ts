// A semaphore lets a fixed number of permits be held at once; a mutex is one with a single permit.
//
// Invariants, between any two steps of the scheduler:
//   - the permits that are held and those that are available add up to `permits`;
//   - whoever waits is granted in FIFO order: a light one never passes a heavy one, which would starve it;
//   - the first that waits wants more than is available.
// `validate` asserts them; the tests call it after every operation.

import type { Selectable, Waiter } from './core/operation.ts'
import { SelectableOperation } from './core/operation.ts'
import { unnamed } from './core/unnamed.ts'
import { WaitList } from './core/wait-list.ts'

export interface SemaphoreOptions {
  /** What dumps call it. */
  readonly name?: string
}

/** Limits how many coroutines do something at once: each holds a permit while it does. */
export class Semaphore {
  /** How many permits there are in all. */
  readonly permits: number
  readonly #name: string | undefined
  readonly #line: Line

  /** @throws RangeError unless `permits` is a whole number above 0, or Infinity */
  constructor(permits: number, { name }: SemaphoreOptions = {}) {
    if (permits !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(permits) && permits > 0)) {
      throw new RangeError(`a semaphore has a whole number of permits above 0, or Infinity (got ${String(permits)})`)
    }
    this.permits = permits
    this.#name = name
    this.#line = new Line(this)
  }

  get name(): string {
    return this.#name ?? unnamed(this, this.permits === 1 ? 'a mutex' : 'a semaphore')
  }

  /** How many permits nobody holds. */
  get available(): number {
    return this.#line.available
  }

  /**
   * Acquire a permit that counts for `weight` of them, waiting until so many are available.
   *
   * Waits in FIFO order. Cancelling while it waits acquires nothing. Give it back by `using`:
   * `using permit = yield* semaphore.acquire()`.
   *
   * @throws RangeError unless `weight` is a whole number from 1 to `permits`
   * @see E. W. Dijkstra, "Over de sequentialiteit van procesbeschrijvingen" (EWD 35), 1962
   */
  acquire(weight = 1): Selectable<Permit> {
    return new Acquire(this.#line, this.#checked(weight))
  }

  /** Acquire a permit without waiting; undefined when it would have to wait. @throws RangeError as `acquire` */
  tryAcquire(weight = 1): Permit | undefined {
    return this.#line.takeNow(this.#checked(weight)) ? new Permit(this.#line, weight) : undefined
  }

  /** Wait, in the same order, until a permit could be acquired, and acquire none. It may be gone when it is asked for. */
  vacancy(): Selectable<void> {
    return new Vacancy(this.#line, 1)
  }

  /** Assert the invariants at the head of this file. */
  validate(): void {
    this.#line.validate()
  }

  #checked(weight: number): number {
    if (Number.isSafeInteger(weight) && weight >= 1 && weight <= this.permits) return weight
    throw new RangeError(`a permit's weight is a whole number from 1 to ${this.permits} (got ${String(weight)})`)
  }
}

/** Lets one coroutine at a time in: a semaphore with a single permit. It is not reentrant: who holds it waits for itself. */
export class Mutex extends Semaphore {
  constructor(options: SemaphoreOptions = {}) {
    super(1, options)
  }
}

/** What was acquired, until it is given back. */
export class Permit implements Disposable {
  readonly weight: number
  #line: Line | null

  /** Permits are made by `semaphore.acquire()`. */
  constructor(line: Line, weight: number) {
    this.#line = line
    this.weight = weight
  }

  /** Give it back, and wake those whom that lets in. Does not wait. Idempotent. */
  release(): void {
    const line = this.#line
    this.#line = null
    line?.giveBack(this.weight)
  }

  /** The same as `release`. */
  [Symbol.dispose](): void {
    this.release()
  }
}

/** The permits that are left, and those who wait for them. */
class Line {
  readonly semaphore: Semaphore
  available: number
  readonly waiting = new WaitList<Admission<unknown>>()

  constructor(semaphore: Semaphore) {
    this.semaphore = semaphore
    this.available = semaphore.permits
  }

  hasFor(weight: number): boolean {
    return this.waiting.isEmpty && weight <= this.available
  }

  takeNow(weight: number): boolean {
    if (!this.hasFor(weight)) return false
    this.available -= weight
    return true
  }

  giveBack(weight: number): void {
    this.available += weight
    this.grant()
  }

  /** Let in from the front whatever can be. Also when the first has left: it may have held up lighter ones. */
  grant(): void {
    for (let { first } = this.waiting; first !== undefined; { first } = this.waiting) {
      if (first.weight > this.available) return
      this.available -= first.weight
      this.waiting.shift()
      first.complete()
    }
  }

  validate(): void {
    this.waiting.validate()
    const { first } = this.waiting
    if (this.available < 0 || this.available > this.semaphore.permits) throw new Error('the permits were miscounted')
    if (first !== undefined && first.weight <= this.available) throw new Error('a coroutine waits for what is there')
  }
}

abstract class Admission<T> extends SelectableOperation<T> {
  readonly weight: number
  protected readonly line: Line

  constructor(line: Line, weight: number) {
    super()
    this.line = line
    this.weight = weight
  }

  poll(): boolean {
    return this.line.takeNow(this.weight)
  }

  isReady(): boolean {
    return this.line.hasFor(this.weight)
  }

  describe(): string {
    return `acquire ${this.line.semaphore.name}`
  }

  override withdraw(waiter: Waiter): void {
    super.withdraw(waiter)
    this.line.grant()
  }

  protected enlist(): void {
    this.line.waiting.add(this)
  }
}

class Acquire extends Admission<Permit> {
  take(): Permit {
    return new Permit(this.line, this.weight)
  }
}

class Vacancy extends Admission<void> {
  take(): void {
    this.line.giveBack(this.weight)
  }
}
