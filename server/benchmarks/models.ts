// The models that a benchmark can be asked for, and what each of them cannot do.

import type { HackysackVariant } from '../../runtime/programs/hackysack-game.ts'

export const models = ['go', 'greenlet', 'stackless', 'axon', 'axon-busy', 'fibra', 'erlang', 'threads'] as const
export type Model = (typeof models)[number]

/** The sizes of a request that was read: what a model may object to. */
export type Sizes =
  | { readonly benchmark: 'chain'; readonly n: number; readonly repeat: number }
  | {
      readonly benchmark: 'hackysack'
      readonly players: number
      readonly turns: number
      readonly variant: HackysackVariant
      readonly repeat: number
    }

/** A thread is one of the operating system's. */
const mostThreads = 64
/** Of threads, in all runs: each is two threads' sleep and wake-up. */
const mostHandOvers = 1_000_000
/** Of coroutines that are resumed to look and find nothing, in all runs. */
const mostResumes = 100_000_000

/** The sizes that a model runs when none are given, where the usual ones are too large for it. */
export const smallerSizes: Readonly<Partial<Record<Model, Readonly<Record<'n' | 'players', number>>>>> = {
  'axon-busy': { n: 3_000, players: 1_000 },
  threads: { n: mostThreads, players: mostThreads },
}

/** Why these models have no rendezvous. */
const mailboxOnly: Readonly<Partial<Record<Model, string>>> = {
  greenlet: 'its writes never block',
  axon: 'its boxes are buffered',
  'axon-busy': 'its boxes are buffered',
  erlang: 'its sends never wait',
}

/** Why `model` cannot run what is asked for, as a sentence with what to do; undefined if it can. */
export function objection(model: Model, sizes: Sizes): string | undefined {
  return variantObjection(model, sizes) ?? workObjection(model, sizes)
}

function variantObjection(model: Model, sizes: Sizes): string | undefined {
  const reason = mailboxOnly[model]
  if (reason === undefined || sizes.benchmark === 'chain' || sizes.variant === 'mailbox') return undefined
  const others = models.filter((other) => mailboxOnly[other] === undefined)
  return `model "${model}" has no variant "rendezvous", because ${reason}: use "mailbox", or one of ${others.join(', ')}`
}

function workObjection(model: Model, sizes: Sizes): string | undefined {
  if (model === 'threads') return threadsObjection(sizes)
  if (model === 'axon-busy') return busyObjection(sizes)
  return undefined
}

function threadsObjection(sizes: Sizes): string | undefined {
  const [field, threads] = sizes.benchmark === 'chain' ? ['n', sizes.n] : ['players', sizes.players]
  if (threads > mostThreads) {
    return `${field} must be at most ${mostThreads} with model "threads", where each is a thread of the operating system (got ${threads})`
  }
  if (sizes.benchmark === 'chain' || sizes.turns * sizes.repeat <= mostHandOvers) return undefined
  return `turns × repeat must be at most ${mostHandOvers} with model "threads" (got ${product(sizes.turns, sizes.repeat)}): make one smaller`
}

function busyObjection(sizes: Sizes): string | undefined {
  if (sizes.benchmark === 'chain') {
    const { n, repeat } = sizes
    if ((n * n * repeat) / 2 <= mostResumes) return undefined
    return `n × n × repeat must be at most ${2 * mostResumes} with model "axon-busy", where each hop resumes every link (got ${product(n, n, repeat)}): make one smaller, or use "axon"`
  }
  const { players, turns, repeat } = sizes
  if (players * turns * repeat <= mostResumes) return undefined
  return `players × turns × repeat must be at most ${mostResumes} with model "axon-busy", where each kick resumes every player (got ${product(players, turns, repeat)}): make one smaller, or use "axon"`
}

function product(...factors: readonly number[]): string {
  return `${factors.join(' × ')} = ${factors.reduce((product, factor) => product * factor)}`
}
