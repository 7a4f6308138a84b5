import { describe, expect, it } from 'vitest'
import { run, Scheduler } from '../../../runtime/index.ts'
import { checkPingPong, pingPong } from '../../../runtime/programs/ping-pong.ts'

describe('ping-pong', () => {
  it('of a million round trips takes two resumes for each', async () => {
    const scheduler = new Scheduler({ deadlock: 'reject' })
    const result = await scheduler.run(pingPong, 1_000_000).promise
    const statistics = scheduler.statistics()
    checkPingPong(result, statistics)
    expect(statistics.resumes).toBeGreaterThanOrEqual(2_000_000)
    const tooMany = { ...statistics, resumes: 3_000_000 }
    expect(() => checkPingPong(result, tooMany)).toThrow('resumes should be at most 2000010 (got 3000000)')
  })

  it('of one round trip is one', async () => {
    expect(await run(pingPong, 1).promise).toEqual({ roundTrips: 1, ball: 2 })
  })

  it.each([0, -1, 0.5, Number.POSITIVE_INFINITY])('refuses %d round trips', async (roundTrips) => {
    await expect(run(pingPong, roundTrips).promise).rejects.toThrow(
      new RangeError(`roundTrips must be a whole number from 1 (got ${roundTrips})`),
    )
  })
})
