// What every chain must keep, whatever model its links are made of: the same tests for each.

import { describe, expect, it } from 'vitest'
import type { Coroutine, SchedulerStatistics } from '../../../runtime/index.ts'
import { run, Scheduler, VirtualHost } from '../../../runtime/index.ts'
import type { ChainResult } from '../../../runtime/programs/chain-counts.ts'
import { checkChain } from '../../../runtime/programs/chain-counts.ts'
import type { ModelCosts } from '../../../runtime/programs/invariants.ts'
import { leastGrowth } from '../heap.ts'

type Chain = (n: number) => Coroutine<ChainResult>

interface Played {
  readonly result: ChainResult
  readonly statistics: SchedulerStatistics
}

export function testChain(model: string, chain: Chain, costs: (n: number) => ModelCosts = () => ({})): void {
  async function play(n: number, scheduler = new Scheduler({ deadlock: 'reject' })): Promise<Played> {
    const result = await scheduler.run(chain, n).promise
    scheduler.validate()
    const statistics = scheduler.statistics()
    checkChain(result, statistics, costs(n))
    return { result, statistics }
  }

  describe(`the chain on ${model}`, () => {
    it.each([1, 2, 3, 10, 1_023, 1_024, 1_025])('of %i links answers with their number', async (n) => {
      const { result } = await play(n)
      expect(result).toEqual({ n, answer: n, sends: n + 1, receives: n + 1 })
    })

    it('of 1,000,000 links runs on the default stack', async () => {
      const n = 1_000_000
      const { result } = await play(n)
      expect(result).toEqual({ n, answer: n, sends: n + 1, receives: n + 1 })
    })

    it('counts the same in two runs, however often it hands over to the host', async () => {
      const slow = await play(10_000, new Scheduler({ deadlock: 'reject', sliceMs: 0 }))
      const fast = await play(10_000, new Scheduler({ deadlock: 'reject', sliceMs: 60_000 }))
      expect(counters(slow)).toEqual(counters(fast))
      expect(slow.statistics.handOvers).toBeGreaterThan(fast.statistics.handOvers)
    })

    it('keeps its claims in whatever order the coroutines run', async () => {
      for (let seed = 1; seed <= 20; seed += 1) {
        await play(500, new Scheduler({ deadlock: 'reject', order: 'shuffle', seed }))
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

    it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d links', async (n) => {
      const refused = run(chain, n).promise
      await expect(refused).rejects.toThrow(new RangeError(`n must be a whole number from 1 (got ${n})`))
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
        expect(host.reported).toEqual([])
        scheduler.validate()
      }
    })

    it('leaves the heap where it was, after 100 rounds', async () => {
      for (let round = 0; round < 20; round += 1) await play(1_000)
      // 100,000 links come and go each time: three bytes of each would be above the tolerance.
      const most = 250_000
      const grown = await leastGrowth(most, async () => {
        for (let round = 0; round < 100; round += 1) await play(1_000)
      })
      expect(grown).toBeLessThan(most)
    })
  })
}

function counters({ result, statistics: { handOvers: _, ...counted } }: Played): unknown {
  return { ...result, ...counted }
}
