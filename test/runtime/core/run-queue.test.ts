import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RunQueue } from '../../../runtime/core/run-queue.ts'
import { leastGrowth, liveBytes } from '../heap.ts'
import { drain, filled, range } from '../queues.ts'

describe('the run queue', () => {
  it('gives items back in the order in which they were pushed, over many blocks', () => {
    const queue = filled(new RunQueue<number>(), range(0, 1_000))
    queue.validate()
    expect(drain(queue)).toEqual(range(0, 1_000))
    queue.validate()
  })

  it('gives an unshifted item before all others, also where a block begins', () => {
    const queue = filled(new RunQueue<number>(), [2, 3])
    queue.unshift(1)
    queue.unshift(0)
    queue.validate()
    expect(drain(queue)).toEqual([0, 1, 2, 3])
  })

  it('gives undefined when it is empty', () => {
    const queue = filled(new RunQueue<number>(), [1])
    expect([queue.shift(), queue.shift(), queue.length]).toEqual([1, undefined, 0])
  })

  it('exchanges the first item with one some blocks further back', () => {
    const queue = filled(new RunQueue<number>(), range(0, 700))
    queue.bringForward(600)
    const items = drain(queue)
    expect([items[0], items[600]]).toEqual([600, 0])
    expect(items.toSorted((a = 0, b = 0) => a - b)).toEqual(range(0, 700))
  })

  it('goes on for ever without running empty', () => {
    const queue = filled(new RunQueue<number>(), [0])
    for (const item of range(1, 5_000)) {
      queue.push(item)
      expect(queue.shift()).toBe(item - 1)
    }
    queue.validate()
    expect(queue.length).toBe(1)
  })

  it('retains nothing that it has handed out, nor the size of its largest day', async () => {
    const grown = await leastGrowth(2_000_000, async () => {
      const queue = new RunQueue<object>()
      const before = await liveBytes()
      for (let item = 0; item < 1_000_000; item += 1) queue.push({ item })
      expect((await liveBytes()) - before).toBeGreaterThan(20_000_000)
      while (queue.length > 0) queue.shift()
      queue.validate()
      return queue
    })
    expect(grown).toBeLessThan(2_000_000)
  })

  it('does what an array does, whatever is asked of it', () => {
    const step = fc.record({
      does: fc.constantFrom('push', 'push many', 'unshift', 'shift', 'shift many', 'bringForward'),
      item: fc.nat({ max: 1_000 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const queue = new RunQueue<number>()
        const model: number[] = []
        for (const { does, item } of steps) {
          if (does === 'push' || does === 'push many') {
            for (const each of range(item, item + (does === 'push' ? 1 : 300))) {
              queue.push(each)
              model.push(each)
            }
          } else if (does === 'unshift') {
            queue.unshift(item)
            model.unshift(item)
          } else if (does === 'shift' || does === 'shift many') {
            for (let times = does === 'shift' ? 1 : 300; times > 0; times -= 1) {
              expect(queue.shift()).toBe(model.shift())
            }
          } else if (model.length > 0) {
            const distance = item % model.length
            queue.bringForward(distance)
            const [first, other] = [model[0] as number, model[distance] as number]
            model[0] = other
            model[distance] = first
          }
          queue.validate()
          expect(queue.length).toBe(model.length)
        }
        expect(drain(queue)).toEqual(model)
      }),
      { numRuns: 200, seed: 1 },
    )
  })
})
