// The command line of the comparison.

import { UsageError } from '../flags.ts'
import type { SystemName } from './systems.ts'
import { systems } from './systems.ts'
import { fewestRuns } from './targets.ts'
import { memoryWorkloads, quickNames, workloads } from './workloads.ts'

export interface PeersFlags {
  readonly rounds: number
  readonly isQuick: boolean
  /** Names of workloads; undefined for all. */
  readonly only: readonly string[] | undefined
  /** Always with Encke's, which the others are compared with. */
  readonly systems: readonly SystemName[]
}

export type PeersCommand = { readonly kind: 'help' } | { readonly kind: 'run'; readonly flags: PeersFlags }

const quickRounds = 3
const mostRounds = 1_000
const workloadNames = [...workloads, ...memoryWorkloads].map(({ name }) => name)
const systemNames = systems.map(({ name }) => name)

/** @throws UsageError */
export function readPeersCommand(argv: readonly string[]): PeersCommand {
  const given = new Map<string, string>()
  const words = argv.flatMap((word) => (word.startsWith('--') ? word.split(/=(.*)/s, 2) : [word]))
  for (let at = 0; at < words.length; at += 1) {
    const flag = words[at] as string
    if (flag === '--help' || flag === '-h') return { kind: 'help' }
    if (given.has(flag)) throw new UsageError(`${flag} is given twice: give it once`)
    if (flag === '--quick') given.set(flag, '')
    else if (['--only', '--systems', '--rounds'].includes(flag)) {
      const value = words[(at += 1)]
      if (value === undefined) throw new UsageError(`${flag} needs a value`)
      given.set(flag, value)
    } else {
      throw new UsageError(`unknown flag ${flag}: there are --only, --systems, --rounds, --quick and --help`)
    }
  }
  const isQuick = given.has('--quick')
  return {
    kind: 'run',
    flags: {
      isQuick,
      rounds: readRounds(given.get('--rounds')) ?? (isQuick ? quickRounds : fewestRuns),
      only: readNames('--only', 'workloads', given.get('--only'), workloadNames),
      systems: withOurs(readNames('--systems', 'systems', given.get('--systems'), systemNames)),
    },
  }
}

export function peersUsage(): string {
  return `Run the same programs here and on other systems, in turn, and compare.

  npm run bench:peers                          everything, half an hour
  npm run bench:peers -- --quick               small sizes, ${quickRounds} rounds, no target judged
  npm run bench:peers -- --only chain-100000   only these workloads, separated by commas
  npm run bench:peers -- --systems go,erlang   only these systems, and Encke
  npm run bench:peers -- --rounds 21           (${fewestRuns}; fewer judge no target)

workloads
${[...workloads, ...memoryWorkloads].map(({ name, title }) => `  ${name.padEnd(24)} ${title}${quickNames.includes(name) ? '' : ' (not with --quick)'}`).join('\n')}

systems
${systems.map(({ name, difference }) => `  ${name.padEnd(10)} ${difference}`).join('\n')}

A table comes at the end, and a page with plots and the same as JSON in loadtest/reports/peers-latest. What is not on this
machine is skipped, and named. The exit code is 0 whether or not a target was missed: a comparison finds out, it does not
judge a change. It is 1 when Encke itself could not be measured, and 2 when the command line cannot be understood.
`
}

function readRounds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const rounds = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (rounds >= 1 && rounds <= mostRounds) return rounds
  throw new UsageError(`--rounds must be a whole number from 1 to ${mostRounds} (got ${text})`)
}

function readNames<Name extends string>(
  flag: string,
  what: string,
  text: string | undefined,
  known: readonly Name[],
): readonly Name[] | undefined {
  if (text === undefined) return undefined
  const names = text.split(',').map((name) => name.trim())
  const stranger = names.find((name) => !(known as readonly string[]).includes(name))
  if (stranger !== undefined) {
    throw new UsageError(
      `${flag} must name ${what}, separated by commas: ${known.join(', ')} (got ${stranger || text})`,
    )
  }
  return known.filter((name) => names.includes(name))
}

function withOurs(names: readonly SystemName[] | undefined): readonly SystemName[] {
  return systemNames.filter((name) => name === 'encke' || names === undefined || names.includes(name))
}
