// The handle to a running coroutine: what a program sees of a task.

import type { AbortSignalLike } from './host.ts'
import type { Selectable } from './operation.ts'

export type TaskStatus = 'runnable' | 'running' | 'parked' | 'done' | 'failed' | 'cancelled'

/** The handle to a running coroutine. */
export interface Task<T> {
  /** What dumps call it: its body's name unless told otherwise. A function is asked only when somebody looks. */
  label: string | (() => string)
  readonly id: number
  readonly status: TaskStatus
  /**
   * Wait until the task and its finalizers are done, and give its result.
   *
   * @throws its failure as itself; TaskCancelled if it was cancelled; Misuse when a task joins itself
   */
  join(): Selectable<T>
  /** Ask it to stop: its next operation, or the one it is parked on, throws `Cancelled`. Does not wait. */
  cancel(reason?: unknown): void
  /** Cancel it with the reason of `signal` once that aborts. When it ends, its listener is gone. Gives the task itself. */
  cancelOn(signal: AbortSignalLike): this
  /** The same as `join`, for code outside coroutines. */
  readonly promise: Promise<T>
  /**
   * Does not exist: a task is no promise, and `await task` would give the task itself at once. Declared so that the type
   * checker refuses it; it is `await task.promise` outside of coroutines, and `yield* task.join()` in one.
   */
  then(this: never): never
}
