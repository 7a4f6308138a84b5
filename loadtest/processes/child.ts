// A process that the load test has started. It is ended by its id, and none outlives the load test: not on failure, not on
// Ctrl-C, not when the load test itself crashes (an end by SIGKILL excepted, of which it is not told).

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

const alive = new Map<ChildProcess, NodeJS.Signals>()

process.on('exit', () => {
  for (const [child, signal] of alive) child.kill(signal)
})

/** See to it that `child` ends with the load test. One that has processes of its own to end wants to be asked: `SIGTERM`. */
export function adopt(child: ChildProcess, lastSignal: NodeJS.Signals = 'SIGKILL'): void {
  alive.set(child, lastSignal)
  child.once('exit', () => alive.delete(child))
}

/** Ask it to end, and make it end when it has not done so after `graceMs`. */
export async function end(child: ChildProcess, graceMs: number): Promise<void> {
  if (!alive.has(child)) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await ended
  clearTimeout(timer)
}

/** What a process has open beside its connections. */
const otherFiles = 100

/** @throws Error when a process may not have so many connections, each of which is an open file in it */
export function checkOpenFiles(connections: number, limit = openFilesLimit()): void {
  if (limit >= connections + otherFiles) return
  throw new Error(
    `${connections} connections need as many open files, and a process may have ${limit}: raise it with "ulimit -Hn"`,
  )
}

/** Node raises its own limit as far as it may; where nothing is known, it is tried. */
function openFilesLimit(): number {
  try {
    const hard = /^Max open files +\S+ +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return hard === undefined || hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
