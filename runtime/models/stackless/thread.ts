// A thread of Stackless: a main tasklet, the tasklets it has led to, and how many of them can run.
//
// Invariants, between any two steps of the scheduler:
//   - `getRunCount` is the number of tasklets that can go on, main included: alive, not blocked, and not elsewhere;
//   - main waits in `run` only while another tasklet can run.

import type { Coroutine, Operation, Scope } from '../../index.ts'
import { Misuse } from '../../index.ts'
import { currentMicrothread } from '../microthread.ts'
import { MicrothreadOperation } from '../microthread-operation.ts'
import type { Runnables } from './tasklet.ts'
import { Tasklet } from './tasklet.ts'

export class StacklessThread implements Runnables {
  readonly #scope: Scope
  readonly #main: Tasklet = new Tasklet(this, null)
  #runnable = 0
  #run: Run | null = null

  /** Threads are made by `stackless(main)`. */
  constructor(scope: Scope) {
    this.#scope = scope
  }

  /** Bind `body`: call what this gives with its arguments, and the tasklet that runs it stands in the queue. */
  tasklet<Args extends unknown[]>(body: (...args: Args) => Coroutine<unknown>): (...args: Args) => Tasklet {
    return (...args) => {
      const made = new Tasklet(this, this.#main)
      const task = this.#scope.spawn(tasklet, made, body.name, body(...args))
      task.label = body.name || tasklet.name
      made.task = task
      made.becameRunnable()
      return made
    }
  }

  /** Go to the end of the queue of all tasklets that are runnable. */
  schedule(): Operation<void> {
    return new Schedule()
  }

  /**
   * Let the others run until all are blocked or dead, and main alone can go on. Main's to call.
   *
   * It does not wait for a tasklet that waits for something of the core, or is in a scope of it.
   *
   * @throws what a tasklet has failed with meanwhile; the others go on with the next `run`
   * @see Stackless Python documentation, "stackless.run"
   */
  run(): Operation<void> {
    return new Run(this)
  }

  /** The tasklet that is running. @throws Misuse outside of the body of one, also inside a scope that it has opened */
  getCurrent(): Tasklet {
    const current = currentMicrothread()
    if (current instanceof Tasklet) return current
    throw new Misuse('no tasklet is running here: call getCurrent in its own body, not in a scope or task inside it')
  }

  getMain(): Tasklet {
    return this.#main
  }

  /** How many tasklets can run, the one that is running included. */
  getRunCount(): number {
    return this.#runnable
  }

  // What follows is for its tasklets and operations.

  /** The coroutine of main. */
  start<T>(main: (thread: StacklessThread) => Coroutine<T>): Coroutine<T> {
    // Only a tasklet that is killed ends without a result, and of main a kill is a failure.
    return this.#main.coroutine(main.name, main(this)) as Coroutine<T>
  }

  count(change: 1 | -1): void {
    this.#runnable += change
    if (this.#runnable === 0) this.#run?.complete()
  }

  waitForOthers(run: Run): void {
    this.#run = run
  }

  waitNoMore(): void {
    this.#run = null
  }
}

function tasklet(self: Tasklet, name: string, body: Coroutine<unknown>): Coroutine<unknown> {
  return self.coroutine(name, body)
}

class Schedule extends MicrothreadOperation<void> {
  describe(): string {
    return 'its turn'
  }

  protected attempt(): boolean {
    return false
  }

  protected wait(): void {
    this.complete()
  }

  protected retreat(): void {}

  // Nothing was handed over: an exception that came in the meantime may come out of it at once.
  protected outcome(): void {
    currentMicrothread()?.throwPending()
  }
}

class Run extends MicrothreadOperation<void> {
  readonly #thread: StacklessThread

  constructor(thread: StacklessThread) {
    super()
    this.#thread = thread
  }

  describe(): string {
    return 'the other tasklets'
  }

  override complete(): void {
    this.#thread.waitNoMore()
    super.complete()
  }

  protected attempt(): boolean {
    if (currentMicrothread() !== this.#thread.getMain()) {
      throw new Misuse('run was called by another than the main tasklet: call schedule to let the others run')
    }
    return this.#thread.getRunCount() === 1
  }

  protected wait(): void {
    this.#thread.waitForOthers(this)
  }

  protected retreat(): void {
    this.#thread.waitNoMore()
  }

  protected outcome(): void {
    currentMicrothread()?.throwPending()
  }
}
