// Each rung of the ladder has what its price is asked for: one that had it not would be cheap.

import { describe, expect, it } from 'vitest'
import { chain, leaveSomeWaiting } from '../../../loadtest/price/programs.ts'
import type { Receive, Send, Task } from '../../../loadtest/price/rungs/cancel.ts'
import { choose, SeededScheduler, seeds } from '../../../loadtest/price/rungs/seeds.ts'
import { CountingScheduler, NamedChannel } from '../../../loadtest/price/rungs/statistics.ts'
import { rungs, variantCalled } from '../../../loadtest/price/variants.ts'
import type { Coroutine } from '../../../runtime/index.ts'
import { fail, give, note, othersFirst } from './bodies.ts'

const names = rungs.map(({ name }) => name)

/** The rungs from `name` up. Of the runtime its own tests say all this and more. */
function from(name: string): string[] {
  return names.slice(names.indexOf(name))
}

describe.each(names)('%s', (name) => {
  it('plays on beside some who wait for ever', async () => {
    const kit = await variantCalled(name).load()
    await leaveSomeWaiting(kit)
    expect(await chain(kit, 10)).toBe(10)
  })
})

describe.each(from('cancel'))('%s can stop', (name) => {
  it('whoever waits to receive: it takes nothing, and cleans up', async () => {
    const { channel, run } = await variantCalled(name).load()
    const log: string[] = []
    await run(function* (family) {
      const line = channel()
      const stopped = family.spawn(note, log, 'stopped', line) as Task
      family.spawn(note, log, 'next', line)
      yield* othersFirst(channel(), family)
      stopped.cancel()
      stopped.cancel()
      yield* line.send(1)
      return 0
    })
    expect(log).toEqual(['stopped leaves', 'next 1'])
  })

  it('whoever waits to send: it has sent nothing', async () => {
    const { channel, run } = await variantCalled(name).load()
    const log: string[] = []
    await run(function* (family) {
      const line = channel()
      const stopped = family.spawn(give, line, 1) as Task
      family.spawn(give, line, 2)
      yield* othersFirst(channel(), family)
      stopped.cancel()
      yield* note(log, 'it', line)
      return 0
    })
    expect(log).toEqual(['it 2'])
  })

  it('whoever has not begun; but whoever was handed a value has it', async () => {
    const { channel, run } = await variantCalled(name).load()
    const log: string[] = []
    await run(function* (family) {
      const line = channel()
      const handed = family.spawn(note, log, 'handed', line) as Task
      yield* othersFirst(channel(), family)
      yield* line.send(1)
      handed.cancel()
      const unbegun = family.spawn(note, log, 'unbegun', line) as Task
      unbegun.cancel()
      return 0
    })
    expect(log).toEqual(['handed 1', 'unbegun leaves'])
  })
})

describe.each(from('scopes'))('%s has parents', (name) => {
  it('who end after what they have spawned', async () => {
    const { channel, run } = await variantCalled(name).load()
    const log: string[] = []
    await run(function* (family) {
      const line = channel()
      const parent = family.spawn(function* () {
        family.spawn(note, log, 'child', line)
      }) as unknown as { readonly hasReturned: boolean; readonly hasEnded: boolean }
      yield* othersFirst(channel(), family)
      log.push(`returned: ${parent.hasReturned}, ended: ${parent.hasEnded}`)
      yield* line.send(1)
      yield* othersFirst(channel(), family)
      log.push(`ended: ${parent.hasEnded}`)
      return 0
    })
    expect(log).toEqual(['returned: true, ended: false', 'child 1', 'ended: true'])
  })

  it('who stop what they have spawned, however deep', async () => {
    const { channel, run } = await variantCalled(name).load()
    const log: string[] = []
    await run(function* (family) {
      const [line, arrived] = [channel(), channel()]
      function* nest(depth: number): Coroutine<void> {
        if (depth > 0) {
          family.spawn(nest, depth - 1)
          return
        }
        yield* arrived.send(0)
        yield* note(log, 'innermost', line)
      }
      const outermost = family.spawn(nest, 20_000) as Task
      yield* arrived.receive()
      yield* othersFirst(channel(), family)
      outermost.cancel()
      return 0
    })
    expect(log).toEqual(['innermost leaves'])
  })

  it('who fail of what their children throw, and stop the rest', async () => {
    const { channel, run } = await variantCalled(name).load()
    const log: string[] = []
    const failing = run(function* (family) {
      family.spawn(note, log, 'sibling', channel())
      family.spawn(fail)
      return yield* channel().receive()
    })
    await expect(failing).rejects.toThrow('failure')
    expect(log).toEqual(['sibling leaves'])
  })
})

describe('statistics', () => {
  it('count, and tell who waits for what', async () => {
    const scheduler = new CountingScheduler()
    let told = ''
    await scheduler.run(function* main(family): Coroutine<number> {
      const jobs = new NamedChannel('jobs')
      family.spawn(function* worker(): Coroutine<void> {
        yield* jobs.receive()
      })
      yield* othersFirst(new NamedChannel(), family)
      told = scheduler.dump()
      expect(scheduler.counts).toEqual({ coroutines: 2, parked: 1, spawned: 3, finished: 1, resumes: 4 })
      yield* jobs.send(1)
      return 0
    })
    expect(told.replaceAll(/\d+ ms/g, '_ ms')).toBe('main#1  runnable\nworker#2  parked _ ms on receive jobs')
    expect(scheduler.counts).toEqual({ coroutines: 0, parked: 0, spawned: 3, finished: 3, resumes: 5 })
  })
})

/** So many operations take longer than a slice on any machine. */
const many = 5_000_000

describe.each(from('slices'))('%s lets', (name) => {
  it('the host have its turn between operations', async () => {
    const { channel, run } = await variantCalled(name).load()
    let turns = 0
    setImmediate(() => (turns += 1))
    await run(function* (family) {
      const line = channel()
      family.spawn(function* () {
        for (let sent = 0; sent < many && turns === 0; sent += 1) yield* line.send(1)
        yield* line.send(0)
      })
      while ((yield* line.receive()) === 1) {}
      expect(turns).toBe(1)
      return 0
    })
  })

  it('the host have its turn at checkpoints, after which the caller goes first', async () => {
    const { checkpoint, run } = await variantCalled(name).load()
    const log: string[] = []
    let turns = 0
    setImmediate(() => (turns += 1))
    await run(function* (family) {
      family.spawn(function* () {
        log.push('another')
      })
      for (let passed = 0; passed < many && turns === 0; passed += 1) yield* checkpoint()
      log.push(`the caller, after ${turns}`)
      return 0
    })
    expect(log).toEqual(['the caller, after 1', 'another'])
  })

  it('everybody have a turn while one never waits', async () => {
    const { channel, run } = await variantCalled(name).load()
    const log: string[] = []
    await run(function* (family) {
      const line = channel()
      for (let sender = 0; sender < 1_000; sender += 1) family.spawn(give, line, sender)
      yield* othersFirst(channel(), family)
      family.spawn(function* () {
        log.push('another')
      })
      for (let sender = 0; sender < 1_000; sender += 1) yield* line.receive()
      log.push('the one')
      return 0
    })
    expect(log).toEqual(['another', 'the one'])
  })
})

describe('seeds', () => {
  it('choose what is ready, and leave no trace in the rest', async () => {
    const { channel, run } = seeds()
    const log: unknown[] = []
    await run(function* (family) {
      const [a, b] = [channel(), channel()]
      family.spawn(give, b, 7)
      yield* othersFirst(channel(), family)
      log.push(yield* choose(a.receive() as Receive, b.receive() as Receive))
      family.spawn(give, a, 8)
      log.push(yield* choose(a.receive() as Receive, b.send(9) as Send))
      family.spawn(note, log as string[], 'b', b)
      yield* b.send(10)
      return 0
    })
    expect(log).toEqual([{ place: 1, value: 7 }, { place: 0, value: 8 }, 'b 10'])
  })

  it('leave no trace of a choice that is stopped', async () => {
    const { channel, run } = seeds()
    const log: string[] = []
    await run(function* (family) {
      const line = channel()
      const stopped = family.spawn(function* () {
        yield* choose(line.receive() as Receive)
        log.push('it went on')
      }) as Task
      yield* othersFirst(channel(), family)
      stopped.cancel()
      family.spawn(note, log, 'next', line)
      yield* line.send(1)
      return 0
    })
    expect(log).toEqual(['next 1'])
  })

  it('choose alike with the same seed, and evenly', async () => {
    const [one, again, other] = [await choices(1), await choices(1), await choices(2)]
    expect(again).toEqual(one)
    expect(other).not.toEqual(one)
    const firsts = one.filter((place) => place === 0).length
    expect(firsts).toBeGreaterThan(60)
    expect(firsts).toBeLessThan(140)
  })

  it('shuffle who goes first, alike with the same seed', async () => {
    const [one, again, other] = [await shuffled(1), await shuffled(1), await shuffled(2)]
    expect(again).toEqual(one)
    expect(other).not.toEqual(one)
    expect(one.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, who) => who))
  })
})

/** Two hundred times, which of two that are ready. */
async function choices(seed: number): Promise<number[]> {
  const places: number[] = []
  const { channel, run } = seeds({ seed })
  await run(function* (family) {
    const [a, b] = [channel(), channel()]
    for (let time = 0; time < 200; time += 1) {
      family.spawn(give, a, 0)
      family.spawn(give, b, 1)
      yield* othersFirst(channel(), family)
      places.push((yield* choose(a.receive() as Receive, b.receive() as Receive)).place)
      yield* choose(a.receive() as Receive, b.receive() as Receive)
    }
    return 0
  })
  return places
}

async function shuffled(seed: number): Promise<number[]> {
  const order: number[] = []
  await new SeededScheduler({ seed, shuffles: true }).run(function* (family) {
    for (let who = 0; who < 20; who += 1) {
      family.spawn(function* () {
        order.push(who)
      })
    }
    return 0
  })
  return order
}
