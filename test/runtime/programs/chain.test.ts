import { describe, expect, it } from 'vitest'
import type { SchedulerStatistics } from '../../../runtime/index.ts'
import { run, Scheduler } from '../../../runtime/index.ts'
import { chain } from '../../../runtime/programs/chain.ts'
import type { ChainResult } from '../../../runtime/programs/chain-counts.ts'
import { checkChain } from '../../../runtime/programs/chain-counts.ts'
import { BrokenInvariant } from '../../../runtime/programs/invariants.ts'
import { testChain } from './chain-claims.ts'

interface Played {
  readonly result: ChainResult
  readonly statistics: SchedulerStatistics
}

async function play(n: number): Promise<Played> {
  const scheduler = new Scheduler({ deadlock: 'reject' })
  const result = await scheduler.run(chain, n).promise
  return { result, statistics: scheduler.statistics() }
}

testChain('the core', chain)

it('refuses what is no number', async () => {
  await expect(run(chain, '10' as unknown as number).promise).rejects.toThrow(RangeError)
})

describe('the check of a chain', () => {
  const resultsGoneWrong: [field: keyof ChainResult, wrong: number, complaint: string][] = [
    ['answer', 99, 'the answer should be 100 (got 99)'],
    ['sends', 100, 'sends should be 101 (got 100)'],
    ['receives', 102, 'receives should be 101 (got 102)'],
  ]
  it.each(resultsGoneWrong)('objects to %s %i', async (field, wrong, complaint) => {
    const { result, statistics } = await play(100)
    const check = () => checkChain({ ...result, [field]: wrong }, statistics)
    expect(check).toThrow(BrokenInvariant)
    expect(check).toThrow(complaint)
  })

  const statisticsGoneWrong: [field: keyof SchedulerStatistics, wrong: number, complaint: string][] = [
    ['spawned', 100, 'coroutines spawned should be 100 (got 99)'],
    ['finished', 102, 'coroutines finished should be 100 (got 101)'],
    ['coroutines', 1, 'coroutines left should be 0 (got 1)'],
    ['parked', 1, 'coroutines parked should be 0 (got 1)'],
    ['runnable', 1, 'coroutines queued should be 0 (got 1)'],
    ['timers', 1, 'timers left should be 0 (got 1)'],
    ['awaited', 1, 'promises awaited should be 0 (got 1)'],
    ['resumes', 311, 'resumes should be at most 310 (got 311)'],
  ]
  it.each(statisticsGoneWrong)('objects to a scheduler with %s %i', async (field, wrong, complaint) => {
    const { result, statistics } = await play(100)
    expect(() => checkChain(result, { ...statistics, [field]: wrong })).toThrow(complaint)
  })

  it('makes all complaints together', async () => {
    const { result, statistics } = await play(100)
    const check = () => checkChain({ ...result, answer: 1 }, { ...statistics, parked: 2 })
    expect(check).toThrow(
      'chain broke its invariants: the answer should be 100 (got 1); coroutines parked should be 0 (got 2)',
    )
  })
})
