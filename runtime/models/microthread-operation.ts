// The operations of Python's micro-threads: an exception that is thrown into a thread comes out of the one it waits on.
//
// Always true: an operation interrupts only while it waits. One that is done has its outcome, whatever is thrown after it.

import type { Waiter } from '../index.ts'
import { SelectableOperation } from '../index.ts'
import type { Microthread } from './microthread.ts'
import { currentMicrothread } from './microthread.ts'

/** Handed out as an `Operation`, so that it is no case of a `select`: the models that use it have none. */
export abstract class MicrothreadOperation<T> extends SelectableOperation<T> {
  #thread: Microthread | null = null
  #isInterrupted = false

  /** Do it now if that needs no waiting. */
  protected abstract attempt(): boolean
  /** Stand where it will be found, or `complete`, which puts the thread behind all that are runnable. */
  protected abstract wait(): void
  /** Leave where it stands. */
  protected abstract retreat(): void
  protected abstract outcome(): T

  poll(): boolean {
    currentMicrothread()?.throwPending()
    return this.attempt()
  }

  take(): T {
    if (this.#isInterrupted) this.#thread?.throwPending()
    return this.outcome()
  }

  override complete(): void {
    this.#leave()
    super.complete()
  }

  override withdraw(waiter: Waiter): void {
    this.retreat()
    this.#leave()
    super.withdraw(waiter)
  }

  interrupt(): void {
    this.#isInterrupted = true
    this.retreat()
    this.complete()
  }

  protected enlist(): void {
    this.#thread = currentMicrothread()
    if (this.#thread !== null) this.#thread.waitsOn = this
    this.wait()
  }

  #leave(): void {
    const thread = this.#thread
    if (thread === null) return
    thread.waitsOn = null
    thread.becameRunnable()
  }
}
