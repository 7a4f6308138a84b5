// The children of a supervisor.
//
// Invariants, between any two messages that the supervisor takes:
//   - the children stand in the order in which they are started; they are stopped in the opposite order;
//   - a child with a pid is linked, so its end comes as a message; one that is restarting has none, and a 'tryAgain' is under way;
//   - within any period there were at most `intensity` restarts.

import type { Coroutine } from '../../index.ts'
import { Cancelled, ticker, trySelect } from '../../index.ts'
import type { CheckedOptions, CheckedSpec } from './child-spec.ts'
import type { DownMessage, ExitMessage } from './exit.ts'
import { BadArgument, Exit } from './exit.ts'
import type { Pid, Process } from './process.ts'

export interface Child {
  readonly spec: CheckedSpec
  pid: Pid | null
  isRestarting: boolean
}

/** What a supervisor sends itself when a restart has failed, so that it hears others between two attempts. */
export interface TryAgain {
  readonly type: 'tryAgain'
  readonly child: Child
}

export class Family {
  readonly #supervisor: Process<TryAgain | ExitMessage | DownMessage>
  readonly #options: CheckedOptions
  readonly #clock = new Clock()
  #children: readonly Child[]
  #restarts: readonly number[] = []

  constructor(supervisor: Pid, options: CheckedOptions) {
    this.#supervisor = supervisor as unknown as Process<TryAgain | ExitMessage | DownMessage>
    this.#options = options
    this.#children = options.children.map((spec) => ({ spec, pid: null, isRestarting: false }))
  }

  get children(): readonly Child[] {
    return this.#children
  }

  /** Start all, in order. @throws Exit if one does not start: those before it have been stopped then */
  *start(): Coroutine<void> {
    for (const child of this.#children) {
      const failure = yield* this.#start(child)
      if (failure === null) continue
      yield* this.giveUp(['shutdown', ['failed_to_start_child', child.spec.id, failure.reason]])
    }
  }

  /** Start one more. @throws BadArgument if there is one by its id; Exit with its failure to start */
  *add(spec: CheckedSpec): Coroutine<Pid> {
    if (this.#children.some(({ spec: { id } }) => id === spec.id)) {
      throw new BadArgument(`there is a child '${spec.id}' already`)
    }
    const child: Child = { spec, pid: null, isRestarting: false }
    const failure = yield* this.#start(child)
    if (failure !== null) throw new Exit(failure.reason)
    this.#children = [...this.#children, child]
    return child.pid as Pid
  }

  /** Stop one. @throws BadArgument if there is none by that id */
  *terminate(id: string): Coroutine<void> {
    const child = this.#children.find(({ spec }) => spec.id === id)
    if (child === undefined) throw new BadArgument(`there is no child '${id}'`)
    yield* this.#stop([child])
  }

  /** Somebody linked has ended: if it is a child that nobody has stopped, do what its spec says. */
  *ended(pid: Pid, reason: unknown): Coroutine<void> {
    const child = this.#children.find((candidate) => candidate.pid === pid)
    if (child === undefined) return
    child.pid = null
    const { restart } = child.spec
    if (restart === 'temporary') this.#forget([child])
    else if (restart === 'permanent' || !isOrderly(reason)) yield* this.restart(child)
  }

  /** Restart a child, and those that its strategy joins to it. @throws Exit of 'shutdown' if that is once too often */
  *restart(child: Child): Coroutine<void> {
    child.isRestarting = false
    if (!this.#mayRestart()) yield* this.giveUp('shutdown')
    const affected = this.#affectedBy(child)
    yield* this.#stop(affected)
    for (const other of affected) {
      if (other.spec.restart === 'temporary') continue
      const failure = yield* this.#start(other)
      if (failure === null) continue
      other.isRestarting = true
      this.#supervisor.send(this.#supervisor, { type: 'tryAgain', child: other })
      return
    }
  }

  /** Stop all, the last one first, and end the supervisor. */
  *giveUp(reason: unknown): Coroutine<never> {
    yield* this.#stop(this.#children)
    return this.#supervisor.exit(reason)
  }

  #affectedBy(child: Child): readonly Child[] {
    if (this.#options.strategy === 'one_for_one') return [child]
    if (this.#options.strategy === 'one_for_all') return this.#children
    return this.#children.slice(this.#children.indexOf(child))
  }

  #mayRestart(): boolean {
    const { intensity, periodMs } = this.#options
    const now = this.#clock.now()
    this.#restarts = [...this.#restarts.filter((time) => now - time <= periodMs), now]
    return this.#restarts.length <= intensity
  }

  /** Why it did not start; null if it did. */
  *#start(child: Child): Coroutine<{ readonly reason: unknown } | null> {
    try {
      child.pid = yield* child.spec.start(this.#supervisor as unknown as Process<unknown>)
    } catch (error) {
      if (error instanceof Cancelled) throw error
      return { reason: error instanceof Exit ? error.reason : error }
    }
    // It should be: but a child that is not would never be missed.
    this.#supervisor.link(child.pid)
    return null
  }

  /** The last one first; temporary children are forgotten. */
  *#stop(children: readonly Child[]): Coroutine<void> {
    for (const child of children.toReversed()) {
      child.isRestarting = false
      if (child.pid === null) continue
      yield* this.#end(child.pid, child.spec.shutdownMs)
      child.pid = null
    }
    this.#forget(children.filter(({ spec }) => spec.restart === 'temporary'))
  }

  /** End a process and wait for it, by a monitor: it may have unlinked itself. */
  *#end(pid: Pid, shutdownMs: number): Coroutine<void> {
    const self = this.#supervisor
    const monitor = self.monitor(pid)
    const down = { type: 'DOWN', monitor } as const
    self.signalExit(pid, shutdownMs === 0 ? 'kill' : 'shutdown')
    const ended = yield* self.receiveWithin(shutdownMs, down)
    if (ended.case === 'message') return
    self.signalExit(pid, 'kill')
    yield* self.receive(down)
  }

  #forget(children: readonly Child[]): void {
    if (children.length > 0) this.#children = this.#children.filter((child) => !children.includes(child))
  }
}

function isOrderly(reason: unknown): boolean {
  return reason === 'normal' || reason === 'shutdown' || (Array.isArray(reason) && reason[0] === 'shutdown')
}

/** Milliseconds since it was made. A ticker that nobody waits for costs nothing, and counts what has passed. */
class Clock {
  readonly #ticks = ticker(1)
  #now = 0

  now(): number {
    this.#now += trySelect({ ticks: this.#ticks.receive() })?.value ?? 0
    return this.#now
  }
}
