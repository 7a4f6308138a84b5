// Plots of a comparison, as data.

import type { Plot } from '../report/plots.ts'
import type { Protocol } from './measured.ts'
import { spreadOf } from './measured.ts'
import type { PeersReport } from './report.ts'
import { measuredOf } from './report.ts'
import type { SystemName } from './systems.ts'
import type { MemoryWorkload, Workload } from './workloads.ts'

/** Every run of every system, in the order in which they came: what drifts, and what scatters, is seen here. */
export function roundsPlot({ measured }: PeersReport, workload: Workload, protocol: Protocol): Plot[] {
  const series = measured
    .filter((one) => one.workload === workload.name && one.protocol === protocol)
    .map(({ system, ms }) => ({ label: system, ...pointsOf(ms) }))
    .filter(({ x }) => x.length > 0)
  if (series.length === 0) return []
  return [
    {
      title: `Each run, ${protocol}`,
      kind: 'lines',
      x: { label: 'round', unit: '', scale: 'linear', isCount: true },
      y: { label: 'wall time', unit: 'ms', scale: 'logarithmic' },
      series,
    },
  ]
}

/** What one unit costs at each size of a program, where there are several. */
export function scalePlot(
  report: PeersReport,
  title: string,
  workloads: readonly Workload[],
  protocol: Protocol,
): Plot[] {
  const series = report.systems
    .map(({ name }) => ({ label: name, ...costsOf(report, workloads, name, protocol) }))
    .filter(({ x }) => x.length > 1)
  const unit = workloads[0]?.unit
  if (series.length === 0 || unit === undefined) return []
  return [
    {
      title: `${title}, ${protocol}`,
      kind: 'lines',
      x: { label: `${unit}s`, unit: '', scale: 'logarithmic' },
      y: { label: `for each ${unit}`, unit: 'ns', scale: 'logarithmic' },
      series,
    },
  ]
}

export function memoryPlot({ memory }: PeersReport, { name, title }: MemoryWorkload): Plot[] {
  const all = memory.flatMap(({ workload, system, bytesEach }) => {
    const median = workload === name ? spreadOf(bytesEach)?.median : undefined
    return median === undefined ? [] : [{ system, median }]
  })
  if (all.length === 0) return []
  return [
    {
      title,
      kind: 'bars',
      x: { label: 'system', unit: '', scale: 'linear', names: all.map(({ system }) => system) },
      y: { label: 'live bytes for each', unit: 'B', scale: 'linear' },
      series: [{ label: 'bytes', x: all.map((_, at) => at + 1), y: all.map(({ median }) => median) }],
    },
  ]
}

function pointsOf(ms: readonly (number | undefined)[]): { x: number[]; y: number[] } {
  const points = ms.flatMap((value, round) => (value === undefined ? [] : [[round + 1, value] as const]))
  return { x: points.map(([x]) => x), y: points.map(([, y]) => y) }
}

function costsOf(
  report: PeersReport,
  workloads: readonly Workload[],
  system: SystemName,
  protocol: Protocol,
): { x: number[]; y: number[] } {
  const costs = workloads.flatMap((workload) => {
    const median = spreadOf(measuredOf(report, workload, system, protocol)?.ms ?? [])?.median
    return median === undefined ? [] : [{ units: workload.units, nanoseconds: (median * 1e6) / workload.units }]
  })
  return { x: costs.map(({ units }) => units), y: costs.map(({ nanoseconds }) => nanoseconds) }
}
