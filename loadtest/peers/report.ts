// A report: everything that one comparison found. The JSON is this, as it stands.

import type { Machine } from '../measure/machine.ts'
import type { Measured, MeasuredMemory, Protocol } from './measured.ts'
import type { SystemName } from './systems.ts'
import type { Judged } from './targets.ts'
import type { MemoryWorkload, Workload } from './workloads.ts'

export interface PeersReport {
  readonly title: 'Encke beside its peers'
  readonly date: string
  readonly command: string
  readonly commit: string | undefined
  readonly machine: Machine
  readonly rounds: number
  readonly systems: readonly PlayedSystem[]
  /** In the order of the table. */
  readonly workloads: readonly Workload[]
  readonly firstRuns: readonly Workload[]
  readonly memoryWorkloads: readonly MemoryWorkload[]
  readonly measured: readonly Measured[]
  readonly memory: readonly MeasuredMemory[]
  readonly targets: readonly Judged[]
}

export interface PlayedSystem {
  readonly name: SystemName
  readonly difference: string
  readonly memory: string
  /** What it said it is, with its versions; undefined when it was skipped. */
  readonly version: string | undefined
  /** Why it is not there. */
  readonly skipped: string | undefined
}

/** One line of the table: what a system took at a workload. */
export interface Line {
  readonly system: SystemName
  readonly measured: Measured | undefined
  /** Why it was not measured, or not as often as wanted. */
  readonly remark: string | undefined
}

export function measuredOf(
  { measured }: Pick<PeersReport, 'measured'>,
  { name }: Workload,
  system: SystemName,
  protocol: Protocol,
): Measured | undefined {
  return measured.find((one) => one.system === system && one.workload === name && one.protocol === protocol)
}

/** A line for each system that was asked for: also for those that were skipped, or left out of this size. */
export function linesOf(report: PeersReport, workload: Workload, protocol: Protocol): Line[] {
  return report.systems
    .filter(({ name }) => name !== 'go-1' || workload.systems.includes(name))
    .map(({ name: system, skipped }) => {
      const measured = measuredOf(report, workload, system, protocol)
      if (measured === undefined)
        return { system, measured, remark: skipped === undefined ? 'not at this size' : 'skipped' }
      const runs = measured.ms.filter((ms) => ms !== undefined).length
      const remark = measured.stopped && `${runs} of ${measured.ms.length} rounds: ${measured.stopped}`
      return { system, measured, remark }
    })
}
