// Outcomes in words, so that what the runtime did and what the model says can be compared and read.

import {
  Cancelled,
  ChannelClosed,
  ChannelFull,
  Deadlock,
  Misuse,
  TaskCancelled,
  TimeoutError,
} from '../../../runtime/index.ts'

/** Why the abort signal aborts. */
export const signalReason = 'because'

/** Why everything is cancelled when nothing can happen any more. */
export const deadlockInWords = 'a deadlock'

/** What a program throws on purpose. */
export class PlannedFailure extends Error {
  constructor(number: number) {
    super(`planned failure ${number}`)
    this.name = 'PlannedFailure'
  }
}

export function errorInWords(error: unknown): string {
  if (error instanceof SuppressedError) return `${errorInWords(error.error)} over ${errorInWords(error.suppressed)}`
  if (error instanceof Cancelled) return `cancelled by ${reasonInWords(error.reason)}`
  if (error instanceof TaskCancelled) return `it was cancelled by ${reasonInWords(error.reason)}`
  if (error instanceof TimeoutError) return `not within ${error.limitMs} ms`
  if (error instanceof Deadlock) return deadlockInWords
  if (error instanceof ChannelClosed) return 'closed'
  if (error instanceof ChannelFull) return 'full'
  if (error instanceof Misuse) return 'misuse'
  return String(error)
}

export function reasonInWords(reason: unknown): string {
  return reason instanceof Error ? errorInWords(reason) : String(reason)
}

/** Whether it is an error that a program can meet; another one is the runtime's own. */
export function isToBeExpected(error: unknown): boolean {
  if (error instanceof SuppressedError) return isToBeExpected(error.error) && isToBeExpected(error.suppressed)
  return expected.some((kind) => error instanceof kind)
}

const expected = [
  PlannedFailure,
  Cancelled,
  TaskCancelled,
  TimeoutError,
  ChannelClosed,
  ChannelFull,
  Deadlock,
  Misuse,
] as const

/** Whether a coroutine that throws this was cancelled: a disposal that fails may lie over it. */
export function carriesCancel(error: unknown): boolean {
  if (error instanceof SuppressedError) return carriesCancel(error.error) || carriesCancel(error.suppressed)
  return error instanceof Cancelled
}

/** What else was thrown, the first first. */
export function failuresBesideCancel(error: unknown): unknown[] {
  if (error instanceof SuppressedError) {
    return [...failuresBesideCancel(error.suppressed), ...failuresBesideCancel(error.error)]
  }
  return error instanceof Cancelled ? [] : [error]
}
