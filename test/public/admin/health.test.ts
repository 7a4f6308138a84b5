import { describe, expect, it } from 'vitest'
import { healthOf } from '../../../public/admin/health.js'
import type { Condition, Sample } from '../../../public/admin/samples.js'

const quiet = { waiting: 0, publishedPerSecond: 0, deliveredPerSecond: 0, latencyP99Ms: null, loopDelayP99Ms: 1 }
const well: Condition = { isDraining: false, health: { isOk: true }, busiest: [] }

function say(sample: Partial<Sample> | undefined, more: object = {}) {
  const whole = sample === undefined ? undefined : ({ ...quiet, ...sample } as Sample)
  return healthOf({ sample: whole, condition: well, connection: 'live', silentMs: 0, now: 100_000, ...more })
}

describe('the sentence of health', () => {
  it('says that all is well, and what is going on', () => {
    expect(say({})).toEqual({
      mark: 'good',
      title: 'All is well.',
      words: 'Nobody waits, and nothing is published.',
    })
    const busy = { waiting: 1204, publishedPerSecond: 32, deliveredPerSecond: 5_100.2, latencyP99Ms: 3.1 }
    expect(say(busy).words).toBe(
      '1,204 requests wait; 32 published and 5,100 delivered a second, 99 in 100 within 3.1 ms.',
    )
    expect(say({ waiting: 1 }).words).toBe('One request waits, and nothing is published.')
  })

  it('says that it is cut off, and since when, whatever was last known', () => {
    const cut = say({}, { connection: 'cut', silentMs: 12_700, condition: { ...well, isDraining: true } })
    expect(cut).toMatchObject({ mark: 'bad', title: 'Cut off.' })
    expect(cut.words).toContain('last seen 12 s ago')
  })

  it('says that the server drains, and who still waits', () => {
    const draining = say({ waiting: 1 }, { condition: { ...well, isDraining: true } })
    expect(draining).toEqual({
      mark: 'busy',
      title: 'The server is draining.',
      words: '1 request still waits to be sent away.',
    })
  })

  it('says why the broker fails, and for how long', () => {
    const health = { isOk: false as const, since: 40_000, reason: 'no answer from redis' }
    expect(say({}, { condition: { ...well, health } })).toEqual({
      mark: 'bad',
      title: 'The broker fails.',
      words: 'no answer from redis, for 1 min. Requests that wait go on waiting.',
    })
  })

  it('says that the event loop is late', () => {
    expect(say({ loopDelayP99Ms: 250 })).toMatchObject({ mark: 'busy', title: 'The event loop is late.' })
  })

  it('says that it has to look first', () => {
    expect(say(undefined)).toMatchObject({ mark: 'busy', title: 'Looking…' })
  })
})
