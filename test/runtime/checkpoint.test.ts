import { afterEach, beforeEach, expect, expectTypeOf, it } from 'vitest'
import type { Host, Operation, Scheduler as SchedulerType } from '../../runtime/index.ts'
import { Channel, checkpoint, Misuse, Scheduler, shield, VirtualHost } from '../../runtime/index.ts'

let host: VirtualHost
let scheduler: SchedulerType

beforeEach(() => {
  host = new VirtualHost({ sliceResumes: 64 })
  scheduler = host.scheduler()
})

afterEach(() => {
  scheduler.validate()
  expect(host.reported).toEqual([])
})

/** A host on which work takes as long as the test says: its slices are of time. */
class Workshop implements Host {
  timeMs = 0
  readonly waiting: (() => void)[] = []
  readonly turns: string[] = []

  now(): number {
    return this.timeMs
  }

  soon(callback: () => void): void {
    this.waiting.push(callback)
  }

  later(callback: () => void): void {
    this.waiting.push(() => {
      this.turns.push(`the host at ${this.timeMs}`)
      callback()
    })
  }

  setTimer(): () => void {
    throw new Error('no timer is set in these tests')
  }

  report(error: unknown): void {
    throw error
  }

  finish(): void {
    for (let callback = this.waiting.shift(); callback !== undefined; callback = this.waiting.shift()) callback()
  }
}

it('a checkpoint goes straight on while the slice lasts', () => {
  scheduler.run(function* () {
    for (let round = 0; round < 60; round += 1) yield* checkpoint()
  })
  host.settle()
  expect(scheduler.statistics()).toMatchObject({ coroutines: 0, resumes: 1, handOvers: 0 })
})

it('a checkpoint hands over to the host when the slice is spent, and its coroutine goes on before all others', () => {
  const order: string[] = []
  scheduler.run(function* () {
    for (let round = 0; round < 65; round += 1) {
      yield* checkpoint()
      order.push('worker')
    }
  })
  scheduler.run(function* () {
    order.push('other')
  })
  // Asked for before the first slice, so it comes between the first and the second.
  host.soon(() => order.push('host'))
  host.settle()
  expect(order.slice(0, 64)).toEqual(Array.from({ length: 64 }, () => 'worker'))
  expect(order.slice(64)).toEqual(['host', 'worker', 'other'])
  expect(scheduler.statistics()).toMatchObject({ coroutines: 0, resumes: 2, handOvers: 1 })
})

it('a checkpoint goes by the time that the work takes, on a host whose time goes by', () => {
  const workshop = new Workshop()
  const timed = new Scheduler({ host: workshop, sliceMs: 5 })
  timed.run(function* () {
    for (let round = 1; round <= 6; round += 1) {
      workshop.timeMs += 2
      yield* checkpoint()
      workshop.turns.push(`round ${round} at ${workshop.timeMs}`)
    }
  })
  workshop.finish()
  expect(workshop.turns).toEqual([
    'round 1 at 2',
    'round 2 at 4',
    'the host at 6',
    'round 3 at 6',
    'round 4 at 8',
    'round 5 at 10',
    'the host at 12',
    'round 6 at 12',
  ])
})

it('checkpoints spend nothing of the budget of 128 operations', () => {
  const roomy = new VirtualHost({ sliceResumes: 100_000 })
  const counted = roomy.scheduler()
  const channel = new Channel<number>(Number.POSITIVE_INFINITY)
  counted.run(function* () {
    for (let round = 0; round < 128; round += 1) {
      for (let again = 0; again < 3; again += 1) yield* checkpoint()
      yield* channel.send(round)
    }
  })
  roomy.settle()
  expect(counted.statistics()).toMatchObject({ coroutines: 0, resumes: 1, handOvers: 0 })
})

it('a spent budget is left for the next operation: a checkpoint passes', () => {
  const channel = new Channel<number>(Number.POSITIVE_INFINITY)
  const lengths: number[] = []
  const roomy = new VirtualHost({ sliceResumes: 100_000 })
  const counted = roomy.scheduler()
  counted.run(function* () {
    for (let round = 0; round < 128; round += 1) yield* channel.send(round)
    yield* checkpoint()
    lengths.push(counted.statistics().handOvers)
    yield* channel.send(128)
    lengths.push(counted.statistics().handOvers)
  })
  roomy.settle()
  expect(lengths).toEqual([0, 1])
})

it('a checkpoint is a cancel point, whatever is left of the slice', () => {
  let rounds = 0
  const task = scheduler.run(function* () {
    for (;;) {
      yield* checkpoint()
      rounds += 1
      if (rounds === 10) task.cancel()
    }
  })
  host.settle()
  expect(rounds).toBe(10)
  expect(task.status).toBe('cancelled')
})

it('a coroutine that is cancelled while a checkpoint hands over is told by that checkpoint', () => {
  let rounds = 0
  const task = scheduler.run(function* () {
    for (;;) {
      yield* checkpoint()
      rounds += 1
    }
  })
  host.soon(() => task.cancel())
  host.settle()
  expect(rounds).toBe(64)
  expect(task.status).toBe('cancelled')
})

it('a coroutine that works behind a shield meets no cancel at a checkpoint', () => {
  let rounds = 0
  const task = scheduler.run(function* () {
    yield* shield(function* () {
      for (let round = 0; round < 200; round += 1) {
        yield* checkpoint()
        rounds += 1
      }
    })
    yield* checkpoint()
    rounds += 1_000
  })
  task.cancel()
  host.settle()
  expect(rounds).toBe(200)
})

it('a checkpoint runs once, and inside a coroutine', () => {
  host.run(function* () {
    const once = checkpoint()
    yield* once
    try {
      yield* once
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(Misuse)
    }
  })
  expect(() => checkpoint()[Symbol.iterator]().next()).toThrow(Misuse)
  expectTypeOf(checkpoint).returns.toEqualTypeOf<Operation<void>>()
})
