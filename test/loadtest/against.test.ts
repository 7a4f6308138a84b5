import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Comparison, Pair } from '../../loadtest/against/against.ts'
import { type Costs, costs, wallCosts } from '../../loadtest/against/costs.ts'
import { comparisonText, hasHeld, ratiosOf } from '../../loadtest/against/table.ts'

const program = fileURLToPath(new URL('../../loadtest/main.ts', import.meta.url))
const names = Object.keys(costs) as (keyof Costs)[]

const costing = (value: number | undefined): Costs => Object.fromEntries(names.map((name) => [name, value])) as Costs
const pairsOf = (...all: [ours: number | undefined, theirs: number][]): Pair[] =>
  all.map(([ours, theirs]) => ({ ours: costing(ours), theirs: costing(theirs) }))
const comparisonOf = (...all: Parameters<typeof pairsOf>): Comparison => ({
  commit: 'abc1234',
  access: 'open',
  isOwn: false,
  pairs: pairsOf(...all),
  complaints: [],
})

describe('the ratios of two commits', () => {
  it('are of the costs within one pair: the median, the least and the most', () => {
    const [first] = ratiosOf(pairsOf([10, 10], [30, 20], [12, 10]), false)
    expect(first).toMatchObject({ median: 1.2, least: 1, most: 1.5, isHeld: false })
  })

  it('hold up to 1.03', () => {
    expect(hasHeld(comparisonOf([1.03, 1], [1.5, 1], [0.9, 1]), false)).toBe(true)
    expect(hasHeld(comparisonOf([1.031, 1], [1.5, 1], [0.9, 1]), false)).toBe(false)
  })

  it('say so where nothing could be measured, which is no loss', () => {
    const comparison = comparisonOf([undefined, 1])
    expect(comparisonText(comparison, false)).toMatch(/start, wall time until ready +not measured +– +– +–/)
    expect(hasHeld(comparison, false)).toBe(true)
  })

  it('are not judged on a busy machine where they are of wall times', () => {
    const judged = ratiosOf(pairsOf([2, 1]), true).filter(({ isHeld }) => isHeld === false)
    expect(judged.map(({ name }) => name)).toEqual(names.filter((name) => !wallCosts.includes(name)))
    expect(comparisonText(comparisonOf([2, 1]), true)).toMatch(/start, wall time until ready +not judged +2\.000/)
  })

  it('hold nothing when there are none, or something went wrong', () => {
    expect(hasHeld(comparisonOf(), false)).toBe(false)
    const failed = { ...comparisonOf([1, 1]), complaints: ['the server has ended'] }
    expect(hasHeld(failed, false)).toBe(false)
    expect(comparisonText(failed, false)).toContain('FAILED: the server has ended')
  })

  it('stand in a table that names every cost and the other commit', () => {
    const table = comparisonText(comparisonOf([2, 1]), false)
    for (const name of names) expect(table).toContain(`${costs[name][0]}  `)
    expect(table).toMatch(/this +abc1234\n/)
    expect(table.match(/GROWN/g)).toHaveLength(names.length)
  })

  it('say what the clients presented, and where this checkout, open, stands in for a commit that knows no tokens', () => {
    const comparison = comparisonOf([1, 1])
    expect(comparisonText(comparison, false)).toContain("\n\nThis checkout's costs in times of those of abc1234,")
    const withTokens = { ...comparison, access: 'tokens' as const }
    expect(comparisonText(withTokens, false)).toContain(
      "With tokens. This checkout's costs in times of those of abc1234,",
    )
    const own = comparisonText({ ...withTokens, isOwn: true }, false)
    expect(own).toContain("With tokens. This checkout's costs in times of its own, open, as abc1234 knows no tokens,")
    expect(own).toMatch(/this +open\n/)
  })
})

describe('--against', () => {
  const start = (...argv: string[]) => {
    const folder = mkdtempSync(join(tmpdir(), 'encke-test-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const child = spawn(process.execPath, [program, ...argv], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: folder },
    })
    return { child, folder, out: text(child.stdout), err: text(child.stderr), closed: once(child, 'close') }
  }

  it('measures HEAD against itself, with tokens, every cost in finite ratios, and leaves nothing behind', async () => {
    const { folder, out, err, closed } = start('--against', 'HEAD', '--quick', '--with', 'tokens')
    const [code] = await closed
    expect(await err).toBe('')
    // On a busy machine, and within seconds, a cost may well seem to have grown.
    expect([0, 1]).toContain(code)
    const printed = await out
    expect(printed).not.toContain('FAILED')
    for (const name of names) {
      const line = printed.split('\n').find((line) => line.startsWith(`${costs[name][0]}  `))
      const ratios = line?.split(/ {2,}/).slice(2, 5).map(Number)
      expect(ratios?.every(Number.isFinite), line).toBe(true)
    }
    expect(readdirSync(folder)).toEqual([])
  }, 180_000)

  it('leaves nothing behind when it is ended', async () => {
    const { child, folder, out, err, closed } = start('--against', 'HEAD', '--quick')
    while (readdirSync(folder).length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill('SIGTERM')
    const [code] = await closed
    expect({ code, out: await out }).toEqual({ code: 130, out: '' })
    expect(await err).toBe('loadtest: interrupted; what it had started has ended\n')
    expect(readdirSync(folder)).toEqual([])
  })

  it('answers a commit that does not exist with one line and 2', async () => {
    const { folder, out, err, closed } = start('--against', '-no-such-commit')
    const [code] = await closed
    expect({ code, out: await out }).toEqual({ code: 2, out: '' })
    expect(await err).toBe('loadtest: --against must name a commit of this repository (got -no-such-commit)\n')
    expect(readdirSync(folder)).toEqual([])
  })
})
