// What a reader waits for that may wait for so long, and no longer than it is let in.

import type { Latch, Selectable, Waiter } from '../../runtime/index.ts'
import { after, SelectableOperation } from '../../runtime/index.ts'

/** Ready after `ms`, or as soon as `withdrawn` is open. */
export class Over extends SelectableOperation<void> implements Waiter {
  readonly #time: Selectable<void>
  readonly #withdrawal: Selectable<void>

  constructor(ms: number, withdrawn: Latch) {
    super()
    this.#time = after(ms)
    this.#withdrawal = withdrawn.wait()
  }

  poll(): boolean {
    return this.#time.poll() || this.#withdrawal.poll()
  }

  take(): void {}

  describe(): string {
    return this.#time.describe()
  }

  wake(winner: Selectable<unknown>): void {
    this.#letGo(winner)
    this.complete()
  }

  override withdraw(waiter: Waiter): void {
    this.#letGo(null)
    super.withdraw(waiter)
  }

  protected enlist(): void {
    this.#time.register(this)
    this.#withdrawal.register(this)
  }

  #letGo(winner: Selectable<unknown> | null): void {
    for (const part of [this.#time, this.#withdrawal]) if (part !== winner) part.withdraw(this)
  }
}
