// What a benchmark is asked to do: read and checked once, here, and trusted by everything behind it.
//
// Always true of a request that was read: every field is set, every size within its limit, the work in all too, and the
// model is one that can run it. Nothing is ignored: a field that is not known is refused.

import type { HackysackVariant } from '../../runtime/programs/hackysack-game.ts'
import { clip, EnckeError } from '../errors.ts'
import type { Model } from './models.ts'
import { models, objection, smallerSizes } from './models.ts'

export interface ChainRequest {
  readonly benchmark: 'chain'
  readonly n: number
  readonly repeat: number
  readonly model: Model
}

export interface HackysackRequest {
  readonly benchmark: 'hackysack'
  readonly players: number
  readonly turns: number
  readonly variant: HackysackVariant
  readonly seed: number
  readonly repeat: number
  readonly model: Model
}

export type BenchmarkRequest = ChainRequest | HackysackRequest

interface WholeNumber {
  readonly smallest: number
  readonly largest: number
  readonly default: number
}

/** The range and the default of every number in a request. A model may want less than that. */
export const limits = {
  n: { smallest: 1, largest: 1_000_000, default: 100_000 },
  players: { smallest: 1, largest: 1_000_000, default: 1_000 },
  turns: { smallest: 1, largest: 10_000_000, default: 1_000 },
  seed: { smallest: 0, largest: 2 ** 32 - 1, default: 1 },
  repeat: { smallest: 1, largest: 100, default: 1 },
} as const satisfies Record<string, WholeNumber>

/** The most coroutines that one request may ask for, in all its runs together. */
const mostCoroutines = 20_000_000

export const variants: readonly HackysackVariant[] = ['mailbox', 'rendezvous']

/** The fields of each request, in the order in which they are documented. */
export const fields = {
  chain: ['n', 'repeat', 'model'],
  hackysack: ['players', 'turns', 'variant', 'seed', 'repeat', 'model'],
} as const

/**
 * Read a request for the chain from JSON; fields left out have their defaults.
 *
 * @throws EnckeError ENCKE_ERR_BENCHMARK_PARAMETERS, ENCKE_ERR_BENCHMARK_MODEL
 */
export function readChainRequest(value: unknown): ChainRequest {
  const given = readFields('chain', value)
  const model = readModel(given)
  const n = readNumber(given, 'n', smallerSizes[model]?.n)
  const repeat = readNumber(given, 'repeat')
  checkWork('n', n, repeat)
  return runnable({ benchmark: 'chain', n, repeat, model })
}

/**
 * Read a request for hackysack from JSON; fields left out have their defaults.
 *
 * @throws EnckeError ENCKE_ERR_BENCHMARK_PARAMETERS, ENCKE_ERR_BENCHMARK_MODEL
 */
export function readHackysackRequest(value: unknown): HackysackRequest {
  const given = readFields('hackysack', value)
  const model = readModel(given)
  const players = readNumber(given, 'players', smallerSizes[model]?.players)
  const turns = readNumber(given, 'turns')
  const variant = readVariant(given)
  const seed = readNumber(given, 'seed')
  const repeat = readNumber(given, 'repeat')
  if (variant === 'rendezvous' && players < 2) {
    throw refused(`players must be at least 2 with variant "rendezvous": nobody may kick to itself (got ${players})`)
  }
  checkWork('players', players, repeat)
  return runnable({ benchmark: 'hackysack', players, turns, variant, seed, repeat, model })
}

type Fields = Readonly<Record<string, unknown>>

function readFields(benchmark: keyof typeof fields, value: unknown): Fields {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused(`the parameters of ${benchmark} must be an object (got ${clip(value)})`)
  }
  const known: readonly string[] = fields[benchmark]
  const unknown = Object.keys(value).find((field) => !known.includes(field))
  if (unknown !== undefined) throw refused(`${benchmark} has no parameter ${clip(unknown)}: it has ${known.join(', ')}`)
  return { ...value }
}

function readNumber(given: Fields, field: keyof typeof limits, usual: number = limits[field].default): number {
  const { smallest, largest } = limits[field]
  const value = given[field] === undefined ? usual : given[field]
  if (typeof value === 'number' && Number.isInteger(value) && value >= smallest && value <= largest) return value
  throw refused(`${field} must be a whole number from ${smallest} to ${largest} (got ${clip(value)})`)
}

function readVariant(given: Fields): HackysackVariant {
  const value = given['variant'] === undefined ? 'mailbox' : given['variant']
  const variant = variants.find((known) => known === value)
  if (variant === undefined) throw refused(`variant must be one of ${variants.join(', ')} (got ${clip(value)})`)
  return variant
}

function readModel(given: Fields): Model {
  const value = given['model'] === undefined ? 'go' : given['model']
  const model = models.find((known) => known === value)
  if (model !== undefined) return model
  throw new EnckeError('ENCKE_ERR_BENCHMARK_MODEL', `model ${clip(value)} is unknown; available: ${models.join(', ')}`)
}

/** @throws EnckeError ENCKE_ERR_BENCHMARK_MODEL if the model cannot run it */
function runnable<Request extends BenchmarkRequest>(request: Request): Request {
  const reason = objection(request.model, request)
  if (reason !== undefined) throw new EnckeError('ENCKE_ERR_BENCHMARK_MODEL', reason)
  return request
}

function checkWork(field: 'n' | 'players', size: number, repeat: number): void {
  if (size * repeat <= mostCoroutines) return
  throw refused(
    `${field} × repeat must be at most ${mostCoroutines} (got ${size} × ${repeat} = ${size * repeat}): make one smaller`,
  )
}

function refused(message: string): EnckeError {
  return new EnckeError('ENCKE_ERR_BENCHMARK_PARAMETERS', message)
}
