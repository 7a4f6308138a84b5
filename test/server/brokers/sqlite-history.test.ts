// A history that is larger than what is taken over from the reading thread at once: it is read in pieces, and is one.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Coroutine, Scheduler } from '../../../runtime/index.ts'
import { VirtualHost } from '../../../runtime/index.ts'
import type { Broker, HistoryLimits, Slice } from '../../../server/hub/index.ts'
import { draftOf } from './conformance.ts'
import { closeBroker, Folder, openOn } from './make-sqlite.ts'

const piece = 256 * 1024
const everything = { messages: 1_000, bytes: 100_000_000 }

let host: VirtualHost
let folder: Folder
let scheduler: Scheduler
let broker: Broker

beforeEach(async () => {
  host = new VirtualHost()
  folder = new Folder()
  scheduler = host.scheduler({ deadlock: 'ignore' })
  broker = await openOn(host, scheduler, folder.file(), { historyMessages: 100, historyBytes: 100_000_000 })
})
afterEach(async () => {
  await closeBroker(broker)
  folder[Symbol.dispose]()
})

const play = <T>(body: () => Coroutine<T>) => host.play(scheduler.run(body))
const read = (from: number, limits: HistoryLimits): Promise<Slice> =>
  play(function* () {
    return yield* broker.history('a', from, limits)
  })
const append = (...sizes: readonly number[]) =>
  play(function* () {
    for (const size of sizes) yield* broker.append('a', { messages: [draftOf('x'.repeat(size))] })
  })
const offsetsOf = ({ messages }: Slice) => messages.map(({ offset }) => offset)
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, at) => first + at)

describe('a history larger than a piece', () => {
  it('is whole, from wherever it is read', async () => {
    await append(...new Array<number>(40).fill(30_000))
    expect(40 * 30_000).toBeGreaterThan(4 * piece)
    expect(offsetsOf(await read(1, everything))).toEqual(upTo(40))
    expect(offsetsOf(await read(17, everything))).toEqual(upTo(40, 17))
    expect((await read(1, everything)).head).toBe(40)
  })

  it('ends with the last message that its limits allow, as a short one does', async () => {
    await append(...new Array<number>(40).fill(30_000))
    expect(offsetsOf(await read(1, { messages: 1_000, bytes: 1_000_000 }))).toEqual(upTo(33))
    expect(offsetsOf(await read(1, { messages: 21, bytes: 1_000_000 }))).toEqual(upTo(21))
    expect(offsetsOf(await read(3, { messages: 1, bytes: 1 }))).toEqual([3])
  })

  it('has no message behind the first that is larger than the room that is left', async () => {
    await append(300_000, 300_000, 500_000, 1_000)
    expect(offsetsOf(await read(1, { messages: 1_000, bytes: 1_000_000 }))).toEqual([1, 2])
    expect(offsetsOf(await read(3, { messages: 1_000, bytes: 10 }))).toEqual([3])
  })

  it('is of one epoch and without a hole, whatever happens to its topic while it is read', async () => {
    for (let round = 0; round < 8; round += 1) {
      await append(...new Array<number>(12).fill(100_000))
      const reading = scheduler.run(function* () {
        return yield* broker.history('a', 1, everything)
      })
      const changing = scheduler.run(function* () {
        if (round % 2 === 0) yield* broker.remove('a')
        for (let more = 0; more < 120; more += 1) yield* broker.append('a', { messages: [draftOf(`new ${more}`)] })
      })
      const slice = await host.play(reading)
      const [first = 1] = offsetsOf(slice)
      expect(offsetsOf(slice)).toEqual(upTo(first + slice.messages.length - 1, first))
      expect(offsetsOf(slice).at(-1) ?? 0).toBeLessThanOrEqual(slice.head)
      const isOld = slice.messages.filter(({ data }) => `${data}`.length === 100_000)
      // What was there is of the old epoch or, without a removal, comes before what is new.
      if (round % 2 === 0 && isOld.length > 0) expect(isOld).toHaveLength(slice.messages.length)
      await host.play(changing)
      await play(function* () {
        yield* broker.remove('a')
      })
    }
  })
})
