// Every variant that has a price plays its programs right.

import { describe, expect, it } from 'vitest'
import { chain, park, pingPong } from '../../../loadtest/price/programs.ts'
import { ladder, options, variantCalled } from '../../../loadtest/price/variants.ts'
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
    let looks = 0
    const look = () => void (looks += 1)
    expect(await park(await variantCalled(name).load(), coroutines, look)).toBe(coroutines)
    expect(looks).toBe(1)
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
