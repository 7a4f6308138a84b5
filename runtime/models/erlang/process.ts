// What a process is to others, its pid, and what it is to itself: the operations that Erlang has as built-in functions.

import type { Coroutine, Operation, Selectable, Selected } from '../../index.ts'
import type { Monitor } from './exit.ts'
import type { Matched, Pattern } from './pattern.ts'

declare const accepts: unique symbol

/** The identity of a process, to which messages of one type can be sent; `Pid` alone is anybody's. */
export interface Pid<in Message = never> {
  readonly id: number
  readonly [accepts]?: (message: Message) => void
}

/** The body of a process: its first parameter is the process itself, Erlang's `self()` and all that goes with it. */
export type ProcessBody<Message, Args extends unknown[], Result = unknown> = (
  self: Process<Message>,
  ...args: Args
) => Coroutine<Result>

/**
 * What a process can do. A `Message` that it receives is what is sent to it, and `ExitMessage` or `DownMessage` where it
 * traps exits or monitors somebody.
 */
export interface Process<in out Message = never> extends Pid<Message> {
  /**
   * Wait for the first message that `pattern` wants, or for any. Those that it does not want stay, in order.
   *
   * Cancelling while it waits takes nothing.
   *
   * @throws what a predicate throws; the message then stays
   * @see Erlang Reference Manual, "Expressions", Receive
   */
  receive(): Selectable<Message>
  receive<const P extends Pattern<Message>>(pattern: P): Selectable<Matched<Message, P>>
  /** The same with `after ms`: a message that is there wins even over 0, which does not wait. */
  receiveWithin(ms: number): Operation<WithinTime<Message>>
  receiveWithin<const P extends Pattern<Message>>(ms: number, pattern: P): Operation<WithinTime<Matched<Message, P>>>
  /** How many messages are in its mailbox. */
  readonly messageQueueLength: number

  /**
   * Send a message, to a pid or to whoever has the name. Never waits; to a dead process it goes nowhere.
   *
   * @throws BadArgument if nobody has the name
   */
  send<M>(to: Pid<M>, message: NoInfer<M>): void
  send(to: string, message: unknown): void

  /** Start a process on the same node. Enqueues it: the spawner goes on. */
  spawn<M, Args extends unknown[]>(body: ProcessBody<M, Args>, ...args: Args): Pid<M>
  /** The same, linked from the start. */
  spawnLink<M, Args extends unknown[]>(body: ProcessBody<M, Args>, ...args: Args): Pid<M>
  /** The same, monitored from the start. */
  spawnMonitor<M, Args extends unknown[]>(body: ProcessBody<M, Args>, ...args: Args): { pid: Pid<M>; monitor: Monitor }
  /** End itself. 'normal' is an end as by returning; for other reasons those that are linked to it end with it. */
  exit(reason: unknown): never
  /** Whether it still takes messages. One that was sent a deadly signal does not, though its finalizers may still run. */
  isAlive(pid: Pid): boolean

  /**
   * Tie two processes together: when one ends, the other is sent an exit signal. There is one link between two, however
   * often it is made.
   *
   * @throws Exit of 'noproc' if `pid` is dead; whoever traps exits gets the message instead
   */
  link(pid: Pid): void
  /** Undo `link`, from either end. An exit message that has come already stays. */
  unlink(pid: Pid): void
  /**
   * Whether exit signals come as messages instead of ending the process. Default false.
   *
   * @see Erlang Reference Manual, "Processes", Receiving Exit Signals
   */
  trapExit: boolean
  /** Send an exit signal. 'kill' cannot be trapped, and ends it as 'killed'. */
  signalExit(pid: Pid, reason: unknown): void

  /** Be told by a `DownMessage` when a process has ended, or at once with 'noproc'. Each call is a monitor of its own. */
  monitor(process: Pid | string): Monitor
  /** Undo `monitor`; with `flush` a message that has come already is taken out, too. */
  demonitor(monitor: Monitor, options?: { readonly flush?: boolean }): void

  /**
   * Give a process a name, which it has until it ends.
   *
   * @throws BadArgument if the name is taken, or the process has one or is dead
   */
  register(name: string, pid: Pid): void
  /** @throws BadArgument if nobody has the name */
  unregister(name: string): void
  /** Who has the name. What can be sent to it is for the caller to know. */
  whereis<M = never>(name: string): Pid<M> | undefined
  /** The names that are taken, in the order in which they were. */
  registered(): string[]
}

/** What came first: a message, or the end of the time. */
export type WithinTime<Message> = Selected<{ message: Selectable<Message>; after: Selectable<void> }>
