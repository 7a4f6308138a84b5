// A node: the place in which processes live and have names.

import type { Coroutine, Scope } from '../../index.ts'
import { Cancelled, scope, TaskCancelled } from '../../index.ts'
import { Exit } from './exit.ts'
import { LiveProcess } from './live-process.ts'
import { Names } from './names.ts'
import type { Process, ProcessBody } from './process.ts'

/**
 * Start a node with `body` as its first process, and wait until all its processes have ended. Gives what `body` gives.
 *
 * A process that fails is reported to the host, unless it is the first: that one takes its node with it.
 *
 * @throws what `body` throws; Exit with the reason if an exit signal has ended it
 */
export function* runNode<M, Args extends unknown[], T>(body: ProcessBody<M, Args, T>, ...args: Args): Coroutine<T> {
  let first: FirstProcess | undefined
  try {
    return yield* scope(
      (here) => {
        first = new FirstProcess(here)
        return first.run(body, args)
      },
      { supervise: true },
    )
  } catch (error) {
    throw error instanceof TaskCancelled ? (first?.exitSignal ?? error) : error
  }
}

/** Runs in the coroutine that has started the node. */
class FirstProcess extends LiveProcess {
  #hasEnded = false

  constructor(scope: Scope) {
    super({ scope, names: new Names() })
  }

  override get id(): number {
    return 0
  }

  override get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** The exit signal that has ended it, as an error. */
  get exitSignal(): Exit | undefined {
    return this.fatal === null ? undefined : new Exit(this.fatal.reason)
  }

  *run<M, Args extends unknown[], T>(body: ProcessBody<M, Args, T>, args: Args): Coroutine<T> {
    try {
      const value = yield* body(this as unknown as Process<M>, ...args)
      this.#conclude('normal')
      return value
    } catch (error) {
      this.#conclude(error instanceof Exit ? error.reason : error instanceof Cancelled ? 'killed' : error)
      throw error
    }
  }

  protected override watchEnd(): void {}

  protected override cancel(reason: unknown): void {
    this.node.scope.cancel(reason)
  }

  #conclude(reason: unknown): void {
    this.#hasEnded = true
    this.end(reason)
  }
}
