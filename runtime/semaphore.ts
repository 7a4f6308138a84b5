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
  readonly #waiting = new WaitList<Acquire>()
  #available: number

  /** @throws RangeError unless `permits` is a whole number above 0, or Infinity */
  constructor(permits: number, { name }: SemaphoreOptions = {}) {
    if (permits !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(permits) && permits > 0)) {
      throw new RangeError(`a semaphore has a whole number of permits above 0, or Infinity (got ${String(permits)})`)
    }
    this.permits = permits
    this.#name = name
    this.#available = permits
  }

  get name(): string {
    return this.#name ?? unnamed(this, this.permits === 1 ? 'a mutex' : 'a semaphore')
  }

  /** How many permits nobody holds. */
  get available(): number {
    return this.#available
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
    return new Acquire(this, this.#checked(weight))
  }

  /** Acquire a permit without waiting; undefined when it would have to wait. @throws RangeError as `acquire` */
  tryAcquire(weight = 1): Permit | undefined {
    return this.takeNow(this.#checked(weight)) ? new Permit(this, weight) : undefined
  }

  /** Assert the invariants at the head of this file. */
  validate(): void {
    this.#waiting.validate()
    const { first } = this.#waiting
    if (this.#available < 0 || this.#available > this.permits) throw new Error('the permits have been miscounted')
    if (first !== undefined && first.weight <= this.#available) throw new Error('a coroutine waits for what is there')
  }

  // What follows is for its operations and permits.

  takeNow(weight: number): boolean {
    if (!this.#waiting.isEmpty || weight > this.#available) return false
    this.#available -= weight
    return true
  }

  addWaiting(acquire: Acquire): void {
    this.#waiting.add(acquire)
  }

  giveBack(weight: number): void {
    this.#available += weight
    this.grant()
  }

  /** Let in whoever can be, from the front. Also when the first has left: it may have held up lighter ones. */
  grant(): void {
    for (let { first } = this.#waiting; first !== undefined; { first } = this.#waiting) {
      if (first.weight > this.#available) return
      this.#available -= first.weight
      this.#waiting.shift()
      first.complete()
    }
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
  #semaphore: Semaphore | null

  /** Permits are made by `semaphore.acquire()`. */
  constructor(semaphore: Semaphore, weight: number) {
    this.#semaphore = semaphore
    this.weight = weight
  }

  /** Give it back, and wake those whom that lets in. Does not wait. Idempotent. */
  release(): void {
    const semaphore = this.#semaphore
    this.#semaphore = null
    semaphore?.giveBack(this.weight)
  }

  /** The same as `release`. */
  [Symbol.dispose](): void {
    this.release()
  }
}

class Acquire extends SelectableOperation<Permit> {
  readonly weight: number
  readonly #semaphore: Semaphore

  constructor(semaphore: Semaphore, weight: number) {
    super()
    this.#semaphore = semaphore
    this.weight = weight
  }

  poll(): boolean {
    return this.#semaphore.takeNow(this.weight)
  }

  take(): Permit {
    return new Permit(this.#semaphore, this.weight)
  }

  describe(): string {
    return `acquire ${this.#semaphore.name}`
  }

  override withdraw(waiter: Waiter): void {
    super.withdraw(waiter)
    this.#semaphore.grant()
  }

  protected enlist(): void {
    this.#semaphore.addWaiting(this)
  }
}
