// A latch is a one-way switch: once open it wakes everybody, now and later.

import type { Selectable } from './core/operation.ts'
import { SelectableOperation } from './core/operation.ts'
import { unnamed } from './core/unnamed.ts'
import { WaitList } from './core/wait-list.ts'

export class Latch {
  readonly #name: string | undefined
  readonly #waiting = new WaitList<Wait>()
  #isOpen = false

  constructor(name?: string) {
    this.#name = name
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get name(): string {
    return this.#name ?? unnamed(this, 'a latch')
  }

  /** Wake everybody who waits, in order, and let everybody else pass from now on. Idempotent. */
  open(): void {
    this.#isOpen = true
    for (let wait = this.#waiting.shift(); wait !== undefined; wait = this.#waiting.shift()) wait.complete()
  }

  /** Wait until it is open. */
  wait(): Selectable<void> {
    return new Wait(this, this.#waiting)
  }
}

class Wait extends SelectableOperation<void> {
  readonly #latch: Latch
  readonly #waiting: WaitList<Wait>

  constructor(latch: Latch, waiting: WaitList<Wait>) {
    super()
    this.#latch = latch
    this.#waiting = waiting
  }

  poll(): boolean {
    return this.#latch.isOpen
  }

  isReady(): boolean {
    return this.poll()
  }

  take(): void {}

  describe(): string {
    return `wait ${this.#latch.name}`
  }

  protected enlist(): void {
    this.#waiting.add(this)
  }
}
