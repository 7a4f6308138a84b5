// Timers: many coroutines sleep, each as long as it has drawn; as many again sleep for an hour and are called off.
//
// Always true of a run:
//   - a timer that is waited for wakes its coroutine, whoever else sleeps how long;
//   - a timer that loses a select is taken back: none is left when the program has ended, an hour before it was due.

import type { Coroutine, SchedulerStatistics, Scope } from '../index.ts'
import { after, Latch, Random, scope, select } from '../index.ts'
import { assertInvariants, checkedSize, ended, equal } from './invariants.ts'

export interface TimersOptions {
  readonly sleepers: number
  /** They sleep from 1 to so many milliseconds. */
  readonly longestMs: number
  /** Of the durations. Default 1. */
  readonly seed?: number
}

export interface TimersResult {
  readonly sleepers: number
  readonly woken: number
  readonly calledOff: number
}

/**
 * Sleep, wake, and call the others off.
 *
 * @throws RangeError unless `sleepers` and `longestMs` are whole numbers of at least 1; BrokenInvariant
 */
export function* timers({ sleepers, longestMs, seed = 1 }: TimersOptions): Coroutine<TimersResult> {
  checkedSize('sleepers', sleepers)
  checkedSize('longestMs', longestMs)
  const random = new Random(seed)
  const durationsMs = Array.from({ length: sleepers }, () => 1 + random.below(longestMs))
  const book = { woken: 0, calledOff: 0 }
  yield* scope((night) => fallAsleep(durationsMs, book, night))
  const result = { sleepers, ...book }
  checkTimers(result)
  return result
}

/** Assert what must have come of it and, with the statistics of a scheduler that it had to itself, that all has ended. */
export function checkTimers({ sleepers, woken, calledOff }: TimersResult, statistics?: SchedulerStatistics): void {
  assertInvariants('timers', [
    equal('those that woke by themselves', woken, sleepers),
    equal('those that were called off', calledOff, sleepers),
    ...ended(statistics, { coroutines: 2 * sleepers, mostResumes: 4 * sleepers + 10 }),
  ])
}

type Book = { woken: number; calledOff: number }

const hourMs = 3_600_000

function* fallAsleep(durationsMs: readonly number[], book: Book, night: Scope): Coroutine<void> {
  const morning = new Latch()
  for (const _ of durationsMs) night.spawn(sleepUntil, morning, hourMs, book)
  yield* scope(function* (nap) {
    for (const ms of durationsMs) nap.spawn(sleepUntil, morning, ms, book)
  })
  morning.open()
}

function* sleepUntil(morning: Latch, ms: number, book: Book): Coroutine<void> {
  const { case: by } = yield* select({ timer: after(ms), morning: morning.wait() })
  if (by === 'timer') book.woken += 1
  else book.calledOff += 1
}
