import { describe, expect, it } from 'vitest'
import { run } from '../../../runtime/index.ts'
import { sieve } from '../../../runtime/programs/sieve.ts'

describe('the sieve', () => {
  it.each([
    [2, { primes: 1, sum: 2, largest: 2 }],
    [10, { primes: 4, sum: 17, largest: 7 }],
    [100, { primes: 25, sum: 1_060, largest: 97 }],
    [1_223, { primes: 200, sum: 111_587, largest: 1_223 }],
  ])('finds the primes up to %i', async (limit, found) => {
    expect(await run(sieve, limit).promise).toEqual({ limit, ...found })
  })

  it.each([1, 0, 2.5, Number.NaN])('refuses the limit %d', async (limit) => {
    await expect(run(sieve, limit).promise).rejects.toThrow(
      new RangeError(`limit must be a whole number from 2 (got ${limit})`),
    )
  })
})
