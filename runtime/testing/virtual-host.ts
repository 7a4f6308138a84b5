// A host whose clock only moves when told: tests with hours in them run in microseconds, the same way every time.

import type { ChosenTimers, Host } from '../core/host.ts'
import { defaultHost } from '../core/host.ts'
import type { Coroutine } from '../core/operation.ts'
import { Scheduler } from '../core/scheduler.ts'
import type { SchedulerOptions } from '../core/scheduler-options.ts'
import type { CoroutineTask } from '../core/task.ts'
import type { Task } from '../core/task-handle.ts'

interface VirtualTimer {
  readonly due: number
  readonly callback: () => void
}

/** How many callbacks pass between two looks at the number of steps. */
const callbackStride = 256

export interface VirtualHostOptions {
  /** How many resumes make a slice. Default 64. */
  readonly sliceResumes?: number
  /**
   * Give up when one call (`run`, `finish`, `advance`, `settle`, `play`) has made so many steps: a program that spins would
   * never let it return. Default 20,000,000, some seconds; `Infinity` never gives up.
   */
  readonly mostSteps?: number
  /**
   * 'idle' (the default): time moves only when everybody is parked. 'anytime', for an explorer: the timers that are due
   * next are choices, at every step, of a scheduler that shuffles.
   */
  readonly timers?: 'idle' | 'anytime'
}

/**
 * The virtual host. Time moves only when everybody is parked, and stands still while a promise is awaited. Slices count
 * resumes instead of milliseconds, so a run depends on nothing but its seed.
 */
export class VirtualHost implements Host {
  /** What was reported, oldest first. A test looks at it, or a failure goes unseen. */
  readonly reported: unknown[] = []
  readonly sliceResumes: number
  readonly timers?: ChosenTimers
  #time = 0
  readonly #ready: (() => void)[] = []
  readonly #timers = new Set<VirtualTimer>()
  readonly #schedulers: Scheduler[] = []
  readonly #real = defaultHost()
  readonly #mostSteps: number
  /** In the present call: how many callbacks have run, and how many steps there were before it. */
  #callbacks = 0
  #stepsBefore = 0

  /** @throws RangeError unless both numbers are 1 or more */
  constructor({ sliceResumes = 64, timers = 'idle', mostSteps = 20_000_000 }: VirtualHostOptions = {}) {
    if (!(sliceResumes >= 1)) throw new RangeError(`sliceResumes must be at least 1 (got ${String(sliceResumes)})`)
    if (!(mostSteps >= 1)) throw new RangeError(`mostSteps must be at least 1 (got ${String(mostSteps)})`)
    this.sliceResumes = sliceResumes
    this.#mostSteps = mostSteps
    if (timers === 'anytime')
      this.timers = {
        nextDue: () => this.#first()?.due ?? Number.POSITIVE_INFINITY,
        passTo: (time) => this.#passTo(time),
      }
  }

  now(): number {
    return this.#time
  }

  soon(callback: () => void): void {
    this.#ready.push(callback)
  }

  later(callback: () => void): void {
    this.#ready.push(callback)
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    if (Number.isNaN(delayMs)) throw new RangeError('setTimer takes milliseconds (got NaN)')
    const timer = { due: this.#time + Math.max(delayMs, 0), callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  report(error: unknown): void {
    this.reported.push(error)
  }

  /** Make a scheduler on this host. Unlike elsewhere a deadlock is rejected by default: here nobody else will come. */
  scheduler(options: Omit<SchedulerOptions, 'host'> = {}): Scheduler {
    const scheduler = new Scheduler({ deadlock: 'reject', ...options, host: this })
    this.#schedulers.push(scheduler)
    return scheduler
  }

  /** How many callbacks and timers are left. */
  get pending(): number {
    return this.#ready.length + this.#timers.size
  }

  /** Let everybody run who can, without moving the time. */
  settle(): void {
    this.#beginCall()
    this.#settle()
  }

  /**
   * Let everybody run, and move the time by `ms`, stopping at every timer on the way.
   *
   * @throws RangeError unless it is a time of 0 or more milliseconds: time does not go back
   */
  advance(ms: number): void {
    if (!(typeof ms === 'number' && ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`advance takes 0 or more milliseconds (got ${String(ms)}); finish() goes on to the end`)
    }
    const end = this.#time + ms
    this.settle()
    for (let timer = this.#first(); timer !== undefined && timer.due <= end; timer = this.#first()) this.#fire(timer)
    this.#time = end
  }

  /** Let everybody run, and move the time until no timer is left. */
  finish(): void {
    this.settle()
    for (let timer = this.#first(); timer !== undefined; timer = this.#first()) this.#fire(timer)
  }

  /** Run `body` to its end on a scheduler of its own, and give its result. @throws what it throws */
  run<Args extends unknown[], T>(body: (...args: Args) => Coroutine<T>, ...args: Args): T {
    const task = this.scheduler().run(body, ...args) as CoroutineTask<T>
    task.promise.catch(() => {})
    this.finish()
    if (!task.hasEnded) throw new Error('the program waits for a promise: await host.play(task) instead')
    return task.result()
  }

  /** Move on until `task` has ended, waiting in real time only for promises. */
  async play<T>(task: Task<T>): Promise<T> {
    let hasEnded = false
    const result = task.promise.finally(() => {
      hasEnded = true
    })
    result.catch(() => {})
    this.#beginCall()
    while (!hasEnded) {
      this.#settle()
      await new Promise<void>((resolve) => this.#real.later(resolve))
      if (this.#ready.length > 0 || hasEnded || this.#isAwaiting()) continue
      const timer = this.#first()
      if (timer === undefined) throw new Error(`${String(task.label)} waits for nothing that this host will bring`)
      this.#fire(timer)
    }
    return result
  }

  #passTo(time: number): void {
    this.#time = Math.max(this.#time, time)
  }

  #beginCall(): void {
    this.#callbacks = 0
    this.#stepsBefore = this.#steps()
  }

  #settle(): void {
    for (let callback = this.#ready.shift(); callback !== undefined; callback = this.#ready.shift())
      this.#call(callback)
  }

  #call(callback: () => void): void {
    callback()
    this.#callbacks += 1
    if (this.#callbacks % callbackStride === 0) this.#lookAtSteps()
  }

  /** @throws Error when the present call has made too many */
  #lookAtSteps(): void {
    // A scheduler that was not made here counts by its callbacks alone.
    if (Math.max(this.#steps() - this.#stepsBefore, this.#callbacks) <= this.#mostSteps) return
    const dumps = this.#schedulers.map((scheduler) => scheduler.dump().split('\n').slice(0, 20).join('\n'))
    const where = `at ${this.#time} ms, after ${this.#mostSteps} steps of one call`
    throw new Error(`the program spins, or has no end: it still runs ${where} (see mostSteps)\n${dumps.join('\n')}`)
  }

  #steps(): number {
    let steps = 0
    for (const scheduler of this.#schedulers) {
      const { resumes, handOvers } = scheduler.statistics()
      steps += resumes + handOvers
    }
    return steps
  }

  #isAwaiting(): boolean {
    return this.#schedulers.some((scheduler) => scheduler.statistics().awaited > 0)
  }

  #first(): VirtualTimer | undefined {
    let first: VirtualTimer | undefined
    for (const timer of this.#timers) if (first === undefined || timer.due < first.due) first = timer
    return first
  }

  #fire(timer: VirtualTimer): void {
    this.#timers.delete(timer)
    this.#passTo(timer.due)
    this.#call(timer.callback)
    this.#settle()
  }
}
