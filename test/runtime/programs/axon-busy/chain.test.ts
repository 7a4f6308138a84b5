import { expect, it } from 'vitest'
import type { SchedulerStatistics } from '../../../../runtime/index.ts'
import { run, Scheduler, VirtualHost } from '../../../../runtime/index.ts'
import { chain, chainCosts } from '../../../../runtime/programs/axon-busy/chain.ts'
import type { ChainResult } from '../../../../runtime/programs/chain-counts.ts'
import { checkChain } from '../../../../runtime/programs/chain-counts.ts'

interface Played {
  readonly result: ChainResult
  readonly statistics: SchedulerStatistics
}

async function play(n: number, scheduler = new Scheduler({ deadlock: 'reject' })): Promise<Played> {
  const result = await scheduler.run(chain, n).promise
  scheduler.validate()
  return { result, statistics: scheduler.statistics() }
}

it.each([1, 2, 3, 10, 100, 1_023, 1_025])('the busy chain of %i links answers with their number', async (n) => {
  const { result, statistics } = await play(n)
  expect(result.answer).toBe(n)
  checkChain(result, statistics, chainCosts(n))
})

it('the busy chain gives every link that is left a turn for every hop, and does not hide it', async () => {
  const { result, statistics } = await play(1_000)
  expect(statistics.resumes).toBeGreaterThan((1_000 * 1_000) / 2)
  expect(() => checkChain(result, statistics)).toThrow('resumes should be at most 3010')
})

it('the busy chain needs no less than its costs allow, but for a few', async () => {
  for (const n of [1, 2, 3, 10, 100]) {
    const { statistics } = await play(n)
    expect((chainCosts(n).mostResumes ?? 0) - statistics.resumes).toBeLessThanOrEqual(n + 12)
  }
})

it('the busy chain counts the same in two runs, however often it hands over to the host', async () => {
  const counters = ({ result, statistics: { handOvers: _, ...counted } }: Played) => ({ ...result, ...counted })
  const slow = await play(500, new Scheduler({ deadlock: 'reject', sliceMs: 0 }))
  const fast = await play(500, new Scheduler({ deadlock: 'reject', sliceMs: 60_000 }))
  expect(counters(slow)).toEqual(counters(fast))
})

it('the busy chain keeps its claims in whatever order the coroutines run', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const { result, statistics } = await play(50, new Scheduler({ deadlock: 'reject', order: 'shuffle', seed }))
    // How long a link has to wait for its turn is then a matter of luck.
    checkChain(result, statistics, { mostResumes: Number.POSITIVE_INFINITY })
  }
})

it('the busy chain ends its links when it is cancelled', async () => {
  const host = new VirtualHost({ sliceResumes: 1 })
  const scheduler = host.scheduler()
  const task = scheduler.run(chain, 500)
  host.later(function look() {
    if (scheduler.statistics().resumes >= 5_000) task.cancel()
    else host.later(look)
  })
  await expect(host.play(task)).rejects.toThrow('was cancelled')
  expect(scheduler.statistics()).toMatchObject({ coroutines: 0, parked: 0, runnable: 0 })
  expect(host.reported).toEqual([])
})

it('the busy chain refuses what is no number of links', async () => {
  await expect(run(chain, 0).promise).rejects.toThrow(new RangeError('n must be a whole number from 1 (got 0)'))
})
