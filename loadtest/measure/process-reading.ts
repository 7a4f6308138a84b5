// What the operating system says of a process: CPU time of each thread, and memory.
//
// From /proc/<pid>/task/*/schedstat, in nanoseconds: how long each thread ran, and how long it was ready to run and had to
// wait for a core. The second is the honest sign of a machine that is busy with something else. Memory is VmRSS. Systems
// without /proc give `undefined` everywhere, and the report says so.

import { existsSync, readdirSync, readFileSync } from 'node:fs'

interface ThreadTimes {
  readonly ranMs: number
  readonly queuedMs: number
}

export interface ProcessReading {
  readonly threads: ReadonlyMap<string, ThreadTimes>
  readonly residentBytes: number
}

/** What a process used between two readings. Shares are of one core: two busy threads are 2. */
export interface ProcessUse {
  readonly cpuMs: number
  readonly cpuShare: number
  /** The busiest thread alone. Node does its work in one: near 1, that process is the bottleneck. */
  readonly busiestThreadShare: number
  /** Of the busiest thread: ready to run, but all cores were taken. */
  readonly queuedShare: number
  readonly residentBytes: number
}

export const canReadProcesses = existsSync('/proc/self/schedstat')

/** What `read` gives, and `otherwise` where there is no such file: of a process or a thread that has ended, or no /proc. */
function orElse<Value, Other>(read: () => Value, otherwise: Other): Value | Other {
  try {
    return read()
  } catch {
    return otherwise
  }
}

/** Undefined where there is no /proc, and for a process that has ended. */
export function readProcess(pid: number): ProcessReading | undefined {
  const folder = `/proc/${pid}/task`
  const readThread = (thread: string) =>
    [thread, parseSchedstat(readFileSync(`${folder}/${thread}/schedstat`, 'utf8'))] as const
  return orElse(() => {
    const threads = readdirSync(folder).flatMap((thread) => orElse(() => [readThread(thread)], []))
    return { threads: new Map(threads), residentBytes: parseResident(readFileSync(`/proc/${pid}/status`, 'utf8')) }
  }, undefined)
}

/**
 * Processes and all that they have started, as if they were one: a server may be several processes. Memory that they share is
 * counted in each. Undefined when none is there.
 */
export function readFamily(...pids: readonly number[]): ProcessReading | undefined {
  const all = pids.flatMap((pid) => {
    const own = readProcess(pid)
    return own === undefined ? [] : [own, readFamily(...childrenOf(pid)) ?? []].flat()
  })
  if (all.length === 0) return undefined
  return {
    threads: new Map(all.flatMap(({ threads }) => [...threads])),
    residentBytes: all.reduce((sum, { residentBytes }) => sum + residentBytes, 0),
  }
}

/** How long all threads of a process ran, those that have ended excepted. */
export function ranMs(pid: number): number | undefined {
  const reading = readProcess(pid)
  return reading && [...reading.threads.values()].reduce((sum, { ranMs }) => sum + ranMs, 0)
}

/** The flags of Node that a process runs with, but for what it requires; none where there is no /proc. */
export function flagsOf(pid: number): string[] {
  const words = orElse(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(1), [])
  const end = words.findIndex((word) => !word.startsWith('-') || word === '--require')
  return words.slice(0, Math.max(0, end))
}

/** None where the kernel does not list them. */
function childrenOf(pid: number): number[] {
  const folder = `/proc/${pid}/task`
  const read = (thread: string) => readFileSync(`${folder}/${thread}/children`, 'utf8').split(' ')
  return orElse(() => readdirSync(folder).flatMap(read).filter(Boolean).map(Number), [])
}

/** Undefined when one of the readings is. */
export function useBetween(
  before: ProcessReading | undefined,
  after: ProcessReading | undefined,
  wallMs: number,
): ProcessUse | undefined {
  if (before === undefined || after === undefined) return undefined
  const uses = [...after.threads].map(([thread, { ranMs, queuedMs }]) => {
    const start = before.threads.get(thread) ?? { ranMs: 0, queuedMs: 0 }
    return { ranMs: ranMs - start.ranMs, queuedMs: queuedMs - start.queuedMs }
  })
  const cpuMs = uses.reduce((sum, { ranMs }) => sum + ranMs, 0)
  const busiest = uses.reduce((most, use) => (use.ranMs > most.ranMs ? use : most), { ranMs: 0, queuedMs: 0 })
  const share = (ms: number) => (wallMs > 0 ? ms / wallMs : 0)
  return {
    cpuMs,
    cpuShare: share(cpuMs),
    busiestThreadShare: share(busiest.ranMs),
    queuedShare: share(busiest.queuedMs),
    residentBytes: after.residentBytes,
  }
}

/** "VmRSS:	  134672 kB" and so on. @throws Error when it says nothing of memory, as for a process that has just ended */
export function parseResident(status: string, field = 'VmRSS'): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]
  if (kilobytes === undefined) throw new Error(`/proc/<pid>/status has no ${field}`)
  return Number(kilobytes) * 1024
}

/** The most memory that a process has had at a time, in bytes; undefined where there is no /proc, and once it has ended. */
export function peakBytesOf(pid: number | undefined): number | undefined {
  return orElse(() => parseResident(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmHWM'), undefined)
}

/** "3649867060 5879356183 2858": ran, queued, time slices. */
export function parseSchedstat(text: string): ThreadTimes {
  const [ran, queued] = text.split(' ').map(Number)
  return { ranMs: ran! / 1e6, queuedMs: queued! / 1e6 }
}
