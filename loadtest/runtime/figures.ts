// What was measured of the systems, every run and not only their middle; and the targets of speed and memory, judged by medians of
// at least nine runs, in each protocol. A ratio to a system is the median of the ratios round by round.
//
// A target that cannot be judged is neither met nor missed: a system is not on this machine, or there were too few runs.

import { ratio } from '../report/figures.ts'
import { type Bound, judged, type Target } from '../targets.ts'
import type { SystemName } from './systems.ts'

/**
 * How runs follow each other. `back to back` leaves garbage to the next run, as a busy process does; with `collected` each
 * system collects its own before each run, outside of the time; `first` is the first run of a fresh process.
 */
export type Protocol = 'back to back' | 'collected' | 'first'

export interface Measured {
  readonly workload: string
  readonly system: SystemName
  /** `parked`: no time, but live bytes for each coroutine that waits, each time in a fresh process. */
  readonly protocol: Protocol | 'parked'
  /** Milliseconds of one run, or bytes, for each round; undefined for a round that was left out. */
  readonly values: readonly (number | undefined)[]
  /** How often the program was played for one such figure, one after the other. */
  readonly times: number
  /** The most memory that the process has had, with whatever garbage there was. */
  readonly peakBytes: number | undefined
  /** Why there are fewer rounds than wanted. */
  readonly stopped: string | undefined
}

export interface Spread {
  readonly runs: number
  readonly median: number
  readonly range: readonly [number, number]
  /** A quarter of them is below the first, a quarter above the second. */
  readonly quartiles: readonly [number, number]
}

/** Undefined of nothing. */
export function spreadOf(values: readonly (number | undefined)[]): Spread | undefined {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b)
  if (sorted.length === 0) return undefined
  const at = (share: number) => quantile(sorted, share)
  return { runs: sorted.length, median: at(0.5), range: [at(0), at(1)], quartiles: [at(0.25), at(0.75)] }
}

/** Between two values on a straight line. */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!]
  return below + (above - below) * (place - Math.floor(place))
}

/** What a system took, as a multiple of what was taken here, round by round: what slowed one slowed the other. */
export function ratiosOf(theirs: Measured, ours: Measured): (number | undefined)[] {
  return theirs.values.map((value, round) => ratio(value, ours.values[round]))
}

/** A figure, and of how few runs it is made; without a value a sentence that says why. */
interface Figure {
  readonly value?: number | undefined
  readonly runs: number
  readonly why: string
}

export class Figures {
  readonly all: Measured[] = []

  of(workload: string, system: SystemName, protocol: Measured['protocol']): Measured | undefined {
    return this.all.find((one) => one.workload === workload && one.system === system && one.protocol === protocol)
  }

  median(workload: string, protocol: Measured['protocol']): Figure {
    return figureOf(this.of(workload, 'encke', protocol)?.values, 'encke', workload)
  }

  /** What a system took, in what Encke took. */
  ratio(workload: string, system: SystemName, protocol: Measured['protocol']): Figure {
    const [theirs, ours] = [this.of(workload, system, protocol), this.of(workload, 'encke', protocol)]
    return figureOf(theirs && ours && ratiosOf(theirs, ours), theirs === undefined ? system : 'encke', workload)
  }
}

function figureOf(values: Measured['values'] = [], system: SystemName, workload: string): Figure {
  const spread = spreadOf(values)
  return { value: spread?.median, runs: spread?.runs ?? 0, why: `${system} was not measured at ${workload}` }
}

/** What one unit of the first costs, in what one of the second costs. */
function dividing(first: Figure, firstUnits: number, second: Figure, secondUnits: number): Figure {
  const [missing] = [first, second].filter(({ value }) => value === undefined)
  if (missing !== undefined) return missing
  const value = first.value! / firstUnits / (second.value! / secondUnits)
  return { value, runs: Math.min(first.runs, second.runs), why: '' }
}

export const fewestRuns = 9

interface RuntimeBound extends Bound {
  readonly protocols: readonly Measured['protocol'][]
  figure(figures: Figures, protocol: Measured['protocol']): Figure
}

const both: readonly Protocol[] = ['back to back', 'collected']

export const runtimeBounds: readonly RuntimeBound[] = [
  faster('chain-100000', 'go', 4),
  faster('chain-1000000', 'go', 3),
  faster('chain-100000', 'go', 1, ['first']),
  faster('hackysack-10000x1000', 'go', 3),
  faster('hackysack-1000x1000000', 'go', 1.5),
  faster('hackysack-1000000x1000', 'go', 1),
  {
    // Hackysack takes aP + bT for P players and T turns. Then what one of P + T costs at either large size is at most twice
    // what it costs at 1,000 × 1,000, whatever a and b are; and as a link may, it may cost twice as much where there are a million.
    what: 'hackysack: cost of one of P + T at the larger sizes, in one of 1,000 × 1,000',
    unit: '×',
    atMost: 4,
    protocols: both,
    figure: (figures, protocol) => {
      const small = figures.median('hackysack-1000x1000', protocol)
      const large = ['hackysack-1000000x1000', 'hackysack-1000x1000000'].map((workload) =>
        dividing(figures.median(workload, protocol), 1_001_000, small, 2_000),
      )
      // The one that is missing, or the worse of the two.
      const costOf = ({ value = Number.POSITIVE_INFINITY }: Figure) => value
      return large.reduce((worst, one) => (costOf(one) > costOf(worst) ? one : worst))
    },
  },
  faster('ping-pong-1000000', 'go-1', 1),
  faster('chain-100000', 'js-csp', 10),
  faster('chain-100000', 'effection', 10),
  faster('chain-100000', 'effect', 10),
  {
    what: 'chain: cost of a link of 1,000,000, in one of 1,000',
    unit: '×',
    atMost: 2,
    protocols: both,
    figure: (figures, protocol) => {
      const small = figures.median('chain-1000', protocol)
      return dividing(figures.median('chain-1000000', protocol), 1_000_000, small, 1_000)
    },
  },
  {
    what: 'memory of a parked coroutine and its channel, of 1,000,000',
    unit: 'bytes',
    atMost: 450,
    protocols: ['parked'],
    figure: (figures) => figures.median('parked-1000000', 'parked'),
  },
]

function faster(workload: string, system: SystemName, atLeast: number, protocols = both): RuntimeBound {
  const figure: RuntimeBound['figure'] = (figures, protocol) => figures.ratio(workload, system, protocol)
  return { what: `${workload}: ${system}'s time, in Encke's`, unit: '×', atLeast, protocols, figure }
}

/** One for each protocol of each bound. */
export function judgeRuntime(figures: Figures): Target[] {
  return runtimeBounds.flatMap(({ protocols, figure, ...bound }) =>
    protocols.map((protocol): Target => {
      const { value, runs, why } = figure(figures, protocol)
      const what = protocol === 'parked' ? bound.what : `${bound.what}, ${protocol}`
      if (runs >= fewestRuns) return judged({ ...bound, what }, value)
      const few = value === undefined ? why : `${runs} of ${fewestRuns} runs`
      return { ...bound, what, value, verdict: 'not judged', why: few }
    }),
  )
}
