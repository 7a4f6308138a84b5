import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TimerEntry } from '../../../runtime/core/operation.ts'
import { TimerHeap } from '../../../runtime/core/timer-heap.ts'

describe('the timer heap', () => {
  it('gives timers in the order in which they are due', () => {
    const heap = heapOf(30, 10, 20)
    expect(takeAll(heap, 100).map(({ due }) => due)).toEqual([10, 20, 30])
  })

  it('gives timers that are due together in the order in which they were added', () => {
    const timers = Array.from({ length: 100 }, () => timerDue(5))
    const heap = new TimerHeap()
    for (const timer of timers) heap.add(timer)
    expect(takeAll(heap, 5)).toEqual(timers)
  })

  it('gives a timer at the very time it is due, and not before', () => {
    const heap = heapOf(10)
    expect(heap.takeDue(9.999)).toBeUndefined()
    expect(heap.takeDue(10)).toMatchObject({ due: 10, place: -1 })
    expect(heap.takeDue(10)).toBeUndefined()
  })

  it('knows when the first one is due, and infinity without any', () => {
    const heap = new TimerHeap()
    expect(heap.nextDue).toBe(Number.POSITIVE_INFINITY)
    const timer = timerDue(7)
    heap.add(timer)
    expect(heap.nextDue).toBe(7)
    heap.remove(timer)
    expect(heap.nextDue).toBe(Number.POSITIVE_INFINITY)
  })

  it('removes a timer that is in, and leaves it alone when it is not', () => {
    const heap = heapOf(1, 2)
    const timer = timerDue(1.5)
    heap.remove(timer)
    expect(heap.size).toBe(2)
    heap.add(timer)
    heap.remove(timer)
    heap.remove(timer)
    expect(heap.size).toBe(2)
    expect(timer.place).toBe(-1)
  })

  it('does what sorting does, whatever is added, removed and due', () => {
    const step = fc.record({ does: fc.constantFrom('add', 'add', 'remove', 'take'), number: fc.nat(50) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const heap = new TimerHeap()
        const model: TimerEntry[] = []
        for (const { does, number } of steps) {
          if (does === 'add') {
            const timer = timerDue(number)
            heap.add(timer)
            // After all that are due no later: a stable order.
            const place = model.findIndex(({ due }) => due > number)
            model.splice(place < 0 ? model.length : place, 0, timer)
          } else if (does === 'remove') {
            const [timer] = model.splice(number % Math.max(model.length, 1), 1)
            if (timer !== undefined) heap.remove(timer)
          } else {
            const expected = model[0] !== undefined && model[0].due <= number ? model.shift() : undefined
            expect(heap.takeDue(number)).toBe(expected)
          }
          heap.validate()
          expect(heap.size).toBe(model.length)
        }
        expect(takeAll(heap, 50)).toEqual(model)
      }),
      { numRuns: 200, seed: 1 },
    )
  })
})

function heapOf(...dues: number[]): TimerHeap {
  const heap = new TimerHeap()
  for (const due of dues) {
    heap.add(timerDue(due))
    heap.validate()
  }
  return heap
}

function timerDue(due: number): TimerEntry {
  return { due, order: 0, place: -1, fire() {} }
}

function takeAll(heap: TimerHeap, now: number): TimerEntry[] {
  const timers: TimerEntry[] = []
  for (let timer = heap.takeDue(now); timer !== undefined; timer = heap.takeDue(now)) timers.push(timer)
  return timers
}
