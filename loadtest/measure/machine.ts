// Where figures come from, without which they mean nothing; and whether the machine had something else to do meanwhile.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import process from 'node:process'
import { canReadProcesses } from './process-reading.ts'

export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryBytes: number
  readonly operatingSystem: string
  readonly node: string
  /** Runnable processes over the last minute, before the test: above the number of cores the machine was busy already. */
  readonly loadBefore: number
  /** Whether CPU and memory of processes could be read. */
  readonly hasProc: boolean
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    operatingSystem: `${type()} ${release()}`,
    node: process.versions.node,
    loadBefore: loadavg()[0] ?? 0,
    hasProc: canReadProcesses,
  }
}

/** The commit that was tested, with `+` when files differ from it; undefined outside a checkout. */
export function describeCommit(cwd: string): string | undefined {
  const git = (...words: string[]) => execFileSync('git', words, { cwd, encoding: 'utf8', stdio: 'pipe' }).trim()
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+')
  } catch {
    return undefined
  }
}

/** Shares are of all cores together, and 0 where there is no /proc: only the load average tells then. */
export interface Busyness extends Pick<Machine, 'cores' | 'loadBefore'> {
  /** Taken by other machines on the same hardware. */
  readonly stolenShare: number
  /** Of what is neither this process nor one that it has started and that has ended since. */
  readonly othersShare: number
}

/** For each core. The load test's own processes of a minute ago are in it, so it is not much. */
const busyLoad = 0.5
const busyStolen = 0.01
const busyOthers = 0.05

/** Begin to watch; what is returned tells how busy the machine has been since. */
export function watchMachine({ cores, loadBefore }: Pick<Machine, 'cores' | 'loadBefore'>): () => Busyness {
  const before = readTicks()
  return () => {
    const after = readTicks()
    const gone = (name: keyof Ticks) => after[name] - before[name]
    const share = (ticks: number) => (gone('all') === 0 ? 0 : Math.max(0, ticks) / gone('all'))
    return { cores, loadBefore, stolenShare: share(gone('stolen')), othersShare: share(gone('busy') - gone('own')) }
  }
}

/** One line when the machine was busy, and none otherwise. */
export function busyText({ cores, loadBefore, stolenShare, othersShare }: Busyness): string[] {
  const percent = (share: number) => `${(share * 100).toFixed(1)} % of its processor time`
  const reasons = [
    ...(loadBefore > busyLoad * cores ? [`a load of ${loadBefore.toFixed(1)} before the test on ${cores} cores`] : []),
    ...(othersShare > busyOthers ? [`${percent(othersShare)} went to other processes`] : []),
    ...(stolenShare > busyStolen ? [`${percent(stolenShare)} was stolen by other machines`] : []),
  ]
  if (reasons.length === 0) return []
  return [`WARNING: the machine was busy, so take these figures with care: ${reasons.join('; ')}.`]
}

type Ticks = Readonly<Record<'all' | 'busy' | 'stolen' | 'own', number>>

/** All 0 where there is no /proc. */
function readTicks(): Ticks {
  try {
    return parseTicks(readFileSync('/proc/stat', 'utf8'), readFileSync('/proc/self/stat', 'utf8'))
  } catch {
    return { all: 0, busy: 0, stolen: 0, own: 0 }
  }
}

/** "cpu  user nice system idle iowait irq softirq steal …", and a process's utime, stime, cutime and cstime. */
export function parseTicks(system: string, self: string): Ticks {
  const ticks = /^cpu +(.*)$/m.exec(system)![1]!.split(' ').slice(0, 8).map(Number)
  const [user, nice, kernel, , , , , stolen] = ticks
  // Behind the name, which may hold anything: the state is the third field, utime the fourteenth.
  const fields = self
    .replace(/^.*\) /s, '')
    .split(' ')
    .map(Number)
  const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0)
  // What interrupts take belongs to no process: on loopback it is the load.
  return { all: sum(ticks), busy: user! + nice! + kernel!, stolen: stolen!, own: sum(fields.slice(11, 15)) }
}
