// The command line of the load test.

export interface Flags {
  /** Names of scenarios, in the order in which they run. */
  readonly only: readonly string[]
  readonly durationMs: number
  readonly isQuick: boolean
  readonly hasProfile: boolean
}

export type Command = { readonly kind: 'help' } | { readonly kind: 'run'; readonly flags: Flags }

/** The command line cannot be understood; the message is one line for whoever typed it. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

const usualSeconds = 10
const quickSeconds = 3
const longestSeconds = 600

/** @throws UsageError */
export function readCommand(argv: readonly string[], known: readonly string[]): Command {
  const given = new Map<string, string>()
  for (let at = 0; at < argv.length; at += 1) {
    const [flag, inline] = split(argv[at]!)
    if (flag === '--help' || flag === '-h') return { kind: 'help' }
    if (given.has(flag)) throw new UsageError(`${flag} is given twice: give it once`)
    if (flag === '--quick' || flag === '--profile') {
      if (inline !== undefined) throw new UsageError(`${flag} takes no value (got ${inline})`)
      given.set(flag, '')
    } else if (flag === '--only' || flag === '--duration') {
      const value = inline ?? argv[(at += 1)]
      if (value === undefined) throw new UsageError(`${flag} needs a value`)
      given.set(flag, value)
    } else {
      throw new UsageError(`unknown flag ${argv[at]}: there are --only, --quick, --duration, --profile and --help`)
    }
  }
  const isQuick = given.has('--quick')
  const seconds = readSeconds(given.get('--duration')) ?? (isQuick ? quickSeconds : usualSeconds)
  const only = readOnly(given.get('--only'), known) ?? known
  return { kind: 'run', flags: { only, isQuick, durationMs: seconds * 1_000, hasProfile: given.has('--profile') } }
}

export function usage(scenarios: readonly { readonly name: string; readonly title: string }[]): string {
  return `Put a server of its own under load, on loopback, and check that it keeps its promises.

  npm run loadtest                       every scenario
  npm run loadtest -- --only a,b         only these
  npm run loadtest -- --quick            every scenario, within two minutes
  npm run loadtest -- --duration 30      seconds of load for each scenario that has a duration (${usualSeconds}; with --quick ${quickSeconds})
  npm run loadtest -- --profile          with a CPU profile of each server, in loadtest/reports/<scenario>.cpuprofile

scenarios
${scenarios.map(({ name, title }) => `  ${name.padEnd(14)} ${title}`).join('\n')}

A table comes at the end, and a page with plots and the same as JSON in loadtest/reports/. The exit code is 0 when every
invariant held, 1 when one broke, 2 when the command line cannot be understood.
`
}

function readSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (seconds >= 1 && seconds <= longestSeconds) return seconds
  throw new UsageError(`--duration must be a number of seconds from 1 to ${longestSeconds} (got ${text})`)
}

function readOnly(text: string | undefined, known: readonly string[]): string[] | undefined {
  if (text === undefined) return undefined
  const names = text.split(',').map((name) => name.trim())
  const stranger = names.find((name) => !known.includes(name))
  if (stranger !== undefined) {
    throw new UsageError(
      `--only must name scenarios, separated by commas: ${known.join(', ')} (got ${stranger || text})`,
    )
  }
  return [...new Set(names)]
}

function split(argument: string): [flag: string, inline: string | undefined] {
  const equals = argument.indexOf('=')
  return equals < 0 ? [argument, undefined] : [argument.slice(0, equals), argument.slice(equals + 1)]
}
