// A turn: how coroutines give way to one another where a model has them do so by hand.
//
// Always true of it: the very call that parks its coroutine wakes it again, so that it never waits for anything and has
// happened before a later cancel. One who is cancelled already gets no turn, as from every operation.

import type { Selectable } from '../index.ts'
import { SelectableOperation } from '../index.ts'

/**
 * Go to the end of the run queue, and on from there.
 *
 * Unlike a `checkpoint`, after which the caller goes first again, everybody runnable has run by then; and it counts as a
 * resume.
 */
export function turn(): Selectable<void> {
  return new Turn()
}

class Turn extends SelectableOperation<void> {
  poll(): boolean {
    return false
  }

  take(): void {}

  describe(): string {
    return 'its turn'
  }

  protected enlist(): void {
    this.complete()
  }
}
