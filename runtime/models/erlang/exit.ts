// How a process ends, and what others learn of it.

import type { Pid } from './process.ts'

/** What `self.exit(reason)` throws. It can be caught; an exit signal cannot. */
export class Exit extends Error {
  readonly code = 'EXIT'
  readonly reason: unknown

  constructor(reason: unknown) {
    super(`exit: ${reason instanceof Error ? reason.message : String(reason)}`)
    this.name = 'Exit'
    this.reason = reason
  }
}

/** An operation was given what it cannot take: Erlang's `badarg`. The message says what. */
export class BadArgument extends Error {
  readonly code = 'BADARG'

  constructor(message: string) {
    super(message)
    this.name = 'BadArgument'
  }
}

/** What becomes of an exit signal at a process that traps exits. */
export interface ExitMessage {
  readonly type: 'EXIT'
  readonly from: Pid
  readonly reason: unknown
}

/** What a monitor tells, once. `process` is what was given to `monitor`: a pid, or a name. */
export interface DownMessage {
  readonly type: 'DOWN'
  readonly monitor: Monitor
  readonly process: Pid | string
  readonly reason: unknown
}

/** A reference to one call of `monitor`. */
export interface Monitor {
  readonly watcher: Pid
}
