import { describe, expect, it } from 'vitest'
import { collected, leastGrowth, liveBytes } from './heap.ts'

const most = 100_000

describe('the growth of the heap', () => {
  it('is found each time if something leaks, be it three kilobytes in each of 100 rounds', async () => {
    const leaked: unknown[] = []
    let measured = 0
    const grown = await leastGrowth(most, () => {
      measured += 1
      for (let round = 0; round < 100; round += 1) leaked.push(listOf(375))
    })
    expect(grown).toBeGreaterThanOrEqual(most)
    expect(measured).toBe(10)
    expect(leaked).toHaveLength(1_000)
  })

  it.each([
    ['a map with a key for each', () => new Map<number, unknown>()],
    ['a list of closures', () => new Set<() => unknown>()],
  ])('is found in %s', async (_, container) => {
    const leaking = container()
    const grown = await leastGrowth(most, () => {
      for (let each = 0; each < 5_000; each += 1) {
        const value = { each }
        if (leaking instanceof Map) leaking.set(leaking.size, value)
        else leaking.add(() => value)
      }
    })
    expect(grown).toBeGreaterThanOrEqual(most)
    expect(leaking.size).toBe(50_000)
  })

  it('is found in promises that never settle and are held', async () => {
    const waiting: Promise<void>[] = []
    const grown = await leastGrowth(most, () => {
      for (let each = 0; each < 5_000; each += 1) waiting.push(new Promise(() => {}).then(() => {}))
    })
    expect(grown).toBeGreaterThanOrEqual(most)
    expect(waiting).toHaveLength(50_000)
  })

  it('counts what the work returns, each time', async () => {
    const grown = await leastGrowth(most, () => listOf(37_500))
    expect(grown).toBeGreaterThanOrEqual(most)
  })

  it('is none of what is held for a while only, and let go of in the end', async () => {
    let held: unknown
    let measured = 0
    const grown = await leastGrowth(most, async () => {
      measured += 1
      // As a compiler does that is late: for nine rounds more and more, then no longer.
      held = measured < 10 ? [held, listOf(25_000)] : undefined
    })
    expect(grown).toBeLessThan(most)
    expect([measured, held]).toEqual([10, undefined])
  })

  it('is none where nothing is kept, and is then measured once', async () => {
    let measured = 0
    const grown = await leastGrowth(most, () => {
      measured += 1
      for (let round = 0; round < 100; round += 1) listOf(12_500)
    })
    expect(grown).toBeLessThan(most)
    expect(measured).toBe(1)
  })
})

describe('the live heap', () => {
  it('grows by what is held, and shrinks when it no longer is', async () => {
    const before = await liveBytes()
    const held = [listOf(1_000_000)]
    expect((await liveBytes()) - before).toBeGreaterThan(7_900_000)
    held.pop()
    expect((await liveBytes()) - before).toBeLessThan(100_000)
  })
})

describe('references that must be empty', () => {
  it('are told apart from those whose value is held', async () => {
    const held = { value: 1 }
    expect(await collected([new WeakRef(held), forgotten()])).toEqual([false, true])
    expect(held.value).toBe(1)
  })
})

/** Eight bytes each. */
function listOf(length: number): unknown {
  return Array.from({ length }, (_, index) => index + 0.5)
}

function forgotten(): WeakRef<object> {
  return new WeakRef({})
}
