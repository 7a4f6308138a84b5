// Every variant that has a price plays its programs right.

import { describe, expect, it } from 'vitest'
import { chain, park, pingPong } from '../../../loadtest/price/programs.ts'
import { ladder, options, rungs, variantCalled } from '../../../loadtest/price/variants.ts'
import { running } from '../../../runtime/core/operation.ts'
import type { CoroutineTask } from '../../../runtime/core/task.ts'
import type { Scope } from '../../../runtime/index.ts'
import { fail, give, note, othersFirst } from './bodies.ts'

const all = [...ladder, ...options]
const names = [...new Set(all.map(({ name }) => name))]

describe.each(names)('%s', (name) => {
  it.each([1, 2, 1_024, 5_000])('gives %i for a chain of as many links', async (n) => {
    const kit = await variantCalled(name).load()
    expect([await chain(kit, n), await chain(kit, n)]).toEqual([n, n])
  })

  it.each([1, 3_000])('gives the ball two for each of %i round trips', async (roundTrips) => {
    expect(await pingPong(await variantCalled(name).load(), roundTrips)).toBe(2 * roundTrips)
  })

  it.each([1, 2_500])('has %i coroutines wait at once, and hands each its value', async (coroutines) => {
    const looks: unknown[] = []
    // A rung cannot be asked; the runtime, of whatever order, can.
    const look = () =>
      looks.push((running.task as CoroutineTask<unknown> | null)?.scheduler.statistics().parked ?? 'parked')
    expect(await park(await variantCalled(name).load(), coroutines, look)).toBe(coroutines)
    expect(looks).toEqual([rungs.some((rung) => rung.name === name) ? 'parked' : coroutines])
  })

  it('hands values over in the order in which receivers came, and senders', async () => {
    const { channel, run } = await variantCalled(name).load()
    const log: string[] = []
    await run(function* (family) {
      const line = channel()
      const cameFirst = function* () {
        for (const who of ['a', 'b', 'c']) {
          family.spawn(note, log, who, line)
          yield* othersFirst(channel(), family)
        }
        for (const value of [1, 2, 3]) yield* line.send(value)
        yield* othersFirst(channel(), family)
      }
      // Where the order of spawns is shuffled, nobody knows who comes first.
      if (name !== 'shuffle') yield* cameFirst()
      for (const value of [4, 5, 6]) family.spawn(give, line, value)
      for (const who of ['d', 'e', 'f']) yield* note(log, who, line)
      return 0
    })
    if (name === 'shuffle') expect(log.map((entry) => entry.slice(2)).toSorted()).toEqual(['4', '5', '6'])
    else expect(log).toEqual(['a 1', 'b 2', 'c 3', 'd 4', 'e 5', 'f 6'])
  })

  it('fails of what a coroutine throws', async () => {
    const { run } = await variantCalled(name).load()
    const failing = run(function* (family) {
      family.spawn(fail)
      return 0
    })
    await expect(failing).rejects.toThrow('failure')
  })
})

describe('everybody', () => {
  // Inside a time-out that is still to come nobody can say so.
  it.each(names.filter((name) => name !== 'timeout'))('says so when nobody can go on: %s', async (name) => {
    const { channel, run } = await variantCalled(name).load()
    const stuck = run(function* () {
      return yield* channel().receive()
    })
    await expect(stuck).rejects.toThrow(/^every(body waits| coroutine is parked)/)
  })
})

describe('what the runtime is asked for', () => {
  it.each([
    ['encke', { scopes: 1, limitMs: Infinity, locals: 0, spawnSite: null }],
    ['debug', { scopes: 1, limitMs: Infinity, locals: 0, spawnSite: expect.stringContaining('variants.test.ts') }],
    ['scopes-1', { scopes: 2, limitMs: Infinity, locals: 0, spawnSite: null }],
    ['scopes-5', { scopes: 6, limitMs: Infinity, locals: 0, spawnSite: null }],
    ['scopes-50', { scopes: 51, limitMs: Infinity, locals: 0, spawnSite: null }],
    ['timeout', { scopes: 1, limitMs: expect.closeTo(600_000, -4), locals: 0, spawnSite: null }],
    ['local', { scopes: 1, limitMs: Infinity, locals: 1, spawnSite: null }],
  ])('is there: %s', async (name, wanted) => {
    const { run } = await variantCalled(name).load()
    let found: unknown
    await run(function* (family) {
      let scopes = 0
      const main = running.task as CoroutineTask<unknown>
      for (let place = main.place; place !== main; place = place.outer as typeof place) scopes += 1
      family.spawn(function* () {
        const { locals, spawnSite } = running.task as CoroutineTask<unknown>
        found = { scopes, limitMs: (family as Scope).remainingMs, locals: locals?.size ?? 0, spawnSite }
      })
      return 0
    })
    expect(found).toEqual(wanted)
  })

  it('is there: a shuffled order', async () => {
    const { run } = await variantCalled('shuffle').load()
    const order: number[] = []
    await run(function* (family) {
      for (let who = 0; who < 20; who += 1) {
        family.spawn(function* () {
          order.push(who)
        })
      }
      return 0
    })
    expect(order).not.toEqual(order.toSorted((a, b) => a - b))
  })
})

describe('the variants', () => {
  it('have names and titles of their own, but for the runtime, which is in both tables', () => {
    expect(names.length).toBe(all.length - 1)
    expect(new Set(all.map(({ title }) => title)).size).toBe(all.length)
    expect(ladder.at(-1)?.name).toBe(options[0]?.name)
  })

  it('are found by their names alone', () => {
    for (const name of names) expect(variantCalled(name).name).toBe(name)
    expect(() => variantCalled('bear')).toThrow('there is no variant bear')
  })
})
