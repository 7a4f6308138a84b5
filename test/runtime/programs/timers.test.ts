import { describe, expect, it } from 'vitest'
import { Random, run, VirtualHost } from '../../../runtime/index.ts'
import { timers } from '../../../runtime/programs/timers.ts'

describe('timers', () => {
  it('end as soon as the longest of the short ones has, and leave no hour behind', async () => {
    const host = new VirtualHost()
    await host.play(host.scheduler().run(timers, { sleepers: 200, longestMs: 5_000, seed: 7 }))
    const random = new Random(7)
    const longest = Math.max(...Array.from({ length: 200 }, () => 1 + random.below(5_000)))
    expect(host.now()).toBe(longest)
    expect(host.pending).toBe(0)
  })

  it('sleep other times with another seed, and come to the same', async () => {
    const playWith = async (seed: number) => {
      const host = new VirtualHost()
      const result = await host.play(host.scheduler().run(timers, { sleepers: 3, longestMs: 1_000_000, seed }))
      return { result, endedAt: host.now() }
    }
    const [first, other] = [await playWith(1), await playWith(2)]
    expect(other.result).toEqual(first.result)
    expect(other.endedAt).not.toBe(first.endedAt)
  })

  it.each([
    [{ sleepers: 0, longestMs: 1 }, 'sleepers must be a whole number from 1 (got 0)'],
    [{ sleepers: 1, longestMs: 0.5 }, 'longestMs must be a whole number from 1 (got 0.5)'],
  ])('refuse %j', async (options, complaint) => {
    await expect(run(timers, options).promise).rejects.toThrow(new RangeError(complaint))
  })
})
