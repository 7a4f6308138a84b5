// Every error of the runtime, each with a stable `code`.

/** Delivered at an operation of a coroutine that was asked to stop: *I* was cancelled. */
export class Cancelled extends Error {
  readonly code = 'CANCELLED'
  /** What `cancel(reason)` was given. */
  readonly reason: unknown

  constructor(reason?: unknown) {
    super(reason === undefined ? 'cancelled' : `cancelled: ${describe(reason)}`)
    this.name = 'Cancelled'
    this.reason = reason
  }
}

/** Thrown to whoever waits for a task or scope that was cancelled: *it* was cancelled. */
export class TaskCancelled extends Error {
  readonly code = 'TASK_CANCELLED'
  readonly reason: unknown

  constructor(what: string, reason?: unknown) {
    super(reason === undefined ? `${what} was cancelled` : `${what} was cancelled: ${describe(reason)}`)
    this.name = 'TaskCancelled'
    this.reason = reason
  }
}

/**
 * The body of `timeout`, or of another scope with a limit, did not end in time. `limitMs` is the limit as last set; `scope`
 * says whose it was: the name of the body, if it has one, and its coroutine.
 */
export class TimeoutError extends Error {
  readonly code = 'TIMEOUT'
  readonly limitMs: number
  readonly scope: string | undefined

  constructor(limitMs: number, scope?: string) {
    super(`${scope === undefined ? '' : `${scope} was `}not done within ${limitMs} ms`)
    this.name = 'TimeoutError'
    this.limitMs = limitMs
    this.scope = scope
  }
}

/** Nothing can be sent any more, or nothing is left to receive. `cause` is what `close(cause)` was given. */
export class ChannelClosed extends Error {
  readonly code = 'CHANNEL_CLOSED'

  constructor(channel: string, cause?: unknown) {
    super(`${channel} is closed`, cause === undefined ? undefined : { cause })
    this.name = 'ChannelClosed'
  }
}

/** A channel with `overflow: 'error'` had no room. */
export class ChannelFull extends Error {
  readonly code = 'CHANNEL_FULL'

  constructor(channel: string, capacity: number) {
    super(`${channel} is full: it holds ${capacity}; receive faster, or choose another overflow`)
    this.name = 'ChannelFull'
  }
}

/** Everybody is parked and nothing can wake anybody. The message is the dump. */
export class Deadlock extends Error {
  readonly code = 'DEADLOCK'

  constructor(dump: string) {
    super(`every coroutine is parked and nothing can wake one:\n${dump}`)
    this.name = 'Deadlock'
  }
}

/** A program failed under a schedule that `explore` tried. The message has the end of its trace, and the dump. */
export class ExplorationFailed extends Error {
  readonly code = 'EXPLORATION_FAILED'
  /** Replays it: `explore(program, { seed })`. Undefined if choices do. */
  readonly seed: number | undefined
  /** Replays it: `explore(program, { choices })`. Undefined if a seed does. */
  readonly choices: readonly number[] | undefined

  constructor(message: string, way: { readonly seed?: number; readonly choices?: readonly number[] }, cause: unknown) {
    super(message, { cause })
    this.name = 'ExplorationFailed'
    this.seed = way.seed
    this.choices = way.choices
  }
}

/** None of those that `any` has run has succeeded. `errors` has the failure of each, in their order. */
export class AllFailed extends AggregateError {
  readonly code = 'ALL_FAILED'

  constructor(errors: readonly unknown[]) {
    super(errors, `none of ${errors.length} has succeeded: ${errors.map(describe).join('; ')}`)
    this.name = 'AllFailed'
  }
}

/** A program used the runtime wrongly; the message says how and what to do instead. */
export class Misuse extends Error {
  readonly code = 'MISUSE'

  constructor(message: string) {
    super(message)
    this.name = 'Misuse'
  }
}

/**
 * Find the `Cancelled` in what a body threw, also below the `SuppressedError`s that `using` makes of it when a disposal
 * throws as well.
 */
export function findCancelled(error: unknown): Cancelled | undefined {
  if (error instanceof Cancelled) return error
  if (!isSuppressedError(error)) return undefined
  return findCancelled(error.suppressed) ?? findCancelled(error.error)
}

/**
 * Whether `error`, caught by a coroutine, is the cancel on its way, also below a `SuppressedError`: clean up, and throw it on.
 */
export function isCancelled(error: unknown): boolean {
  return findCancelled(error) !== undefined
}

/** What else was thrown beside the `Cancelled`: failures of disposals, which must not be lost with it. */
export function failuresBeside(error: unknown): unknown[] {
  if (error instanceof Cancelled) return []
  if (!isSuppressedError(error)) return [error]
  return [...failuresBeside(error.suppressed), ...failuresBeside(error.error)]
}

function isSuppressedError(error: unknown): error is SuppressedError {
  return error instanceof SuppressedError
}

function describe(reason: unknown): string {
  return inWords(() => (reason instanceof Error ? reason.message : String(reason)))
}

/** Ask a program for words. Whatever it throws instead must not stop what they are for: a cancel, a dump, a deadlock. */
export function inWords(ask: () => unknown): string {
  try {
    return `${ask()}`
  } catch {
    return 'something that cannot be put into words'
  }
}
