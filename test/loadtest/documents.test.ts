// loadtest/README.md lists the scenarios that there are, each with its invariant, and no others; and the flags.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readCommand } from '../../loadtest/flags.ts'
import { peers } from '../../loadtest/processes/peers.ts'
import { systems } from '../../loadtest/runtime/systems.ts'
import { known } from '../../loadtest/scenarios/index.ts'
import { bounds, boundText } from '../../loadtest/targets.ts'

const readme = readFileSync(new URL('../../loadtest/README.md', import.meta.url), 'utf8')

describe("the load test's README", () => {
  it('has the scenarios that there are, in their order, with the invariants that they check', () => {
    const all = [...known.usual, ...known.hotPath, ...known.large]
    expect(rowsOf('scenario', 'invariant')).toEqual(all.map(({ name, invariant }) => [name, invariant]))
  })

  it('has the peers, and the systems', () => {
    expect(rowsOf('peer', 'how it is set up').map((row) => row?.[0])).toEqual(peers.map(({ name }) => name))
    for (const { name } of systems.slice(1)) expect(readme).toContain(`\`${name}\``)
  })

  it('has every target, in its words and with its bound', () => {
    for (const bound of Object.values(bounds)) expect(readme).toContain(`| ${bound.what} | ${boundText(bound)} |`)
  })

  it('shows commands that are understood', () => {
    const commands = [...readme.matchAll(/npm run (loadtest|bench:peers)(?: -- ([^\n`#]*))?/g)].map(
      ([, script, words]) => [...(script === 'loadtest' ? [] : ['--runtime']), ...(words?.trim().split(/\s+/) ?? [])],
    )
    expect(commands.length).toBeGreaterThan(6)
    for (const words of commands) expect(() => readCommand(words, known)).not.toThrow()
  })

  it('has at most 120 lines', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(121)
  })
})

describe('the scenarios', () => {
  it('have names of their own', () => {
    const all = Object.values(known).flat()
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  })

  it('are laid beside peers that there are', () => {
    const names = new Set<string>([...peers, ...systems].map(({ name }) => name))
    const all = Object.values(known).flatMap((scenarios) => scenarios.flatMap(({ peers = [] }) => peers))
    expect(all.filter((name) => !names.has(name))).toEqual([])
  })
})

function rowsOf(first: string, second: string): (string[] | undefined)[] {
  const table = new RegExp(`\\| ${first} \\| ${second} \\|\n\\|[-|]+\\|\n((?:\\|.*\\|\n)+)`).exec(readme)?.[1] ?? ''
  return table
    .split('\n')
    .filter(Boolean)
    .map((line) => /^\| `([^`]+)` \| (.*) \|$/.exec(line)?.slice(1))
}
