// loadtest/README.md lists the scenarios that there are, each with its invariant, and no others; and the flags.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readCommand } from '../../loadtest/flags.ts'
import { peers } from '../../loadtest/processes/peers.ts'
import { hotPath, large, scenarios } from '../../loadtest/scenarios/index.ts'
import { bounds } from '../../loadtest/targets.ts'

const readme = readFileSync(new URL('../../loadtest/README.md', import.meta.url), 'utf8')

describe("the load test's README", () => {
  it('has the scenarios that there are, in their order, with the invariants that they check', () => {
    const rows = rowsOf('scenario', 'invariant')
    expect(rows).toEqual(scenarios.map(({ name, invariant }) => [name, invariant]))
  })

  it('has those of the hot path, and the peers', () => {
    const rows = rowsOf('scenario of the hot path', 'invariant')
    expect(rows).toEqual([...hotPath, ...large].map(({ name, invariant }) => [name, invariant]))
    expect(rowsOf('peer', 'how it is set up').map((row) => row?.[0])).toEqual(peers.map(({ name }) => name))
  })

  it('has every target, in its words and with its bound', () => {
    const all = Object.values(bounds).map((bound): string => {
      const { what, unit, ...limits } = bound
      return `| ${what} | ${'atMost' in limits ? `at most ${limits.atMost.toLocaleString('en-US')}` : `at least ${limits.atLeast}`} ${unit} |`
    })
    for (const line of all) expect(readme).toContain(line)
  })

  it('shows commands that are understood', () => {
    const commands = [...readme.matchAll(/npm run loadtest(?: -- ([^\n`#]*))?/g)].map(
      ([, words]) => words?.trim().split(/\s+/) ?? [],
    )
    expect(commands.length).toBeGreaterThan(3)
    const namesOf = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name)
    const known = {
      usual: namesOf(scenarios),
      hotPath: namesOf(hotPath),
      large: namesOf(large),
      peers: namesOf(peers),
    }
    for (const words of commands) expect(() => readCommand(words, known)).not.toThrow()
  })
})

describe('the scenarios', () => {
  it('have names of their own', () => {
    const all = [...scenarios, ...hotPath, ...large]
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  })
})

function rowsOf(first: string, second: string): (string[] | undefined)[] {
  const table = new RegExp(`\\| ${first} \\| ${second} \\|\n\\|[-|]+\\|\n((?:\\|.*\\|\n)+)`).exec(readme)?.[1] ?? ''
  return table
    .split('\n')
    .filter(Boolean)
    .map((line) => /^\| `([^`]+)` \| (.*) \|$/.exec(line)?.slice(1))
}
