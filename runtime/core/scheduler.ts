// The scheduler steps coroutines, one at a time, in slices between which the host gets its turn.
//
// Invariants, between any two steps:
//   - the run queue holds exactly the runnable tasks, each once;
//   - with a runnable task, a drain is under way or asked of the host;
//   - with a timer in the heap and no drain to come, the host holds a timer that is due no later than the first;
//   - `coroutines` = runnable + parked + the one running.
//
// Waking enqueues and never calls, so that no chain of wake-ups is too long for the stack.

import { validateCancelTree } from './cancel-node.ts'
import type { CoroutineDescription } from './dump.ts'
import { describeTasks, dumpTasks } from './dump.ts'
import { Deadlock, inWords, Misuse } from './errors.ts'
import type { ChosenTimers, Host } from './host.ts'
import { defaultHost } from './host.ts'
import { HostTimer } from './host-timer.ts'
import { NeverRun, stackOf } from './never-run.ts'
import type { Coroutine, Enclosing, Timekeeper, TimerEntry } from './operation.ts'
import { enteredResult, forgetLastResult, generatorNext, parkedResult, running, strayedResult } from './operation.ts'
import { Random } from './random.ts'
import { RunQueue } from './run-queue.ts'
import type { Choices, SchedulerOptions, SchedulerStatistics } from './scheduler-options.ts'
import { checkedSeed, checkedSlice, oneOf } from './scheduler-options.ts'
import { Scope } from './scope.ts'
import type { CoroutineTask } from './task.ts'
import { fullAllowance } from './task.ts'
import type { Task } from './task-handle.ts'
import { TimerHeap } from './timer-heap.ts'
import type { Trace, TraceEvent } from './trace.ts'

const noTimers: readonly TimerEntry[] = []

/** The runtime's own frames, and those of a model or a helper. */
const spawnFrames = 6

/** How many resumes pass at most between two looks at the clock: a look costs a third of a resume. */
const longestStride = 16

/** How many operations a coroutine may start before a look at the clock, where looks have shown them to be short. */
const largestPart = 8

/** What tasks and scopes ask of their scheduler, beside what operations do. They alone call it. */
interface TaskKeeper extends Timekeeper {
  /** The time of the last look at the clock, in whole milliseconds since the scheduler was made. */
  readonly sliceTime: number
  /** Count a coroutine, and give its id. */
  nextTaskId(): number
  /** A new task is runnable. */
  start(task: CoroutineTask<unknown>): void
  /** A parked task is runnable again. */
  wake(task: CoroutineTask<unknown>): void
  /** The running task goes to the end of the run queue. */
  enqueue(task: CoroutineTask<unknown>): void
  countHandOver(): void
  /** The running task has used up what it has got of its budget. True: here is more. False: it has to hand over, or has. */
  renewBudget(task: CoroutineTask<unknown>): boolean
  /** Whatever the running task has left of its budget is gone. */
  takeBudget(): void
  /** End the slice, and begin the next one with `task`. */
  endSliceBefore(task: CoroutineTask<unknown>): void
  /** Trace a cancel. */
  cancelled(task: CoroutineTask<unknown>): void
  countEnded(): void
  /** A cancel that came from outside of coroutines is over: run what it has left to `callLater`. */
  callNow(): void
}

export class Scheduler implements TaskKeeper {
  sliceTime = 0
  readonly #madeAt: number
  readonly #host: Host
  readonly #sliceMs: number
  readonly #shuffles: boolean
  readonly picksAmongReady: boolean
  /** Of a host whose timers are choices. */
  readonly #chosen: ChosenTimers | undefined
  readonly #rejectsDeadlock: boolean
  readonly #random: Choices
  readonly #trace: Trace | null
  readonly #queue = new RunQueue<CoroutineTask<unknown>>()
  readonly #timers = new TimerHeap()
  readonly #root: Scope = new Scope(this, true)
  readonly #holds = new Set<{ readonly reason: string }>()
  /** Other people's code that is to run between two steps. */
  readonly #calls: (() => void)[] = []
  readonly #hostTimer: HostTimer
  readonly #audit: NeverRun | null
  readonly #drain = () => this.#runSlice()
  readonly #drainFromMacrotask = () => {
    this.#turnBegan = Number.NEGATIVE_INFINITY
    this.#runSlice()
  }
  #drainIsComing = false
  #sliceEnd = 0
  #sliceResumes = 0
  /** When the clock was last looked at. */
  #lookedAt = 0
  /** How many operations the next coroutine may start before the clock is looked at. */
  #part = fullAllowance
  /** How much of its budget the running coroutine has got, if it has got more than its first part: in this step. */
  #granted = 0
  #grantedIn = -1
  /** How much of it came last. */
  #lastPart = 1
  /** How much of its budget the first coroutine of the next slice has used up: it went on when the last one ended. */
  #carried = 0
  #handsOver = false
  /** When the first drain since the last macrotask began; drains in microtasks share one slice. */
  #turnBegan = Number.NEGATIVE_INFINITY
  #lastTaskId = 0
  #coroutines = 0
  #finished = 0
  #steps = 0
  #handOvers = 0

  constructor(options: SchedulerOptions = {}) {
    this.#host = options.host ?? defaultHost()
    this.#hostTimer = new HostTimer(this.#host, () => this.#hostTimerFired())
    this.#sliceMs = checkedSlice(options.sliceMs ?? 5)
    this.#random = options.random ?? new Random(checkedSeed(options.seed ?? 1))
    this.picksAmongReady = options.random?.areWalked === true
    this.#trace = options.trace ?? null
    this.#shuffles = oneOf('order', options.order ?? 'fifo', ['fifo', 'shuffle']) === 'shuffle'
    this.#chosen = this.#shuffles ? this.#host.timers : undefined
    this.#rejectsDeadlock = oneOf('deadlock', options.deadlock ?? 'ignore', ['ignore', 'reject']) === 'reject'
    this.#audit = options.debug === true ? new NeverRun((error) => this.report(error)) : null
    this.#madeAt = this.#host.now()
  }

  /**
   * Start a root coroutine. Enqueues it: its first step comes with the next drain.
   *
   * A root that fails with nobody looking (no `join`, no `promise` asked for by then) is reported to the host.
   */
  run<Args extends unknown[], T>(body: (...args: Args) => Coroutine<T>, ...args: Args): Task<T> {
    return this.#root.spawn(body, ...args)
  }

  statistics(): SchedulerStatistics {
    const current = running.task as CoroutineTask<unknown> | null
    const runningHere = current?.scheduler === this && !current.hasEnded ? 1 : 0
    return {
      coroutines: this.#coroutines,
      runnable: this.#queue.length,
      parked: this.#coroutines - this.#queue.length - runningHere,
      timers: this.#timers.size,
      awaited: this.#holds.size,
      spawned: this.#lastTaskId,
      finished: this.#finished,
      resumes: this.#steps - this.#handOvers,
      handOvers: this.#handOvers,
    }
  }

  /** The name of the coroutine that runs now; null outside of this scheduler's coroutines. */
  get running(): string | null {
    const current = running.task as CoroutineTask<unknown> | null
    return current?.scheduler === this ? current.name : null
  }

  /** Every coroutine as a tree, a line each: its name, what it waits for and since when. */
  dump(): string {
    return dumpTasks(this.coroutines())
  }

  /** What `dump` says, one coroutine at a time, parents before their children. Stop reading whenever you like. */
  coroutines(): Iterable<CoroutineDescription> {
    return describeTasks(this.#root.children, Math.floor(this.#host.now() - this.#madeAt))
  }

  /** Something outside will wake a coroutine: while held, a standstill is no deadlock. Dispose when it has. */
  hold(reason: string): Disposable {
    const held = { reason }
    this.#holds.add(held)
    return {
      [Symbol.dispose]: () => {
        if (this.#holds.delete(held)) this.#askForDrain()
      },
    }
  }

  /** Milliseconds on the host's clock. */
  now(): number {
    return this.#host.now()
  }

  /** A whole number below `bound`, from the seed. */
  random(bound: number): number {
    return this.#random.below(bound)
  }

  /** Tell the host. A host that throws is heard in a macrotask of its own: here it would break off a step in the middle. */
  report(error: unknown): void {
    try {
      this.#host.report(error)
    } catch (thrown) {
      this.#host.later(() => {
        throw thrown
      })
    }
  }

  addTimer(timer: TimerEntry): void {
    this.#timers.add(timer)
    // Also while a coroutine runs: it may be one of another scheduler, with no drain of this one to come.
    this.#askForDrain()
  }

  removeTimer(timer: TimerEntry): void {
    this.#timers.remove(timer)
    // The last one: a drain lets go of the host's timer, and sees a standstill.
    if (this.#timers.size === 0) this.#askForDrain()
  }

  callLater(call: () => void): void {
    this.#calls.push(call)
    this.#askForDrain()
  }

  /** Run what `callLater` was given. */
  callNow(): void {
    for (let call = this.#calls.shift(); call !== undefined; call = this.#calls.shift()) this.#call(call)
  }

  /** Assert the invariants of everything this scheduler holds. */
  validate(): void {
    this.#queue.validate()
    this.#timers.validate()
    validateCancelTree(this.#root)
    if (this.#queue.length > 0 && !this.#drainIsComing) throw new Error('runnable tasks, and no drain to come')
  }

  start(task: CoroutineTask<unknown>): void {
    if (this.#audit !== null) task.spawnedAt = stackOf('spawned here', spawnFrames)
    if (this.#trace !== null) this.#tell('spawn', task, '')
    this.enqueue(task)
  }

  wake(task: CoroutineTask<unknown>): void {
    if (this.#trace !== null) this.#tell('wake', task, '')
    this.enqueue(task)
  }

  cancelled(task: CoroutineTask<unknown>): void {
    if (this.#trace !== null)
      this.#tell(
        'cancel',
        task,
        inWords(() => task.innermost.reason?.reason ?? 'no reason given'),
      )
  }

  enqueue(task: CoroutineTask<unknown>): void {
    this.#queue.push(task)
    if (!this.#drainIsComing) this.#askForDrain()
  }

  endSliceBefore(task: CoroutineTask<unknown>): void {
    this.#queue.unshift(task)
    this.#handsOver = true
    this.#handOvers += 1
  }

  /** Whether the host is due its turn. Looks at the clock. */
  isSliceSpent(): boolean {
    const { sliceResumes } = this.#host
    if (sliceResumes !== undefined) {
      this.#sliceResumes += 1
      return this.#sliceResumes > sliceResumes
    }
    return this.#host.now() >= this.#sliceEnd
  }

  nextTaskId(): number {
    this.#lastTaskId += 1
    this.#coroutines += 1
    return this.#lastTaskId
  }

  countHandOver(): void {
    this.#handOvers += 1
  }

  countEnded(): void {
    this.#coroutines -= 1
    this.#finished += 1
  }

  // The drain.

  #askForDrain(): void {
    if (this.#drainIsComing) return
    this.#drainIsComing = true
    // Microtasks that keep waking each other never let the host in: after a slice of them a macrotask takes over.
    const now = this.#host.now()
    if (this.#turnBegan === Number.NEGATIVE_INFINITY) this.#turnBegan = now
    if (now - this.#turnBegan < this.#sliceMs || this.#host.sliceResumes !== undefined) this.#host.soon(this.#drain)
    else this.#host.later(this.#drainFromMacrotask)
  }

  #runSlice(): void {
    // A coroutine may itself run another scheduler, on a virtual host: it is the one that runs again afterwards.
    const { task, budget, audit } = running
    if (this.#chosen !== undefined) this.#hostTimer.clear()
    this.#sliceEnd = this.#look() + this.#sliceMs
    this.#sliceResumes = 0
    this.#handsOver = false
    let stride = this.#beginStrides()
    let untilLook = stride
    for (;;) {
      if (this.#calls.length > 0 && !this.#callInSlice()) break
      if (this.#queue.length === 0) {
        this.#breakDeadlock()
        if (this.#queue.length === 0 && this.#chosenTimers().length === 0) break
      }
      if (this.#shuffles && !this.#chooseNext()) continue
      this.#step(this.#queue.shift() as CoroutineTask<unknown>)
      untilLook -= 1
      if (untilLook === 0) {
        stride = this.#strideAfter(stride)
        untilLook = stride
      }
      // With nobody runnable it goes round once more: a standstill on the last step of a slice is one, too.
      if (this.#handsOver && this.#queue.length > 0) break
    }
    running.task = task
    running.budget = budget
    running.audit = audit
    forgetLastResult()
    if (this.#queue.length > 0 || this.#calls.length > 0) {
      this.#host.later(this.#drainFromMacrotask)
      return
    }
    this.#drainIsComing = false
    this.#hostTimer.setFor(this.#timers.nextDue)
  }

  /** Run what `callLater` was given, before anybody's next step. False: the slice is over, and there is more. */
  #callInSlice(): boolean {
    for (let call = this.#calls.shift(); call !== undefined; call = this.#calls.shift()) {
      this.#call(call)
      // Nobody knows how long such code takes: thousands may drop a value, or hear of an abort, in one step.
      if (this.#calls.length > 0 && this.#host.sliceResumes === undefined && this.isSliceSpent()) return false
    }
    return true
  }

  #call(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.report(error)
    }
  }

  /** Bring what is next to the head of the run queue. False: that is no coroutine but a timer, which has fired. */
  #chooseNext(): boolean {
    const timers = this.#chosenTimers()
    const choice = this.#random.below(this.#queue.length + timers.length)
    const timer = timers[choice - this.#queue.length]
    if (timer === undefined) {
      this.#queue.bringForward(choice)
      return true
    }
    this.#chosen?.passTo(timer.due)
    this.#timers.remove(timer)
    const now = this.#look()
    timer.fire(now)
    return false
  }

  /** The timers that may fire now, where they are choices: those that are due first, in any order. */
  #chosenTimers(): readonly TimerEntry[] {
    const chosen = this.#chosen
    return chosen === undefined || chosen.nextDue() < this.#timers.nextDue ? noTimers : this.#timers.allDueFirst()
  }

  // Between two looks at the clock pass a stride of resumes, and in each resume a part of the budget. Both begin small in
  // each slice and grow while the looks show that what the coroutines do is short, as far as the rest of the slice will
  // hold. So 128 operations with a millisecond of work beside each do not take 128 ms from the host.

  #beginStrides(): number {
    if (this.#host.sliceResumes !== undefined) return longestStride
    // The one that is held before an operation has that for nothing.
    this.#part = this.#carried > 0 ? 0 : 1
    this.#granted = this.#carried + this.#part
    this.#lastPart = 1
    this.#grantedIn = this.#steps + 1
    this.#carried = 0
    return 1
  }

  /** A stride is over: look at the clock, and say how long the next one is. */
  #strideAfter(stride: number): number {
    const before = this.#lookedAt
    const now = this.#look()
    const { sliceResumes } = this.#host
    if (sliceResumes !== undefined) {
      this.#sliceResumes += longestStride
      if (this.#sliceResumes >= sliceResumes) this.#handsOver = true
      return longestStride
    }
    if (now >= this.#sliceEnd) this.#handsOver = true
    const next = Math.min(stride * 2, longestStride, this.#fitting(stride, now - before, now))
    this.#part = Math.min(next, largestPart)
    return next
  }

  /** How many fit into the rest of the slice, if `count` took `elapsedMs`; at least 1. */
  #fitting(count: number, elapsedMs: number, now: number): number {
    return elapsedMs > 0 ? Math.max(1, Math.floor((count * (this.#sliceEnd - now)) / elapsedMs)) : longestStride
  }

  renewBudget(task: CoroutineTask<unknown>): boolean {
    if (this.#grantedIn !== this.#steps) {
      this.#grantedIn = this.#steps
      this.#granted = this.#part
      this.#lastPart = this.#part
    }
    const granted = this.#granted
    if (granted >= fullAllowance) return false
    const before = this.#lookedAt
    const now = this.#look()
    if (task.isCancelled) return false
    if (now >= this.#sliceEnd) {
      // It is held before one more operation, which it need not pay for when it goes on.
      this.#carried = granted + 1
      task.handOverFirst()
      return false
    }
    const last = this.#lastPart
    const part = Math.min(last * 2, fullAllowance - granted, this.#fitting(last, now - before, now))
    this.#lastPart = part
    this.#granted = granted + part
    running.budget = part - 1
    return true
  }

  takeBudget(): void {
    running.budget = 0
    this.#granted = fullAllowance
    this.#grantedIn = this.#steps
  }

  /** Read the clock and wake whoever waited for it. */
  #look(): number {
    const now = this.#host.now()
    this.#lookedAt = now
    this.sliceTime = Math.floor(now - this.#madeAt)
    if (this.#chosen !== undefined) return now
    for (let timer = this.#timers.takeDue(now); timer !== undefined; timer = this.#timers.takeDue(now)) timer.fire(now)
    return now
  }

  /** Resume one coroutine until it parks, hands over or ends. */
  #step(task: CoroutineTask<unknown>): void {
    running.task = task
    running.budget = task.allowance < this.#part ? task.allowance : this.#part
    running.audit = this.#audit
    task.state = 'running'
    this.#steps += 1
    if (this.#trace !== null) this.#tell('resume', task, '')
    for (;;) {
      let result: IteratorResult<unknown, unknown>
      try {
        result = generatorNext.call(task.generator as Coroutine<unknown>)
      } catch (error) {
        if (this.#threw(task, error)) continue
        break
      }
      if (result.done === true) {
        if (this.#returned(task, result.value)) continue
        break
      }
      if (result === parkedResult) break
      if (result === strayedResult) {
        const error = new Misuse(`${task.name} steps a generator that another coroutine steps: make one for each`)
        if (this.#threw(task, error)) continue
        break
      }
      if (result === enteredResult) {
        ;(running.entered as Enclosing).open(task)
        running.entered = null
        continue
      }
      // By way of the run queue: a loop that swallows it cannot freeze the host.
      task.goOnWith(new Misuse(`${task.name} used a bare yield: write yield* before an operation`))
      break
    }
    leaveCoroutine()
    this.#audit?.stopped(task)
    if (this.#trace !== null) this.#tellOfStop(task)
  }

  #tellOfStop(task: CoroutineTask<unknown>): void {
    if (task.hasEnded) this.#tell('end', task, task.state)
    else if (task.state === 'parked')
      this.#tell(
        'park',
        task,
        inWords(() => task.operation?.describe() ?? 'the end of its children'),
      )
    else this.#tell('handOver', task, '')
  }

  #tell(kind: TraceEvent['kind'], task: CoroutineTask<unknown>, on: string): void {
    try {
      this.#trace?.({ kind, task, time: this.#host.now(), on })
    } catch (error) {
      this.report(error)
    }
  }

  /** The innermost generator has returned. True: the coroutine goes on with the one around it. */
  #returned(task: CoroutineTask<unknown>, value: unknown): boolean {
    if (task.state !== 'running') return this.#threw(task, task.steppedByHand())
    if (task.innermost !== task) return (task.innermost as unknown as Enclosing).bodyReturned(value)
    leaveCoroutine()
    task.succeed(value)
    return false
  }

  #threw(task: CoroutineTask<unknown>, error: unknown): boolean {
    if (task.state !== 'running' && !task.leaveOperation()) {
      // It stands in the run queue as well: there it ends.
      task.goOnWith(error)
      return false
    }
    if (task.innermost !== task) return (task.innermost as unknown as Enclosing).bodyThrew(error)
    leaveCoroutine()
    task.fail(error)
    return false
  }

  #hostTimerFired(): void {
    if (this.#drainIsComing) return
    this.#drainIsComing = true
    this.#drainFromMacrotask()
  }

  #breakDeadlock(): void {
    if (!this.#rejectsDeadlock || this.#coroutines === 0) return
    if (this.#timers.size > 0 || this.#holds.size > 0) return
    const deadlock = new Deadlock(this.dump())
    for (const root of this.#root.children) root.cancel(deadlock)
    if (this.#queue.length === 0) this.#breakShields(deadlock)
  }

  /** The finalizers of a deadlock are parked for ever behind shields: the shields give way. */
  #breakShields(deadlock: Deadlock): void {
    const tasks = [...this.#root.children]
    for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
      for (let node = task.innermost; node !== task; node = node.outer as typeof node) {
        const scope = node as Scope
        if (scope.isShielded) scope.cancel(deadlock)
        tasks.push(...scope.children)
      }
    }
  }
}

/**
 * Nothing runs from here on. Said of a coroutine that has ended before it is told that it has: what a supervisor does then
 * must not be done by the dead.
 */
function leaveCoroutine(): void {
  running.task = null
  running.budget = 0
  running.audit = null
}
