// Retry: the same work again after a failure, with a growing pause in between.
//
// Always true: a cancel is no failure and misuse will not mend itself: both end the attempts at once; pauses are timers of the scheduler, so they are virtual
// on a virtual host; and whatever is random in them comes from the scheduler's seed.

import { isCancelled, Misuse } from './core/errors.ts'
import type { Coroutine, Operation } from './core/operation.ts'
import { currentTask } from './core/operation.ts'
import { scope } from './scope.ts'
import { sleep } from './timing.ts'

/** How many milliseconds to wait before retry 1, 2, 3 … It is called inside the coroutine that retries. */
export type BackOff = (retry: number) => number

export interface RetryOptions {
  /** How often to try in all: a whole number above 0, or Infinity. Default 3. */
  readonly attempts?: number
  /** How long to wait before each further attempt. Default `exponential()`. */
  readonly backOff?: BackOff
  /** Whether to try again after this failure, of attempt 1, 2, 3 … Default: after any. */
  readonly isWorthRetrying?: (error: unknown, attempt: number) => boolean
}

/**
 * Run `body` until it succeeds, and give its result; after a failure wait, and run it again. `body` is told which attempt it
 * is, from 1.
 *
 * @throws what the last attempt throws; Cancelled at once, also out of a pause; RangeError unless `attempts` is a whole
 *   number above 0, or Infinity
 */
export function retry<T>(body: (attempt: number) => Coroutine<T>, options: RetryOptions = {}): Operation<T> {
  const { attempts = 3, backOff = exponential(), isWorthRetrying = () => true } = options
  if (attempts !== Number.POSITIVE_INFINITY && !(Number.isInteger(attempts) && attempts > 0)) {
    throw new RangeError(`attempts is a whole number above 0, or Infinity (got ${String(attempts)})`)
  }
  return scope(() => attempting(body, attempts, backOff, isWorthRetrying))
}

function* attempting<T>(
  body: (attempt: number) => Coroutine<T>,
  attempts: number,
  backOff: BackOff,
  isWorthRetrying: (error: unknown, attempt: number) => boolean,
): Coroutine<T> {
  let last: Coroutine<T> | null = null
  for (let attempt = 1; ; attempt += 1) {
    try {
      const work = body(attempt)
      if (work === last)
        throw new Misuse('retry was given the same generator again, which has ended: make one for each attempt')
      last = work
      return yield* work
    } catch (error) {
      if (isCancelled(error) || error instanceof Misuse) throw error
      if (attempt >= attempts || !isWorthRetrying(error, attempt)) throw error
    }
    yield* sleep(backOff(attempt))
  }
}

export interface ExponentialOptions {
  /** The longest first pause, in milliseconds. Default 100. */
  readonly firstMs?: number
  /** How much longer each further pause may be. Default 2. */
  readonly factor?: number
  /** No pause is longer, in milliseconds. Default 30,000. */
  readonly capMs?: number
  /**
   * 'full' (the default) draws each pause evenly from 0 up to its longest, in whole milliseconds, so that many who have
   * failed together do not come back together; 'none' takes the longest.
   */
  readonly jitter?: 'full' | 'none'
}

/**
 * Make a back-off whose pauses grow by a factor up to a cap.
 *
 * @throws RangeError unless `firstMs` and `capMs` are 0 or more, and `factor` 1 or more
 * @see Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015
 */
export function exponential(options: ExponentialOptions = {}): BackOff {
  const { firstMs = 100, factor = 2, capMs = 30_000, jitter = 'full' } = options
  if (!(firstMs >= 0 && capMs >= 0 && factor >= 1)) {
    throw new RangeError(
      `a back-off wants firstMs and capMs from 0 and a factor from 1 (got ${firstMs}, ${capMs} and ${factor})`,
    )
  }
  return (retry) => {
    // 0 stays 0, also times a factor that has grown beyond all numbers.
    const longest = firstMs === 0 ? 0 : Math.min(firstMs * factor ** (retry - 1), capMs)
    return jitter === 'none' ? longest : currentTask().scheduler.random(Math.min(Math.floor(longest), mostDrawn) + 1)
  }
}

/** The generator draws below 2^31. */
const mostDrawn = 2 ** 31 - 2
