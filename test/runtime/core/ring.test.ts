import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Ring } from '../../../runtime/core/ring.ts'
import { collected, leastGrowth, liveBytes } from '../heap.ts'
import { drain, filled, range } from '../queues.ts'

describe('a ring', () => {
  it('gives items back in the order in which they were pushed', () => {
    const ring = filled(new Ring<number>(), [1, 2, 3])
    expect([ring.shift(), ring.shift(), ring.shift()]).toEqual([1, 2, 3])
  })

  it('gives undefined when it is empty, and tells that from an undefined item by its length', () => {
    const ring = filled(new Ring<undefined>(), [undefined])
    expect(ring.length).toBe(1)
    expect(ring.shift()).toBeUndefined()
    expect(ring.length).toBe(0)
    expect(ring.shift()).toBeUndefined()
    expect(ring.length).toBe(0)
  })

  it('keeps the order when it grows while its items wrap around', () => {
    const ring = filled(new Ring<number>(), range(0, 8))
    for (let item = 0; item < 5; item += 1) ring.shift()
    for (const item of range(8, 40)) ring.push(item)
    ring.validate()
    expect(drain(ring)).toEqual(range(5, 40))
  })

  it('retains nothing that it has handed out', async () => {
    const ring = new Ring<object>()
    const handedOut = (() => {
      const item = {}
      ring.push(item)
      ring.push({})
      ring.shift()
      return new WeakRef(item)
    })()
    expect(await collected([handedOut])).toEqual([true])
    ring.validate()
  })

  it('does not keep the size of its largest day', async () => {
    const grown = await leastGrowth(1_000_000, async () => {
      const ring = new Ring<number>()
      const before = await liveBytes()
      for (let item = 0; item < 1_000_000; item += 1) ring.push(item)
      expect((await liveBytes()) - before).toBeGreaterThan(4_000_000)
      while (ring.length > 0) ring.shift()
      ring.push(1)
      expect(ring.shift()).toBe(1)
      return ring
    })
    expect(grown).toBeLessThan(1_000_000)
  })

  it('does what an array does, whatever is asked of it', () => {
    const step = fc.oneof(
      fc.record({ does: fc.constant('push'), with: fc.nat() }),
      fc.record({ does: fc.constant('shift'), with: fc.nat() }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const ring = new Ring<number>()
        const model: number[] = []
        for (const { does, with: item } of steps) {
          if (does === 'push') {
            ring.push(item)
            model.push(item)
          } else {
            expect(ring.shift()).toBe(model.shift())
          }
          ring.validate()
          expect(ring.length).toBe(model.length)
        }
        expect(drain(ring)).toEqual(model)
      }),
      { numRuns: 200, seed: 1 },
    )
  })
})
