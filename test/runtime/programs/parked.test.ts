import { describe, expect, it } from 'vitest'
import { run, VirtualHost } from '../../../runtime/index.ts'
import { parked } from '../../../runtime/programs/parked.ts'

describe('parked', () => {
  it.each([1, 2, 1_023, 1_024, 1_025, 10_000])('has all of %i coroutines parked when it calls', async (coroutines) => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const seen: unknown[] = []
    const look = () => seen.push(scheduler.statistics())
    await host.play(scheduler.run(parked, coroutines, look))
    expect(seen).toEqual([
      expect.objectContaining({ coroutines: coroutines + 1, parked: coroutines, runnable: 0, timers: 0 }),
    ])
  })

  it('fails of what the call throws, with nobody left parked', async () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const fail = () => {
      throw new Error('cannot look')
    }
    await expect(host.play(scheduler.run(parked, 100, fail))).rejects.toThrow('cannot look')
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, parked: 0, runnable: 0 })
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses %d coroutines', async (coroutines) => {
    const refused = run(parked, coroutines, () => {}).promise
    await expect(refused).rejects.toThrow(
      new RangeError(`coroutines must be a whole number from 1 (got ${coroutines})`),
    )
  })
})
