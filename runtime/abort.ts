// The signal that a coroutine's own cancel aborts.

import { Misuse } from './core/errors.ts'
import { running } from './core/operation.ts'
import type { CoroutineTask } from './core/task.ts'
import type { PlatformSignal } from './until.ts'

/**
 * Give the signal that aborts when the innermost scope around the caller, or else its coroutine, is cancelled: what it
 * hands it to stops then, `fetch(url, { signal: abortSignal() })`. The reason of the signal is the reason of the cancel.
 *
 * It can be called in any function that a coroutine calls. In the same scope it gives the same signal. Behind a `shield`
 * only a cancel of the shield itself aborts it.
 *
 * @throws Misuse outside a coroutine
 */
export function abortSignal(): PlatformSignal {
  const task = running.task as CoroutineTask<unknown> | null
  if (task === null) {
    throw new Misuse('abortSignal() was called outside a coroutine: there is nothing whose cancel it could tell of')
  }
  const { innermost } = task
  return innermost.ties.signal(innermost.reason?.reason, innermost.reason !== null) as PlatformSignal
}
