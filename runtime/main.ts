// Main: a coroutine as a program, with an exit code.
//
// Always true: a program that fails or stands still for ever prints why and leaves a code other than 0, as in Go; one that
// ends well leaves the code alone, and does not end what else the process does.

import { Deadlock } from './core/errors.ts'
import { defaultHost } from './core/host.ts'
import type { Coroutine } from './core/operation.ts'
import { Scheduler } from './core/scheduler.ts'
import { keepShapes } from './shapes.ts'

// The part of a process that this file uses, where there is one: Node, Deno and Bun. The type is its own, because the
// folder is checked without any platform's.
interface Process {
  exitCode?: number | string | null | undefined
  on(event: 'beforeExit', listener: () => void): unknown
  off(event: 'beforeExit', listener: () => void): unknown
}

/**
 * Run `body` as the program: start it on a scheduler of its own, and when it fails, print its failure and let the process
 * end with exit code 1.
 *
 * Does not wait. When the platform has nothing left to do and the program has not ended, nothing can ever wake it: that is a
 * deadlock. It is cancelled then, its finalizers run, and the failure that is printed says who waits for what. In a browser,
 * where a page never comes to its end, only failures are printed.
 *
 * @see The Go Programming Language Specification, "Program execution"
 */
export function main<Args extends unknown[]>(body: (...args: Args) => Coroutine<unknown>, ...args: Args): void {
  const { process } = globalThis as unknown as { readonly process?: Process }
  keepShapes()
  const host = defaultHost()
  const scheduler = new Scheduler({ host })
  const task = scheduler.run(body, ...args)
  let deadlock: Deadlock | null = null
  const standstill = () => {
    if (deadlock === null) {
      deadlock = new Deadlock(scheduler.dump())
      task.cancel(deadlock)
      // The platform runs dry once more: when nothing is left to do for the finalizers either, they wait for ever.
      host.later(() => {})
    } else fail(deadlock, process)
  }
  process?.on?.('beforeExit', standstill)
  task.promise.catch((error: unknown) => fail(error, process)).finally(() => process?.off?.('beforeExit', standstill))
}

function fail(error: unknown, process: Process | undefined): void {
  const { console } = globalThis as unknown as { readonly console: { error(...values: unknown[]): void } }
  console.error(error)
  if (process !== undefined) process.exitCode ||= 1
}
