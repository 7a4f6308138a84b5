// loadtest/README.md lists the scenarios that there are, each with its invariant, and no others; and the flags.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readCommand } from '../../loadtest/flags.ts'
import { scenarios } from '../../loadtest/scenarios/index.ts'

const readme = readFileSync(new URL('../../loadtest/README.md', import.meta.url), 'utf8')

describe("the load test's README", () => {
  it('has the scenarios that there are, in their order, with the invariants that they check', () => {
    const table = /\| scenario \| invariant \|\n\|[-|]+\|\n((?:\|.*\|\n)+)/.exec(readme)?.[1] ?? ''
    const rows = table
      .split('\n')
      .filter(Boolean)
      .map((line) => /^\| `([^`]+)` \| (.*) \|$/.exec(line)?.slice(1))
    expect(rows).toEqual(scenarios.map(({ name, invariant }) => [name, invariant]))
  })

  it('shows commands that are understood', () => {
    const commands = [...readme.matchAll(/npm run loadtest(?: -- ([^\n`#]*))?/g)].map(
      ([, words]) => words?.trim().split(/\s+/) ?? [],
    )
    expect(commands.length).toBeGreaterThan(3)
    const names = scenarios.map(({ name }) => name)
    for (const words of commands) expect(() => readCommand(words, names)).not.toThrow()
  })
})

describe('the scenarios', () => {
  it('have names of their own', () => {
    expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length)
  })
})
