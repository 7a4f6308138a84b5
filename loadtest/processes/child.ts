// A process that the load test has started. It is ended by its id, and none outlives the load test: not on failure, not on
// Ctrl-C, not when the load test itself crashes (an end by SIGKILL excepted, which nobody can see coming).

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

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
