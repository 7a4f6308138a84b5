// Part of what `npm run explore` does, small enough for every run of the tests.

import { describe, expect, it } from 'vitest'
import { type Extent, exploreRandomPrograms } from './random-programs.ts'

const fixedSeed = 20_260_101
const freshSeed = Date.now() % 1_000_000_000
const extent = { programs: 1_500, schedules: 3 }

describe('random programs under random schedules', () => {
  it('do exactly what the model says, from a fixed seed', () => {
    expect(found({ ...extent, seed: fixedSeed })).toBe('nothing')
  })

  it('do exactly what the model says, from a fresh seed', () => {
    console.warn(`exploring from the fresh seed ${freshSeed}`)
    expect(found({ ...extent, seed: freshSeed })).toBe('nothing')
  })

  it('do exactly what the model says, small ones under all the schedules they have', () => {
    const outcome = exploreRandomPrograms({ programs: 40, schedules: 'all', seed: fixedSeed })
    expect(outcome).toMatchObject({ programs: 40, found: null })
    expect(outcome.complete).toBeGreaterThan(30)
  })

  it('are the same ones for the same seed', () => {
    const once = { programs: 100, schedules: 2, seed: fixedSeed }
    expect(exploreRandomPrograms(once)).toEqual(exploreRandomPrograms(once))
    expect(exploreRandomPrograms(once)).toMatchObject({ programs: 100, schedules: 200, found: null })
    expect(exploreRandomPrograms({ ...once, seed: fixedSeed + 1 }).steps).not.toBe(exploreRandomPrograms(once).steps)
  })
})

function found(what: Extent): string {
  const { found: failure } = exploreRandomPrograms(what)
  if (failure === null) return 'nothing'
  const again = `npm run explore -- --seed ${failure.seed} --programs ${what.programs} finds it again`
  return [again, JSON.stringify(failure.program), failure.error.message].join('\n')
}
