// The command line of the benchmarks: `chain --n 100000 --repeat 5 --json`. Every parameter of a request is a flag, and
// `--model all` asks every model in turn.

import { clip, EnckeError } from '../errors.ts'
import type { Model } from './models.ts'
import { models } from './models.ts'
import type { BenchmarkRequest } from './request.ts'
import { fields, limits, readChainRequest, readHackysackRequest, variants } from './request.ts'

/** The command line cannot be understood; the message is one line for whoever typed it. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'run'; readonly requests: readonly BenchmarkRequest[]; readonly asJson: boolean }
  | ({ readonly kind: 'compare'; readonly asJson: boolean } & Comparison)

/** One request for each model that can run it, and the models that cannot. */
export interface Comparison {
  readonly requests: readonly BenchmarkRequest[]
  readonly skipped: readonly Skipped[]
}

export interface Skipped {
  readonly model: Model
  readonly reason: string
}

/**
 * Read the arguments after the script's name. Without any, both benchmarks run with their defaults.
 *
 * @throws UsageError
 */
export function readCommand(argv: readonly string[]): Command {
  if (argv.includes('--help') || argv.includes('-h')) return { kind: 'help' }
  const [benchmark, ...flags] = argv
  if (benchmark === undefined) {
    return { kind: 'run', requests: [readChainRequest({}), readHackysackRequest({})], asJson: false }
  }
  if (benchmark !== 'chain' && benchmark !== 'hackysack') {
    throw new UsageError(`name a benchmark first, chain or hackysack (got ${clip(benchmark)}); --help says more`)
  }
  const { parameters, asJson } = readFlags(benchmark, flags)
  if (parameters['model'] === 'all') return { kind: 'compare', asJson, ...readComparison(benchmark, parameters) }
  return { kind: 'run', requests: [readRequest(benchmark, parameters)], asJson }
}

export function usage(): string {
  return `Run a benchmark in this process and lay it beside the published figures.

  encke bench                        both, with their defaults
  encke bench chain [flags]          n coroutines in a row, each adds one
  encke bench hackysack [flags]      players kick a ball about

In a checkout: npm run bench -- chain [flags]

chain
${range('n', 'how many coroutines')}

hackysack
${range('players', 'how many coroutines')}
${range('turns', 'how often the ball is caught')}
${choice('variant', variants, 'buffered inboxes, or unbuffered channels')}
${range('seed', 'of the kicks')}

both
${range('repeat', 'how often to run it; the first run of a process is the slowest')}
${choice('model', models, 'the concurrency model')},
               or all: every model in turn, beside each other
  --json       print the report as JSON
  --help       print this
`
}

type Parameters = Record<string, unknown>

function readFlags(
  benchmark: keyof typeof fields,
  flags: readonly string[],
): { parameters: Parameters; asJson: boolean } {
  const parameters: Parameters = {}
  let asJson = false
  for (let at = 0; at < flags.length; at += 1) {
    const [flag, inline] = splitFlag(flags[at] as string)
    if (flag === '--json' && inline === undefined) {
      asJson = true
      continue
    }
    const field = fields[benchmark].find((known) => flag === `--${known}`)
    if (field === undefined) {
      const known = fields[benchmark].map((name) => `--${name}`).join(', ')
      throw new UsageError(`${benchmark} has no flag ${clip(flags[at])}: it has ${known}, --json, --help`)
    }
    if (Object.hasOwn(parameters, field)) throw new UsageError(`--${field} is given twice: give it once`)
    if (inline === undefined) at += 1
    const text = inline ?? flags[at]
    if (text === undefined) throw new UsageError(`--${field} needs a value`)
    parameters[field] = Object.hasOwn(limits, field) ? numberOr(text) : text
  }
  return { parameters, asJson }
}

function splitFlag(argument: string): [flag: string, inline: string | undefined] {
  const equals = argument.indexOf('=')
  return equals < 0 ? [argument, undefined] : [argument.slice(0, equals), argument.slice(equals + 1)]
}

/** What is no number stays a string, so that the complaint repeats what was typed. Underscores are welcome. */
function numberOr(text: string): number | string {
  return /^\d[\d_]*$/.test(text) ? Number(text.replaceAll('_', '')) : text
}

function readRequest(benchmark: keyof typeof fields, parameters: Parameters): BenchmarkRequest {
  try {
    return readJson(benchmark, parameters)
  } catch (error) {
    throw asUsageError(error)
  }
}

function readComparison(benchmark: keyof typeof fields, parameters: Parameters): Comparison {
  const requests: BenchmarkRequest[] = []
  const skipped: Skipped[] = []
  for (const model of models) {
    try {
      requests.push(readJson(benchmark, { ...parameters, model }))
    } catch (error) {
      // A size that no model can run is a mistake on the command line.
      if (!isRefusalOfModel(error)) throw asUsageError(error)
      skipped.push({ model, reason: error.message })
    }
  }
  return { requests, skipped }
}

function isRefusalOfModel(error: unknown): error is EnckeError {
  return error instanceof EnckeError && error.code === 'ENCKE_ERR_BENCHMARK_MODEL'
}

function readJson(benchmark: keyof typeof fields, parameters: Parameters): BenchmarkRequest {
  return benchmark === 'chain' ? readChainRequest(parameters) : readHackysackRequest(parameters)
}

function asUsageError(error: unknown): unknown {
  return error instanceof EnckeError ? new UsageError(error.message) : error
}

function range(field: keyof typeof limits, meaning: string): string {
  const { smallest, largest, default: usual } = limits[field]
  return `  --${field.padEnd(10)} ${meaning}: ${smallest} to ${largest}, default ${usual}`
}

function choice(field: string, values: readonly string[], meaning: string): string {
  return `  --${field.padEnd(10)} ${meaning}: ${values.join(' or ')}, default ${values[0]}`
}
