// Main: a coroutine as a program, with an exit code.
//
// Always true: a program that fails or stands still for ever prints why and leaves a code other than 0, as in Go; one that
// ends well leaves the code alone, and does not end what else the process does. A program that is interrupted is cancelled,
// cleans up, and then ends the process; a second signal does not wait for that.

import { Deadlock } from './core/errors.ts'
import { defaultHost } from './core/host.ts'
import type { Coroutine } from './core/operation.ts'
import { Scheduler } from './core/scheduler.ts'
import type { Task } from './core/task-handle.ts'
import { keepShapes } from './shapes.ts'

/** The signals that ask a program to end, and what a shell gives for a program that one of them has ended. */
const codes = { SIGINT: 130, SIGTERM: 143 } as const

type SignalName = keyof typeof codes

// The part of a process that this file uses, where there is one: Node, Deno and Bun. The type is its own, because the
// folder is checked without any platform's.
interface Process {
  exitCode?: number | string | null | undefined
  on(event: 'beforeExit' | SignalName, listener: () => void): unknown
  off(event: 'beforeExit' | SignalName, listener: () => void): unknown
  listenerCount(event: SignalName): number
  exit(code?: number): void
}

/**
 * Run `body` as the program: start it on a scheduler of its own, and when it fails, print its failure and let the process
 * end with exit code 1.
 *
 * Does not wait. When the platform has nothing left to do and the program has not ended, nothing can ever wake it: that is a
 * deadlock. It is cancelled then, its finalizers run, and the failure that is printed says who waits for what. In a browser,
 * where a page never comes to its end, only failures are printed.
 *
 * SIGINT and SIGTERM cancel it, with the name of the signal as the reason. When it has ended, the process ends, with code
 * 130 or 143 if the program has let the cancel pass; a second signal ends the process at once. Where somebody else listens
 * for the signal as well, the process is theirs to end.
 *
 * @see The Go Programming Language Specification, "Program execution"
 */
export function main<Args extends unknown[]>(body: (...args: Args) => Coroutine<unknown>, ...args: Args): void {
  const given = (globalThis as unknown as { readonly process?: Process }).process
  const process = given?.on === undefined ? undefined : given
  keepShapes()
  const host = defaultHost()
  const scheduler = new Scheduler({ host })
  const task = scheduler.run(body, ...args)
  const interruption = process === undefined ? undefined : new Interruption(process, task)
  let deadlock: Deadlock | null = null
  const standstill = () => {
    if (deadlock === null) {
      deadlock = new Deadlock(scheduler.dump())
      task.cancel(deadlock)
      // The platform runs dry once more: when nothing is left to do for the finalizers either, they wait for ever.
      host.later(() => {})
    } else fail(deadlock, process)
  }
  process?.on('beforeExit', standstill)
  task.promise
    .catch((error: unknown) => {
      if (interruption?.hasCancelled !== true) fail(error, process)
    })
    .finally(() => {
      process?.off('beforeExit', standstill)
      interruption?.end()
    })
}

/** Hears the signals that ask a program to end, from its start to its end. */
class Interruption {
  readonly #process: Process
  readonly #program: Task<unknown>
  readonly #listeners: readonly (readonly [SignalName, () => void])[]
  #heard: SignalName | null = null

  constructor(process: Process, program: Task<unknown>) {
    this.#process = process
    this.#program = program
    this.#listeners = (Object.keys(codes) as SignalName[]).map((name) => [name, () => this.#hear(name)] as const)
    for (const [name, listener] of this.#listeners) process.on(name, listener)
  }

  /** Whether the program has ended because of a signal. */
  get hasCancelled(): boolean {
    return this.#heard !== null && this.#program.status === 'cancelled'
  }

  /** The program has ended. Ends the process if a signal has asked for that. */
  end(): void {
    for (const [name, listener] of this.#listeners) this.#process.off(name, listener)
    if (this.#heard === null) return
    if (this.hasCancelled) this.#process.exitCode = codes[this.#heard]
    if (this.#process.listenerCount(this.#heard) === 0) this.#process.exit()
  }

  #hear(name: SignalName): void {
    if (this.#heard !== null) this.#process.exit(codes[name])
    this.#heard = name
    this.#program.cancel(name)
  }
}

function fail(error: unknown, process: Process | undefined): void {
  const { console } = globalThis as unknown as { readonly console: { error(...values: unknown[]): void } }
  console.error(error)
  if (process !== undefined) process.exitCode ||= 1
}
