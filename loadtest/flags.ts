// The command line of the load test.

export interface Flags {
  /** Names of scenarios, in the order in which they run. */
  readonly only: readonly string[]
  readonly durationMs: number
  readonly isQuick: boolean
  readonly hasProfile: boolean
  /** Names of peers to be laid beside. */
  readonly peers: readonly string[]
}

/** The names of scenarios and of peers. */
export interface Known {
  /** Run when nothing is named. */
  readonly usual: readonly string[]
  /** Run when nothing is named and there are peers to be laid beside. */
  readonly hotPath: readonly string[]
  /** Run only when they are named. */
  readonly large: readonly string[]
  readonly peers: readonly string[]
}

export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'run'; readonly flags: Flags }
  | { readonly kind: 'against'; readonly commit: string; readonly isQuick: boolean }

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
export function readCommand(argv: readonly string[], known: Known): Command {
  const given = new Map<string, string>()
  for (let at = 0; at < argv.length; at += 1) {
    const [flag, inline] = split(argv[at]!)
    if (flag === '--help' || flag === '-h') return { kind: 'help' }
    if (given.has(flag)) throw new UsageError(`${flag} is given twice: give it once`)
    if (flag === '--peers') given.set(flag, inline ?? known.peers.join())
    else if (flag === '--quick' || flag === '--profile') {
      if (inline !== undefined) throw new UsageError(`${flag} takes no value (got ${inline})`)
      given.set(flag, '')
    } else if (flag === '--only' || flag === '--duration' || flag === '--against') {
      const value = inline ?? argv[(at += 1)]
      if (value === undefined) throw new UsageError(`${flag} needs a value`)
      given.set(flag, value)
    } else if (argv[at - 1] === '--peers' && !flag.startsWith('-')) {
      throw new UsageError(`--peers takes its names behind an equals sign: --peers=${argv[at]}`)
    } else {
      throw new UsageError(
        `unknown flag ${argv[at]}: there are --only, --peers, --against, --quick, --duration, --profile and --help`,
      )
    }
  }
  const isQuick = given.has('--quick')
  const commit = given.get('--against')
  if (commit !== undefined) {
    const other = [...given.keys()].find((flag) => flag !== '--against' && flag !== '--quick')
    if (other !== undefined)
      throw new UsageError(`${other} cannot be given with --against, which measures the same each time`)
    return { kind: 'against', commit, isQuick }
  }
  const seconds = readSeconds(given.get('--duration')) ?? (isQuick ? quickSeconds : usualSeconds)
  const all = [...known.usual, ...known.hotPath, ...known.large]
  const peers = readNames('--peers', 'peers', given.get('--peers'), known.peers) ?? []
  const usual = given.has('--peers') ? known.hotPath : known.usual
  const only = readNames('--only', 'scenarios', given.get('--only'), all) ?? usual
  return {
    kind: 'run',
    flags: { only, isQuick, durationMs: seconds * 1_000, hasProfile: given.has('--profile'), peers },
  }
}

type Named = { readonly name: string; readonly title: string }

export function usage(
  usual: readonly Named[],
  hotPath: readonly Named[],
  large: readonly Named[],
  peers: readonly string[],
): string {
  const list = (scenarios: readonly Named[]) =>
    scenarios.map(({ name, title }) => `  ${name.padEnd(16)} ${title}`).join('\n')
  return `Put a server of its own under load, on loopback, and check that it keeps its promises.

  npm run loadtest                       every scenario
  npm run loadtest -- --only a,b         only these
  npm run loadtest -- --peers            the scenarios of the hot path, with other servers beside ours
  npm run loadtest -- --peers=nchan,faye with these: ${peers.join(', ')}
  npm run loadtest -- --against HEAD~1   costs of this checkout in times of another commit's, in pairs, some ten minutes
  npm run loadtest -- --quick            shorter: every scenario within two minutes
  npm run loadtest -- --duration 30      seconds of load for each scenario that has a duration (${usualSeconds}; with --quick ${quickSeconds})
  npm run loadtest -- --profile          with a CPU profile of each server, in loadtest/reports/<scenario>.cpuprofile

scenarios
${list(usual)}

of the hot path: with --peers, or by --only, which without --peers measures ours alone
${list(hotPath)}

only when named, as it is large
${list(large)}

A table comes at the end, and a page with plots and the same as JSON in loadtest/reports/. The exit code is 0 when every
invariant held (with --against: when no median ratio is above 1.03), 1 when one broke, 2 when the command line cannot be understood, and 130 after Ctrl-C.
`
}

function readSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (seconds >= 1 && seconds <= longestSeconds) return seconds
  throw new UsageError(`--duration must be a number of seconds from 1 to ${longestSeconds} (got ${text})`)
}

function readNames(
  flag: string,
  what: string,
  text: string | undefined,
  known: readonly string[],
): string[] | undefined {
  if (text === undefined) return undefined
  const names = text.split(',').map((name) => name.trim())
  const stranger = names.find((name) => !known.includes(name))
  if (stranger !== undefined) {
    throw new UsageError(
      `${flag} must name ${what}, separated by commas: ${known.join(', ')} (got ${stranger || text})`,
    )
  }
  return [...new Set(names)]
}

function split(argument: string): [flag: string, inline: string | undefined] {
  const equals = argument.indexOf('=')
  return equals < 0 ? [argument, undefined] : [argument.slice(0, equals), argument.slice(equals + 1)]
}
