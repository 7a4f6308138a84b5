import { describe, expect, it } from 'vitest'
import { run, VirtualHost } from '../../../runtime/index.ts'
import { cancelStorm, checkCancelStorm } from '../../../runtime/programs/cancel-storm.ts'

describe('the cancel storm', () => {
  it.each([1, 7, 1_024, 20_000])(
    'over %i coroutines and as many that come too late spares nobody',
    async (coroutines) => {
      const host = new VirtualHost()
      const scheduler = host.scheduler()
      const result = await host.play(scheduler.run(cancelStorm, coroutines))
      expect(result).toMatchObject({ cancelled: 2 * coroutines, cleanedUp: 2 * coroutines })
      checkCancelStorm(result, scheduler.statistics())
      expect(host.reported).toEqual([])
    },
  )

  it('refuses 0 coroutines', async () => {
    await expect(run(cancelStorm, 0).promise).rejects.toThrow(
      new RangeError('coroutines must be a whole number from 1 (got 0)'),
    )
  })
})
