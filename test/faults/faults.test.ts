// Whether the explorer finds each of them is seen by `npm run faults`; here, that each of them still is one.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Copy, faulty, shipped } from './copy.ts'
import { type Effort, examined, isFound } from './examination.ts'
import { type Fault, faults } from './faults.ts'
import { testedFaults } from './tested-faults.ts'

describe('the list of faults', () => {
  it.each(faults)('applies to the source: $name', (fault) => {
    const source = shipped(fault)
    expect(faulty(source, fault)).not.toBe(source)
    expect(fault.from.trimEnd().split('\n').length).toBeLessThanOrEqual(3)
    expect(fault.to.trimEnd().split('\n').length).toBeLessThanOrEqual(3)
  })

  it('has a dozen of them and more, each with a name of its own', () => {
    expect(faults.length).toBeGreaterThanOrEqual(12)
    expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length)
  })

  it('objects to a fault that applies nowhere, or twice', () => {
    const fault = { name: 'this', file: 'that.ts', from: 'a', to: 'b' }
    expect(faulty('cac', fault)).toBe('cbc')
    expect(() => faulty('ccc', fault)).toThrow('runtime/that.ts has 0 times')
    expect(() => faulty('aca', fault)).toThrow('runtime/that.ts has 2 times')
  })
})

describe('an examination', () => {
  const file = 'core/random.ts'
  const from = '    let state = this.#state\n'
  const effort: Effort = { seed: 1, programs: 20, limitMs: 15_000 }

  it('finds a fault by its seed, and leaves the copy as it was', async () => {
    using copy = new Copy()
    const [first] = faults as [Fault]
    const verdict = await examined(copy, first, effort)
    expect(verdict).toMatchObject({ kind: 'found', where: expect.stringMatching(/^seed 1, program \d+, seed: \d+$/) })
    expect(isFound(first, verdict)).toBe(true)
    expect(await examined(copy, { name: 'nothing', file, from, to: from }, effort)).toEqual({ kind: 'survived' })
  })

  it('has tests look for what the explorer does not use', async () => {
    using copy = new Copy()
    const fault = testedFaults.find(({ file }) => file === 'deferred.ts') as Fault
    const verdict = await examined(copy, fault, { ...effort, limitMs: 60_000 })
    expect(verdict).toMatchObject({ kind: 'found', where: expect.stringContaining('deferred.test.ts') })
    const unchanged = { ...fault, to: fault.from }
    expect(await examined(copy, unchanged, { ...effort, limitMs: 60_000 })).toEqual({ kind: 'survived' })
  })

  it('takes what never ends for found only where that is said of the fault', async () => {
    using copy = new Copy()
    const endless = { name: 'endless', file, from, to: '    for (;;) {}\n' }
    const verdict = await examined(copy, endless, { ...effort, limitMs: 1_500 })
    expect(verdict).toEqual({ kind: 'hung', limitMs: 1_500 })
    expect(isFound(endless, verdict)).toBe(false)
    expect(isFound({ ...endless, hangs: true }, verdict)).toBe(true)
  })

  it('ends with its explorer when it is interrupted, and leaves the copy as it was', async () => {
    using copy = new Copy()
    const endless = { name: 'endless', file, from, to: '    for (;;) {}\n' }
    const interruption = new AbortController()
    const interrupted = interruption.signal
    const looking = examined(copy, endless, { ...effort, limitMs: 600_000, interrupted })
    interruption.abort('enough')
    await expect(looking).rejects.toBe('enough')
    expect(readFileSync(join(copy.path, 'runtime', file), 'utf8')).toBe(shipped(endless))
    await expect(examined(copy, endless, { ...effort, interrupted })).rejects.toBe('enough')
  })

  it('does not take for found what keeps the explorer from running', async () => {
    using copy = new Copy()
    const nonsense = { name: 'nonsense', file, from, to: '    let = \n' }
    const verdict = await examined(copy, nonsense, effort)
    expect(verdict).toMatchObject({ kind: 'broken', output: expect.stringContaining('SyntaxError') })
    expect(isFound(nonsense, verdict)).toBe(false)
    expect(await examined(copy, { ...nonsense, from: 'not there' }, effort)).toMatchObject({ kind: 'broken' })
  })
})
