import { expect, expectTypeOf, it } from 'vitest'
import type { Selectable, Task } from '../../runtime/index.ts'
import { Latch } from '../../runtime/index.ts'
import { host, scheduler } from './fresh-host.ts'

function startWaiting(latch: Latch, passed: string[], name: string): Task<void> {
  return scheduler.run(function* () {
    yield* latch.wait()
    passed.push(name)
  })
}

it('a latch lets everybody pass once it is open, those who waited first, in order', () => {
  const latch = new Latch()
  const passed: string[] = []
  for (const name of ['a', 'b', 'c']) startWaiting(latch, passed, name)
  host.settle()
  expect(passed).toEqual([])
  latch.open()
  startWaiting(latch, passed, 'd')
  host.settle()
  expect(passed).toEqual(['a', 'b', 'c', 'd'])
})

it('opening makes runnable and calls nobody', () => {
  const latch = new Latch()
  const passed: string[] = []
  const task = startWaiting(latch, passed, 'a')
  host.settle()
  latch.open()
  expect(task.status).toBe('runnable')
  expect(passed).toEqual([])
})

it('a latch stays open, and opening it again changes nothing', () => {
  const latch = new Latch()
  expect(latch.isOpen).toBe(false)
  latch.open()
  latch.open()
  expect(latch.isOpen).toBe(true)
  scheduler.run(function* () {
    for (let round = 0; round < 50; round += 1) yield* latch.wait()
  })
  host.settle()
  expect(scheduler.statistics()).toMatchObject({ coroutines: 0, resumes: 1, handOvers: 0 })
})

it('one of many who wait can be cancelled, and the others still pass in order', () => {
  const latch = new Latch()
  const passed: string[] = []
  const tasks = ['a', 'b', 'c'].map((name) => startWaiting(latch, passed, name))
  host.settle()
  tasks[1]?.cancel()
  latch.open()
  host.settle()
  expect(passed).toEqual(['a', 'c'])
  expect(tasks.map((task) => task.status)).toEqual(['done', 'cancelled', 'done'])
})

it('a coroutine that is cancelled does not pass, though the latch be open', () => {
  const latch = new Latch()
  const passed: string[] = []
  latch.open()
  startWaiting(latch, passed, 'a').cancel()
  host.settle()
  expect(passed).toEqual([])
})

it('a coroutine that was let through before its cancel has passed', () => {
  const latch = new Latch()
  const passed: string[] = []
  const task = startWaiting(latch, passed, 'a')
  host.settle()
  latch.open()
  task.cancel()
  host.settle()
  expect(passed).toEqual(['a'])
})

it('a latch goes by its name in a dump', () => {
  const named = new Latch('the start')
  const latch = new Latch()
  scheduler.run(function* runner() {
    yield* named.wait()
  })
  scheduler.run(function* walker() {
    yield* latch.wait()
  })
  host.settle()
  expect(scheduler.dump()).toBe('runner#1  parked 0 ms on wait the start\nwalker#2  parked 0 ms on wait a latch')
  expectTypeOf(latch.wait()).toEqualTypeOf<Selectable<void>>()
})
