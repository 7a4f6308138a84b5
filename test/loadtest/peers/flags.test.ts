import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../loadtest/flags.ts'
import { peersUsage, readPeersCommand } from '../../../loadtest/peers/flags.ts'
import { systems } from '../../../loadtest/peers/systems.ts'
import { fewestRuns } from '../../../loadtest/peers/targets.ts'
import { memoryWorkloads, quickNames, workloads } from '../../../loadtest/peers/workloads.ts'

const names = systems.map(({ name }) => name)

function flagsOf(...argv: string[]) {
  const command = readPeersCommand(argv)
  return command.kind === 'run' ? command.flags : undefined
}

describe('the command line of the comparison', () => {
  it('measures everything, often enough to judge by, when nothing is given', () => {
    expect(flagsOf()).toEqual({ rounds: fewestRuns, isQuick: false, only: undefined, systems: names })
  })

  it('takes names and numbers after a flag or an equals sign', () => {
    expect(flagsOf('--rounds', '21', '--only=chain-100000, parked-100000')).toMatchObject({
      rounds: 21,
      only: ['chain-100000', 'parked-100000'],
    })
  })

  it('always has Encke among the systems, each once', () => {
    expect(flagsOf('--systems', 'go,effect,go')).toMatchObject({ systems: ['encke', 'go', 'effect'] })
  })

  it('has fewer rounds with --quick, unless they are given', () => {
    expect(flagsOf('--quick')).toMatchObject({ isQuick: true, rounds: 3 })
    expect(flagsOf('--quick', '--rounds', '1')).toMatchObject({ isQuick: true, rounds: 1 })
  })

  it('gives help, with every workload and every system', () => {
    expect(readPeersCommand(['--quick', '--help'])).toEqual({ kind: 'help' })
    for (const { name, title } of [...workloads, ...memoryWorkloads]) {
      expect(peersUsage()).toMatch(new RegExp(`${name} +${title}`))
    }
    for (const { name, difference } of systems) expect(peersUsage()).toMatch(new RegExp(`${name} +${difference}`))
  })

  const complaints: [argv: string[], complaint: RegExp][] = [
    [['--fast'], /unknown flag --fast: there are/],
    [['chain'], /unknown flag chain/],
    [['--only'], /--only needs a value/],
    [['--only', 'chain'], /--only must name workloads.*chain-1000,.*\(got chain\)/],
    [['--systems', 'rust'], /--systems must name systems.*encke, go,.*\(got rust\)/],
    [['--rounds', '0'], /--rounds must be a whole number from 1 to 1000 \(got 0\)/],
    [['--rounds', '2.5'], /got 2.5/],
    [['--quick', '--quick'], /--quick is given twice/],
    [['--quick=yes'], /unknown flag yes/],
  ]
  it.each(complaints)('complains in one line about %j', (argv, complaint) => {
    expect(() => readPeersCommand(argv)).toThrow(UsageError)
    expect(() => readPeersCommand(argv)).toThrow(complaint)
    expect(() => readPeersCommand(argv)).not.toThrow(/\n/)
  })
})

describe("the load test's README", () => {
  it('shows commands of the comparison that are understood', () => {
    const readme = readFileSync(new URL('../../../loadtest/README.md', import.meta.url), 'utf8')
    const commands = [...readme.matchAll(/npm run bench:peers(?: -- ([^\n`#]*))?/g)].map(
      ([, words]) => words?.trim().split(/\s+/) ?? [],
    )
    expect(commands.length).toBeGreaterThan(3)
    for (const words of commands) expect(readPeersCommand(words).kind).toBe('run')
  })
})

describe('the workloads', () => {
  it('have names of their own, and --quick names some of them', () => {
    const all = [...workloads, ...memoryWorkloads].map(({ name }) => name)
    expect(new Set(all).size).toBe(all.length)
    expect(quickNames.filter((name) => !all.includes(name))).toEqual([])
  })

  it('are all played here', () => {
    for (const { systems: players } of [...workloads, ...memoryWorkloads]) expect(players).toContain('encke')
  })
})
