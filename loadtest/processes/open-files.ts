// A connection is an open file in both processes, and the system sets a limit on these.

import { readFileSync } from 'node:fs'

/** What a process has open besides. */
const others = 100

/** @throws Error when a process may not have so many connections */
export function checkOpenFiles(connections: number, limit = openFilesLimit()): void {
  if (limit >= connections + others) return
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
