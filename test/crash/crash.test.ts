// A short part of `npm run crash`: its seed is printed where it fails.

import { describe, expect, it } from 'vitest'
import { Random } from '../../runtime/index.ts'
import { failAtRandom } from './failing-store.ts'
import { killAtRandom } from './kills.ts'
import { losePower } from './power-loss.ts'

const seed = Math.floor(Math.random() * 2 ** 31)

describe(`a file keeps what was acknowledged (seed ${seed})`, () => {
  it('through ten kills at random under load', async () => {
    const { kills, acknowledged } = await killAtRandom(new Random(seed), 10)
    expect(kills).toBe(10)
    expect(acknowledged).toBeGreaterThan(100)
  })

  it('when the power is lost: whole copies have everything, cut and damaged ones the first commits', async () => {
    const { cut, damaged } = await losePower(new Random(seed), 1)
    expect(cut).toBeGreaterThan(30)
    expect(damaged).toBe(30)
  })

  it('on a disk that fails at commits, checkpoints and openings, or is full', async () => {
    const { acknowledged, refused, unknown } = await failAtRandom(new Random(seed), 6)
    expect(acknowledged).toBeGreaterThan(0)
    expect(refused).toBeGreaterThan(0)
    expect(unknown).toBeGreaterThanOrEqual(0)
  })
})
