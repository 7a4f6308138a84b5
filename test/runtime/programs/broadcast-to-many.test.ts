import { describe, expect, it } from 'vitest'
import { run } from '../../../runtime/index.ts'
import { broadcastToMany } from '../../../runtime/programs/broadcast-to-many.ts'

describe('a broadcast to many', () => {
  const sizes = { readers: 3, bursts: 5 }

  it.each([
    [
      { burstSize: 1, capacity: 1 },
      { read: 15, missed: 0 },
    ],
    [
      { burstSize: 4, capacity: 4 },
      { read: 60, missed: 0 },
    ],
    [
      { burstSize: 5, capacity: 4 },
      { read: 60, missed: 15 },
    ],
    [
      { burstSize: 3, capacity: 100 },
      { read: 45, missed: 0 },
    ],
  ])('in bursts of %j', async (sizesOfBursts, seen) => {
    expect(await run(broadcastToMany, { ...sizes, ...sizesOfBursts }).promise).toMatchObject({ ...seen, outOfOrder: 0 })
  })

  it.each(['readers', 'bursts', 'burstSize', 'capacity'])('refuses 0 %s', async (name) => {
    const options = { ...sizes, burstSize: 1, capacity: 1, [name]: 0 }
    await expect(run(broadcastToMany, options).promise).rejects.toThrow(
      new RangeError(`${name} must be a whole number from 1 (got 0)`),
    )
  })
})
