import { describe, expect, it } from 'vitest'
import { run, VirtualHost } from '../../../runtime/index.ts'
import { checkRing, ring } from '../../../runtime/programs/ring.ts'

describe('the ring', () => {
  it.each([
    { stations: 2, tokens: 1, laps: 1 },
    { stations: 2, tokens: 1, laps: 1_000 },
    { stations: 100, tokens: 99, laps: 1 },
    { stations: 100, tokens: 99, laps: 10 },
    { stations: 1_000, tokens: 1, laps: 3 },
  ])('of $stations stations sees $tokens tokens $laps times round', async (options) => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const result = await host.play(scheduler.run(ring, options))
    expect(result.hops).toBe(options.stations * options.tokens * options.laps)
    checkRing(result, scheduler.statistics())
  })

  it('resumes those who get or have given a token, and nobody else', async () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const result = await host.play(scheduler.run(ring, { stations: 100, tokens: 10, laps: 10 }))
    const statistics = { ...scheduler.statistics(), resumes: 100 * result.hops }
    expect(() => checkRing(result, statistics)).toThrow('resumes should be at most 20230 (got 1000000)')
  })

  it.each([
    [{ stations: 5, tokens: 5, laps: 1 }, 'stations must be a whole number from 6 (got 5)'],
    [{ stations: 5, tokens: 0, laps: 1 }, 'tokens must be a whole number from 1 (got 0)'],
    [{ stations: 5, tokens: 1, laps: 0 }, 'laps must be a whole number from 1 (got 0)'],
  ])('refuses %j: with a token in every hand nobody can take one', async (options, complaint) => {
    await expect(run(ring, options).promise).rejects.toThrow(new RangeError(complaint))
  })
})
