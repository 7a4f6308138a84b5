// The targets of speed and memory, and how each is judged: by medians of at least nine runs, in each protocol. A ratio to a
// peer is the median of the ratios round by round.
//
// A target that cannot be judged is neither met nor missed: a peer is not on this machine, or there were too few runs.

import type { Measured, MeasuredMemory, Protocol } from './measured.ts'
import { ratiosOf, spreadOf } from './measured.ts'
import type { SystemName } from './systems.ts'

export interface Target {
  readonly title: string
  readonly wanted: { readonly atLeast: number } | { readonly atMost: number }
  readonly unit: string
  /** None: it is of memory, which is measured in one way. */
  readonly protocols: readonly Protocol[] | undefined
  figure(figures: Figures, protocol: Protocol): Figure
}

/** A figure, and of how few runs it is made; a sentence where there is none. */
export type Figure = { readonly value: number; readonly runs: number } | { readonly why: string }

export interface Judged {
  readonly title: string
  readonly wanted: string
  /** One for each protocol. */
  readonly findings: readonly Finding[]
}

export interface Finding {
  readonly protocol: Protocol | 'after collection'
  readonly verdict: 'met' | 'missed' | 'not judged'
  readonly value: number | undefined
  readonly unit: string
  /** Why it is not judged. */
  readonly why: string | undefined
}

export const fewestRuns = 9

const both: readonly Protocol[] = ['back to back', 'collected']

export const targets: readonly Target[] = [
  faster('chain-100000', 'go', 4),
  faster('chain-1000000', 'go', 3),
  { ...faster('chain-100000', 'go', 1), title: "chain-100000, first run: go's time, in Encke's", protocols: ['first'] },
  faster('hackysack-10000x1000', 'go', 3),
  faster('hackysack-1000x1000000', 'go', 1.5),
  faster('hackysack-1000000x1000', 'go', 1),
  growsAsSum(),
  faster('ping-pong-1000000', 'go-1', 1),
  faster('chain-100000', 'js-csp', 10),
  faster('chain-100000', 'effection', 10),
  faster('chain-100000', 'effect', 10),
  {
    title: 'chain: cost of a link of 1,000,000, in one of 1,000',
    wanted: { atMost: 2 },
    unit: '×',
    protocols: both,
    figure: (figures, protocol) => {
      const large = figures.median('chain-1000000', 'encke', protocol)
      return dividing(large, 1_000_000, figures.median('chain-1000', 'encke', protocol), 1_000)
    },
  },
  {
    title: 'memory of a parked coroutine and its channel, of 1,000,000',
    wanted: { atMost: 450 },
    unit: 'bytes',
    protocols: undefined,
    figure: (figures) => figures.memory('parked-1000000', 'encke'),
  },
]

/** Medians by workload, system and protocol. */
export class Figures {
  readonly #measured: readonly Measured[]
  readonly #memory: readonly MeasuredMemory[]

  constructor(measured: readonly Measured[], memory: readonly MeasuredMemory[]) {
    this.#measured = measured
    this.#memory = memory
  }

  /** In milliseconds. */
  median(workload: string, system: SystemName, protocol: Protocol): Figure {
    return figureOf(this.#find(workload, system, protocol)?.ms, `${system} was not measured at ${workload}`)
  }

  /** What a peer took, in what Encke took. */
  ratio(workload: string, peer: SystemName, protocol: Protocol): Figure {
    const [theirs, ours] = [this.#find(workload, peer, protocol), this.#find(workload, 'encke', protocol)]
    const missing = theirs === undefined ? peer : 'encke'
    return figureOf(theirs && ours && ratiosOf(theirs, ours), `${missing} was not measured at ${workload}`)
  }

  /** In bytes for each coroutine. */
  memory(workload: string, system: SystemName): Figure {
    const found = this.#memory.find((one) => one.workload === workload && one.system === system)
    return figureOf(found?.bytesEach, `${system} was not measured at ${workload}`)
  }

  #find(workload: string, system: SystemName, protocol: Protocol): Measured | undefined {
    return this.#measured.find((one) => one.workload === workload && one.system === system && one.protocol === protocol)
  }
}

export function judge(all: readonly Target[], figures: Figures): Judged[] {
  return all.map((target) => {
    const { title, wanted, unit, protocols } = target
    const findings = (protocols ?? ['collected']).map((protocol): Finding => {
      const finding = judgeFigure(wanted, target.figure(figures, protocol))
      return { protocol: protocols === undefined ? 'after collection' : protocol, unit, ...finding }
    })
    const [word, limit] = 'atLeast' in wanted ? ['at least', wanted.atLeast] : ['at most', wanted.atMost]
    return { title, wanted: `${word} ${limit} ${unit}`, findings }
  })
}

function judgeFigure(wanted: Target['wanted'], figure: Figure): Pick<Finding, 'verdict' | 'value' | 'why'> {
  if ('why' in figure) return { verdict: 'not judged', value: undefined, why: figure.why }
  const { value, runs } = figure
  if (runs < fewestRuns) return { verdict: 'not judged', value, why: `${runs} of ${fewestRuns} runs` }
  const isMet = 'atLeast' in wanted ? value >= wanted.atLeast : value <= wanted.atMost
  return { verdict: isMet ? 'met' : 'missed', value, why: undefined }
}

function faster(workload: string, peer: SystemName, atLeast: number): Target {
  return {
    title: `${workload}: ${peer}'s time, in Encke's`,
    wanted: { atLeast },
    unit: '×',
    protocols: both,
    figure: (figures, protocol) => figures.ratio(workload, peer, protocol),
  }
}

/**
 * Hackysack takes aP + bT for P players and T turns. Then what one of P + T costs at either large size is at most twice
 * what it costs at 1,000 × 1,000, whatever a and b are; and as a link may, it may cost twice as much where there are a million.
 * A program that resumed everybody for every turn would be at 500.
 */
function growsAsSum(): Target {
  return {
    title: 'hackysack: cost of one of P + T at the larger sizes, in one of 1,000 × 1,000',
    wanted: { atMost: 4 },
    unit: '×',
    protocols: both,
    figure: (figures, protocol) => {
      const small = figures.median('hackysack-1000x1000', 'encke', protocol)
      const large = ['hackysack-1000000x1000', 'hackysack-1000x1000000'].map((workload) =>
        dividing(figures.median(workload, 'encke', protocol), 1_001_000, small, 2_000),
      )
      return large.reduce((most, one) => ('why' in most || (!('why' in one) && one.value < most.value) ? most : one))
    },
  }
}

/** What one unit of the first costs, in what one of the second costs. */
function dividing(first: Figure, firstUnits: number, second: Figure, secondUnits: number): Figure {
  if ('why' in first) return first
  if ('why' in second) return second
  const value = first.value / firstUnits / (second.value / secondUnits)
  return { value, runs: Math.min(first.runs, second.runs) }
}

function figureOf(values: readonly (number | undefined)[] | undefined, why: string): Figure {
  const spread = values === undefined ? undefined : spreadOf(values)
  return spread === undefined ? { why } : { value: spread.median, runs: spread.runs }
}
