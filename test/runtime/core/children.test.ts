import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CoroutineTask } from '../../../runtime/core/task.ts'
import type { Coroutine, Scope, Task } from '../../../runtime/index.ts'
import { Latch, scope } from '../../../runtime/index.ts'
import { host, scheduler } from '../fresh-host.ts'

describe('the children of a scope', () => {
  it('are named in the order in which they were spawned, however many there are', () => {
    const children: Task<void>[] = []
    scheduler.run(() => scopeOf(500, children))
    host.settle()
    expect(namesInDump()).toEqual(children.map(({ id }) => id))
  })

  it('are still named in that order when some have ended', () => {
    const children: Task<void>[] = []
    scheduler.run(() => scopeOf(500, children))
    host.settle()
    const ending = children.filter((_, index) => index % 3 > 0 || (index > 100 && index < 300))
    for (const child of ending) child.cancel()
    host.settle()
    scheduler.validate()
    expect(namesInDump()).toEqual(children.filter((child) => !ending.includes(child)).map(({ id }) => id))
  })

  it('are cancelled in that order, too', () => {
    const ended: number[] = []
    const task = scheduler.run(function* () {
      yield* scope(function* (all) {
        for (let number = 0; number < 200; number += 1) all.spawn(untilCancelled, number, ended)
      })
    })
    host.settle()
    task.cancel()
    host.settle()
    expect(ended).toEqual(Array.from({ length: 200 }, (_, number) => number))
  })

  it('lead to none of the others once they have ended with all of their block', () => {
    const fill = Array.from({ length: 4 }, () => scheduler.run(parked) as CoroutineTask<void>)
    const next = scheduler.run(parked) as CoroutineTask<void>
    expect(fill[0]?.block.next).toBe(next.block)
    for (const child of fill) child.cancel()
    host.settle()
    expect(fill[0]?.block).toMatchObject({ next: null, previous: null })
    expect(next.block.previous).toBeNull()
    next.cancel()
    host.settle()
  })

  it('leave nothing behind, whoever comes and goes', () => {
    const step = fc.record({ does: fc.constantFrom('spawn', 'spawn many', 'end', 'end many'), which: fc.nat() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
        let children: Task<void>[] = []
        for (const { does, which } of steps) {
          if (does === 'spawn' || does === 'spawn many') {
            for (let times = does === 'spawn' ? 1 : 90; times > 0; times -= 1) children.push(scheduler.run(parked))
          } else {
            const ending = children.splice(which % (children.length + 1), does === 'end' ? 1 : 70)
            for (const child of ending) child.cancel()
          }
          host.settle()
          scheduler.validate()
          expect(namesInDump()).toEqual(children.map(({ id }) => id))
        }
        for (const child of children) child.cancel()
        children = []
        host.settle()
        expect(namesInDump()).toEqual([])
      }),
      { numRuns: 50, seed: 1 },
    )
  })
})

function* scopeOf(count: number, children: Task<void>[]): Coroutine<void> {
  yield* scope(function* (all: Scope) {
    for (let number = 0; number < count; number += 1) children.push(all.spawn(parked))
  })
}

function* parked(): Coroutine<void> {
  yield* new Latch().wait()
}

function* untilCancelled(number: number, ended: number[]): Coroutine<void> {
  try {
    yield* new Latch().wait()
  } finally {
    ended.push(number)
  }
}

/** The numbers of those called `parked`, as the dump has them. */
function namesInDump(): number[] {
  return [...scheduler.coroutines()].filter(({ name }) => name.startsWith('parked#')).map(({ id }) => id)
}
