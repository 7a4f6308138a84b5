// The command line of the load test.

import { parseArgs } from 'node:util'
import { type Access, accesses } from './processes/access.ts'
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
  | { readonly kind: 'against'; readonly commit: string; readonly access: Access; readonly isQuick: boolean }

/** The command line cannot be understood; the message is one line for the user who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const usualSeconds = 10
const quickSeconds = 3
const withValue = ['only', 'duration', 'rounds', 'against', 'with']
const withNone = ['quick', 'profile', 'runtime']
/** With a value behind an equals sign, or with none, which means all of them. */
const all = [...withValue, 'peers', ...withNone]

/** @throws UsageError */
export function readCommand(argv: readonly string[], known: Known): Command {
  if (argv.includes('--help') || argv.includes('-h')) return { kind: 'help' }
  const given = readFlags(argv)
  const isQuick = given.has('quick')
  const commit = given.get('against')
  if (commit !== undefined) {
    const other = [...given.keys()].find((flag) => !['against', 'with', 'quick'].includes(flag))
    if (other === undefined) return { kind: 'against', commit, access: readAccess(given.get('with')), isQuick }
    throw new UsageError(`--${other} cannot be given with --against, which measures the same each time`)
  }
  if (given.has('with'))
    throw new UsageError('--with goes with --against: it says what both servers want of their clients')
  const named = readNames('only', 'scenarios', given.get('only'), namesOf(scenariosIn(known)))
  const group = given.has('runtime') ? known.runtime : given.has('peers') ? known.hotPath : known.usual
  const only = named ?? namesOf(group.filter(({ isLong }) => !isQuick || isLong !== true))
  const seconds = readNumber('duration', 'number of seconds', given.get('duration'), 600)
  const flags = {
    only,
    isQuick,
    durationMs: 1_000 * (seconds ?? (isQuick ? quickSeconds : usualSeconds)),
    hasProfile: given.has('profile'),
    peers: readPeers(given.get('peers'), only, known),
    rounds: readNumber('rounds', 'whole number', given.get('rounds'), 1_000),
  }
  return { kind: 'run', flags }
}

function readFlags(argv: readonly string[]): Map<string, string> {
  const given = new Map<string, string>()
  const options = Object.fromEntries(withValue.map((name) => [name, { type: 'string' as const }]))
  for (const token of parseArgs({ args: [...argv], options, strict: false, tokens: true }).tokens) {
    if (token.kind !== 'option' || !all.includes(token.name)) {
      const text = token.kind === 'option' ? token.rawName : argv[token.index]
      if (argv[token.index - 1] === '--peers' && token.kind === 'positional') {
        throw new UsageError(`--peers takes its names behind an equals sign: --peers=${text}`)
      }
      throw new UsageError(`unknown flag ${text}: there are ${all.map((name) => `--${name}`).join(', ')} and --help`)
    }
    const { name, value } = token
    if (given.has(name)) throw new UsageError(`--${name} is given twice: give it once`)
    if (withNone.includes(name) && value !== undefined) throw new UsageError(`--${name} takes no value (got ${value})`)
    if (withValue.includes(name) && value === undefined) throw new UsageError(`--${name} needs a value`)
    given.set(name, value ?? 'all')
  }
  return given
}

/** @throws UsageError */
function readAccess(text = 'open'): Access {
  const access = accesses.find((one) => one === text)
  if (access !== undefined) return access
  throw new UsageError(`--with must be one of ${accesses.join(', ')} (got ${text})`)
}

/** All of them for the runtime when nothing is said: it is measured to be compared. @throws UsageError */
function readPeers(text: string | undefined, only: readonly string[], known: Known): readonly string[] {
  const chosen = scenariosIn(known).filter(({ name }) => only.includes(name))
  if (text === undefined) return peersOf(chosen.filter((scenario) => known.runtime.includes(scenario)))
  if (text === 'all') return peersOf(chosen)
  const names = readNames('peers', 'peers', text, peersOf(scenariosIn(known)))!
  const stranger = names.find((name) => !peersOf(chosen).includes(name))
  if (stranger === undefined) return names
  const theirs = peersOf(chosen).join(', ') || 'no peer'
  throw new UsageError(`${stranger} has no part in ${namesOf(chosen).join(', ')}, which can have ${theirs}`)
}

function scenariosIn({ usual, hotPath, runtime, large }: Known): readonly Named[] {
  return [...usual, ...hotPath, ...runtime, ...large]
}

function namesOf(scenarios: readonly Named[]): string[] {
  return scenarios.map(({ name }) => name)
}

function peersOf(scenarios: readonly Named[]): string[] {
  return [...new Set(scenarios.flatMap(({ peers = [] }) => peers))]
}

/** @throws UsageError */
function readNumber(flag: string, what: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined
  const pattern = what === 'whole number' ? /^\d+$/ : /^\d+(\.\d+)?$/
  const value = pattern.test(text) ? Number(text) : Number.NaN
  if (value >= 1 && value <= most) return value
  throw new UsageError(`--${flag} must be a ${what} from 1 to ${most} (got ${text})`)
}

/** @throws UsageError */
function readNames(flag: string, what: string, text: string | undefined, known: readonly string[]) {
  const names = text?.split(',').map((name) => name.trim())
  const stranger = names?.find((name) => !known.includes(name))
  if (stranger === undefined) return names && [...new Set(names)]
  const wanted = `--${flag} must name ${what}, separated by commas`
  throw new UsageError(`${wanted}: ${known.join(', ')} (got ${stranger || text})`)
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
  npm run loadtest -- --against HEAD~1   costs of this checkout in times of another commit's, in pairs, a quarter of an hour
  npm run loadtest -- --against HEAD~1 --with tokens
                                         the same of servers that want tokens of their clients, or keys
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
