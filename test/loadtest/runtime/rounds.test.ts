import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { measureRounds } from '../../../loadtest/runtime/rounds.ts'
import type { SystemName } from '../../../loadtest/runtime/systems.ts'
import type { Workload } from '../../../loadtest/runtime/workloads.ts'

const fake = fileURLToPath(new URL('fake-system.ts', import.meta.url))
const peer = (name: SystemName, ...how: (string | number)[]) => ({
  name,
  command: { program: process.execPath, words: [fake, ...how.map(String)], variables: {} },
})

const workload: Workload = {
  name: 'chain-7',
  title: 'chain of 7 links',
  program: 'chain',
  sizes: [7],
  answer: 7,
  unit: 'link',
  units: 7,
  systems: ['encke', 'go', 'erlang'],
}

function options(rounds: number) {
  const shown: string[] = []
  const show = (text: string) => shown.push(text)
  return { rounds, runLimitMs: 10_000, budgetMs: 60_000, show, shown }
}

describe('rounds', () => {
  it('let everybody warm up and play once in each round, beginning with another one', async () => {
    const { shown, ...given } = options(3)
    const ready = [peer('encke', 200, 150, 31, 32, 33), peer('go', 400, 61, 62, 63)]
    const measured = await measureRounds(workload, 'back to back', ready, given)
    expect(measured.map(({ system, values }) => ({ system, values }))).toEqual([
      { system: 'encke', values: [31, 32, 33] },
      // Two warm-ups at least, and 300 ms: the second of these answers belongs to them.
      { system: 'go', values: [62, 63, 63] },
    ])
    expect(shown.map((text) => text.replace('chain-7, back to back: ', ''))).toEqual([
      'encke, warms up',
      'go, warms up',
      'encke, round 1 of 3',
      'go, round 1 of 3',
      'go, round 2 of 3',
      'encke, round 2 of 3',
      'encke, round 3 of 3',
      'go, round 3 of 3',
    ])
  })

  it('play a short program several times for one figure', async () => {
    const [measured] = await measureRounds(workload, 'collected', [peer('encke', 6_000, 3, 12)], options(2))
    // One of three seconds or more ends the warm-up: how often it is played was known then from that one.
    expect(measured).toMatchObject({ times: 1, values: [3, 12] })
    const [short] = await measureRounds(workload, 'collected', [peer('encke', 10, 30)], options(2))
    expect(short?.times).toBeGreaterThan(1)
    expect(short?.values[0]).toBe(30 / (short?.times as number))
  })

  it('go on without whoever fails, and say why', async () => {
    const ready = [peer('encke', 200, 200, 40), peer('go', 200, 200, 60, 'lies'), peer('erlang', 200, 200, 'fails')]
    const measured = await measureRounds(workload, 'back to back', ready, options(3))
    expect(measured.map(({ values, stopped }) => [values, stopped])).toEqual([
      [[40, 40, 40], undefined],
      [[60, undefined, undefined], 'the answer should be 7 (got 8)'],
      [[undefined, undefined, undefined], 'the ball is lost'],
    ])
  })

  it('go on without whoever has spent its time', async () => {
    const ready = [peer('encke', 200, 200, 40)]
    const [measured] = await measureRounds(workload, 'back to back', ready, { ...options(5), budgetMs: 100 })
    expect(measured).toMatchObject({ values: [40, 40, 40, undefined, undefined], stopped: 'its 0.1 s were spent' })
  })

  it('leave out whoever is not to play at that size', async () => {
    const ready = [peer('encke', 400), peer('effection', 400)]
    const measured = await measureRounds(workload, 'back to back', ready, options(1))
    expect(measured.map(({ system }) => system)).toEqual(['encke'])
  })
})

describe('first runs', () => {
  it('are each the first of a process of its own', async () => {
    const ready = [peer('encke', 50, 1), peer('go', 70, 1)]
    const measured = await measureRounds(workload, 'first', ready, options(3))
    expect(measured.map(({ system, protocol, values, times }) => ({ system, protocol, values, times }))).toEqual([
      { system: 'encke', protocol: 'first', values: [50, 50, 50], times: 1 },
      { system: 'go', protocol: 'first', values: [70, 70, 70], times: 1 },
    ])
  })
})

describe('memory', () => {
  const parked = { name: 'parked-100', title: '100 parked', coroutines: 100, systems: ['encke', 'go'] as const }

  it('is measured in a process of its own each time, for each coroutine', async () => {
    const measured = await measureRounds(parked, 'parked', [peer('encke', 45_000, 1), peer('go', 'fails')], options(2))
    expect(measured).toMatchObject([
      { workload: 'parked-100', system: 'encke', protocol: 'parked', values: [450, 450], stopped: undefined },
      { workload: 'parked-100', system: 'go', values: [undefined, undefined], stopped: 'the ball is lost' },
    ])
  })

  it('is measured less often by whoever takes too long', async () => {
    const measured = await measureRounds(parked, 'parked', [peer('encke', 45_000)], { ...options(3), budgetMs: 0 })
    expect(measured).toMatchObject([{ values: [450, undefined, undefined], stopped: 'its 0 s were spent' }])
  })
})
