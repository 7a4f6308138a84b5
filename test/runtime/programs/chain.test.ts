import { describe, expect, it } from 'vitest'
import type { SchedulerStatistics } from '../../../runtime/index.ts'
import { run, Scheduler, VirtualHost } from '../../../runtime/index.ts'
import { chain } from '../../../runtime/programs/chain.ts'
import type { ChainResult } from '../../../runtime/programs/chain-counts.ts'
import { checkChain } from '../../../runtime/programs/chain-counts.ts'
import { BrokenInvariant } from '../../../runtime/programs/invariants.ts'

interface Played {
  readonly result: ChainResult
  readonly statistics: SchedulerStatistics
}

async function play(n: number, scheduler = new Scheduler({ deadlock: 'reject' })): Promise<Played> {
  const result = await scheduler.run(chain, n).promise
  scheduler.validate()
  return { result, statistics: scheduler.statistics() }
}

function counters({ result, statistics: { handOvers: _, ...counted } }: Played): unknown {
  return { ...result, ...counted }
}

describe('the chain', () => {
  it.each([1, 2, 3, 10, 1_023, 1_024, 1_025, 100_000])('of %i links answers with their number', async (n) => {
    const { result, statistics } = await play(n)
    expect(result).toEqual({ n, answer: n, sends: n + 1, receives: n + 1 })
    expect(() => checkChain(result, statistics)).not.toThrow()
  })

  it('of 1,000,000 links runs on the default stack', async () => {
    const { result, statistics } = await play(1_000_000)
    expect(result.answer).toBe(1_000_000)
    expect(() => checkChain(result, statistics)).not.toThrow()
  })

  it('counts the same in two runs, however often it hands over to the host', async () => {
    const slow = await play(10_000, new Scheduler({ deadlock: 'reject', sliceMs: 0 }))
    const fast = await play(10_000, new Scheduler({ deadlock: 'reject', sliceMs: 60_000 }))
    expect(counters(slow)).toEqual(counters(fast))
    expect(slow.statistics.handOvers).toBeGreaterThan(fast.statistics.handOvers)
  })

  it('keeps its claims in whatever order the coroutines run', async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const { result, statistics } = await play(500, new Scheduler({ deadlock: 'reject', order: 'shuffle', seed }))
      expect(() => checkChain(result, statistics)).not.toThrow()
    }
  })

  it('has its links waiting for their right neighbour, all at once, before the seed is sent', async () => {
    const host = new VirtualHost({ sliceResumes: 1 })
    const scheduler = host.scheduler()
    const task = scheduler.run(chain, 100)
    let mostParked = 0
    host.later(function look() {
      mostParked = Math.max(mostParked, scheduler.statistics().parked)
      if (task.status !== 'done') host.later(look)
    })
    await host.play(task)
    expect(mostParked).toBeGreaterThanOrEqual(100 - 16)
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d links, and says what it takes', async (n) => {
    const refused = run(chain, n).promise
    await expect(refused).rejects.toThrow(new RangeError(`n must be a whole number from 1 (got ${n})`))
  })

  it('refuses what is no number', async () => {
    await expect(run(chain, '10' as unknown as number).promise).rejects.toThrow(RangeError)
  })

  it('ends its links when it is cancelled, while it makes them and while they wait', async () => {
    for (const resumes of [1, 50, 1_500]) {
      const host = new VirtualHost({ sliceResumes: 1 })
      const scheduler = host.scheduler()
      const task = scheduler.run(chain, 5_000)
      host.later(function look() {
        if (scheduler.statistics().resumes >= resumes) task.cancel()
        else host.later(look)
      })
      await expect(host.play(task)).rejects.toThrow('was cancelled')
      expect(scheduler.statistics()).toMatchObject({ coroutines: 0, parked: 0, runnable: 0 })
      scheduler.validate()
    }
  })

  it('leaves the heap where it was, after 100 rounds', async () => {
    const gc = globalThis.gc as NodeJS.GCFunction
    for (let round = 0; round < 20; round += 1) await play(5_000)
    gc()
    const before = process.memoryUsage().heapUsed
    for (let round = 0; round < 100; round += 1) await play(5_000)
    gc()
    // 500,000 links have come and gone: one byte of each would be twice the tolerance.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(250_000)
  })
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
