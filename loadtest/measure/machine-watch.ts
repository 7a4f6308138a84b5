// Whether a machine had something else to do while it measured: figures of a busy machine are to be taken with care.
//
// From /proc/stat, over all cores: what was stolen by other machines on the same hardware, and what ran here and belonged neither
// to this process nor to one that it has started and that has ended since. Where there is no /proc, only the load average
// tells.

import { readFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'

/** Shares are of all cores together. */
export interface Busyness {
  readonly cores: number
  /** Runnable processes over the minute before. */
  readonly loadBefore: number
  /** Undefined where there is no /proc. */
  readonly stolenShare: number | undefined
  readonly othersShare: number | undefined
}

/** For each core. The load test's own processes of a minute ago are in it, so it is not much. */
const busyLoad = 0.5
const busyStolen = 0.01
const busyOthers = 0.05

export class MachineWatch {
  readonly #loadBefore = loadavg()[0] ?? 0
  readonly #before = readTicks()

  end(): Busyness {
    const [before, after] = [this.#before, readTicks()]
    const cores = availableParallelism()
    if (before === undefined || after === undefined) {
      return { cores, loadBefore: this.#loadBefore, stolenShare: undefined, othersShare: undefined }
    }
    const [all, stolen, busy, own] = (['all', 'stolen', 'busy', 'own'] as const).map(
      (name) => after[name] - before[name],
    )
    const share = (ticks: number) => (all === 0 ? 0 : Math.max(0, ticks) / all!)
    return { cores, loadBefore: this.#loadBefore, stolenShare: share(stolen!), othersShare: share(busy! - own!) }
  }
}

/** One line when the machine was busy, and none otherwise. */
export function busyText({ cores, loadBefore, stolenShare = 0, othersShare = 0 }: Busyness): string[] {
  const percent = (share: number) => `${(share * 100).toFixed(1)} % of its processor time`
  const reasons = [
    ...(loadBefore > busyLoad * cores ? [`a load of ${loadBefore.toFixed(1)} before the test on ${cores} cores`] : []),
    ...(othersShare > busyOthers ? [`${percent(othersShare)} went to other processes`] : []),
    ...(stolenShare > busyStolen ? [`${percent(stolenShare)} was stolen by other machines`] : []),
  ]
  return reasons.length === 0
    ? []
    : [`WARNING: the machine was busy, so take these figures with care: ${reasons.join('; ')}.`]
}

interface Ticks {
  readonly all: number
  readonly busy: number
  readonly stolen: number
  readonly own: number
}

/** Undefined where there is no /proc. */
function readTicks(): Ticks | undefined {
  try {
    return parseTicks(readFileSync('/proc/stat', 'utf8'), readFileSync('/proc/self/stat', 'utf8'))
  } catch {
    return undefined
  }
}

/** "cpu  user nice system idle iowait irq softirq steal …", and a process's utime, stime, cutime and cstime. */
export function parseTicks(system: string, self: string): Ticks {
  const [user, nice, kernel, idle, waiting, irq, softIrq, stolen] = /^cpu +(.*)$/m
    .exec(system)![1]!
    .split(' ')
    .map(Number)
  // What interrupts take is nobody's: on loopback it is the load.
  const busy = user! + nice! + kernel!
  // Behind the name, which may hold anything: the state is the third field, utime the fourteenth.
  const fields = self
    .slice(self.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const own = fields.slice(11, 15).reduce((sum, ticks) => sum + ticks, 0)
  return { all: busy + irq! + softIrq! + idle! + waiting! + stolen!, busy, stolen: stolen!, own }
}
