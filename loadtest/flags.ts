// The command line of the load test.

import type { Scenario } from './scenario.ts'

export interface Flags {
  /** Names of scenarios, in the order in which they run. */
  readonly only: readonly string[]
  readonly durationMs: number
  readonly isQuick: boolean
  readonly hasProfile: boolean
  /** Names of peers to be laid beside. */
  readonly peers: readonly string[]
  readonly rounds: number | undefined
}

type Named = Pick<Scenario, 'name' | 'title' | 'peers' | 'isLong'>

/** `usual` run when nothing is named, `hotPath` with --peers, `runtime` with --runtime, `large` only when named. */
export type Known = Readonly<Record<'usual' | 'hotPath' | 'runtime' | 'large', readonly Named[]>>

export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'run'; readonly flags: Flags }
  | { readonly kind: 'against'; readonly commit: string; readonly isQuick: boolean }

/** The command line cannot be understood; the message is one line for whoever typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const usualSeconds = 10
const quickSeconds = 3
const withValue = ['--only', '--duration', '--rounds', '--against']
const withNone = ['--quick', '--profile', '--runtime']

/** @throws UsageError */
export function readCommand(argv: readonly string[], known: Known): Command {
  const given = readFlags(argv)
  if (given === 'help') return { kind: 'help' }
  const isQuick = given.has('--quick')
  const commit = given.get('--against')
  if (commit !== undefined) {
    const other = [...given.keys()].find((flag) => flag !== '--against' && flag !== '--quick')
    if (other === undefined) return { kind: 'against', commit, isQuick }
    throw new UsageError(`${other} cannot be given with --against, which measures the same each time`)
  }
  const isRuntime = given.has('--runtime')
  const scenarios = readNames(
    '--only',
    'scenarios',
    given.get('--only'),
    allOf(known).map(({ name }) => name),
  )
  const group = isRuntime ? known.runtime : given.has('--peers') ? known.hotPath : known.usual
  const only = scenarios ?? group.filter(({ isLong }) => !isQuick || isLong !== true).map(({ name }) => name)
  return {
    kind: 'run',
    flags: {
      only,
      isQuick,
      durationMs: 1_000 * (readNumber(given, '--duration', 600) ?? (isQuick ? quickSeconds : usualSeconds)),
      hasProfile: given.has('--profile'),
      peers: readPeers(
        given.get('--peers'),
        allOf(known).filter(({ name }) => only.includes(name)),
        known,
      ),
      rounds: readNumber(given, '--rounds', 1_000),
    },
  }
}

function readFlags(argv: readonly string[]): Map<string, string> | 'help' {
  const given = new Map<string, string>()
  for (let at = 0; at < argv.length; at += 1) {
    const [flag = '', inline] = argv[at]!.split(/=(.*)/s, 2)
    if (flag === '--help' || flag === '-h') return 'help'
    if (given.has(flag)) throw new UsageError(`${flag} is given twice: give it once`)
    if (flag === '--peers') given.set(flag, inline ?? 'all')
    else if (withNone.includes(flag)) {
      if (inline !== undefined) throw new UsageError(`${flag} takes no value (got ${inline})`)
      given.set(flag, '')
    } else if (withValue.includes(flag)) {
      const value = inline ?? argv[(at += 1)]
      if (value === undefined) throw new UsageError(`${flag} needs a value`)
      given.set(flag, value)
    } else if (argv[at - 1] === '--peers' && !flag.startsWith('-')) {
      throw new UsageError(`--peers takes its names behind an equals sign: --peers=${argv[at]}`)
    } else {
      const all = [...withValue, '--peers', ...withNone].join(', ')
      throw new UsageError(`unknown flag ${argv[at]}: there are ${all} and --help`)
    }
  }
  return given
}

/** All of them for the runtime when nothing is said: it is measured to be compared. @throws UsageError */
function readPeers(text: string | undefined, chosen: readonly Named[], known: Known): readonly string[] {
  if (text === undefined) return peersOf(chosen.filter((scenario) => known.runtime.includes(scenario)))
  if (text === 'all') return peersOf(chosen)
  const names = readNames('--peers', 'peers', text, peersOf(allOf(known)))!
  const stranger = names.find((name) => !peersOf(chosen).includes(name))
  if (stranger === undefined) return names
  const scenarios = chosen.map(({ name }) => name).join(', ')
  throw new UsageError(
    `${stranger} has no part in ${scenarios}, which can have ${peersOf(chosen).join(', ') || 'no peer'}`,
  )
}

function allOf({ usual, hotPath, runtime, large }: Known): readonly Named[] {
  return [...usual, ...hotPath, ...runtime, ...large]
}

function peersOf(scenarios: readonly Named[]): string[] {
  return [...new Set(scenarios.flatMap(({ peers = [] }) => peers))]
}

export function usage(known: Known): string {
  const list = (scenarios: readonly Named[]) =>
    scenarios.map(({ name, title }) => `  ${name.padEnd(23)} ${title}`).join('\n')
  return `Put a server of its own under load, on loopback, and check that it keeps its promises.

  npm run loadtest                       every scenario
  npm run loadtest -- --only a,b         only these
  npm run loadtest -- --peers            the scenarios of the hot path, with other servers beside ours
  npm run loadtest -- --peers=nchan,faye with these: ${peersOf(known.hotPath).join(', ')}
  npm run loadtest -- --runtime          the runtime's programs here and on other systems (npm run bench:peers), half an hour
  npm run loadtest -- --runtime --peers=go,erlang
                                         with these: ${peersOf(known.runtime).join(', ')}
  npm run loadtest -- --rounds 21        how often a program of the runtime is played
  npm run loadtest -- --against HEAD~1   costs of this checkout in times of another commit's, in pairs, some ten minutes
  npm run loadtest -- --quick            shorter: every scenario within two minutes
  npm run loadtest -- --duration 30      seconds of load for each scenario that has a duration (${usualSeconds}; with --quick ${quickSeconds})
  npm run loadtest -- --profile          with a CPU profile of each server, in loadtest/reports/<scenario>.cpuprofile

scenarios
${list(known.usual)}

of the hot path: with --peers, or by --only, which without --peers measures ours alone
${list(known.hotPath)}

of the runtime, with --runtime or by --only
${list(known.runtime)}

only when named, as it is large
${list(known.large)}

A table comes at the end, and a page with plots and the same as JSON in loadtest/reports/. The exit code is 0 when every
invariant held (with --against: when no median ratio is above 1.03), 1 when one broke, 2 when the command line cannot be
understood, and 130 after Ctrl-C. A target that is missed does not change it.
`
}

/** @throws UsageError */
function readNumber(given: ReadonlyMap<string, string>, flag: string, most: number): number | undefined {
  const text = given.get(flag)
  if (text === undefined) return undefined
  const [pattern, what] = flag === '--rounds' ? [/^\d+$/, 'whole number'] : [/^\d+(\.\d+)?$/, 'number of seconds']
  const value = pattern.test(text) ? Number(text) : Number.NaN
  if (value >= 1 && value <= most) return value
  throw new UsageError(`${flag} must be a ${what} from 1 to ${most} (got ${text})`)
}

/** @throws UsageError */
function readNames(flag: string, what: string, text: string | undefined, known: readonly string[]) {
  const names = text?.split(',').map((name) => name.trim())
  const stranger = names?.find((name) => !known.includes(name))
  if (stranger === undefined) return names && [...new Set(names)]
  throw new UsageError(`${flag} must name ${what}, separated by commas: ${known.join(', ')} (got ${stranger || text})`)
}
