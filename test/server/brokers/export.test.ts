import { describe, expect, it } from 'vitest'
import { type Coroutine, run } from '../../../runtime/index.ts'
import { exportTopics, Import } from '../../../server/brokers/export.ts'
import { openBroker } from '../../../server/brokers/open-broker.ts'
import { backUp } from '../../../server/brokers/sqlite/back-up.ts'
import type { Broker, Slice, TopicRecord } from '../../../server/hub/index.ts'
import { draftOf, publishOne } from './conformance.ts'
import { closeBroker, Folder } from './make-sqlite.ts'

const play = <T>(body: () => Coroutine<T>): Promise<T> => run(body).promise
const everything = { messages: 10_000, bytes: 10_000_000 }

async function linesOf(broker: Broker): Promise<{ lines: string[]; count: unknown }> {
  const lines: string[] = []
  const count = await play(() =>
    exportTopics(broker, function* (line) {
      lines.push(line)
    }),
  )
  return { lines, count }
}

function importing(broker: Broker, lines: readonly string[]) {
  return play(function* () {
    const into = new Import(broker)
    for (const line of lines) yield* into.take(line)
    return yield* into.end()
  })
}

function* fill(broker: Broker): Coroutine<void> {
  for (let number = 1; number <= 2_500; number += 1) yield* publishOne(broker, 'many', `${number}`)
  const messages = [draftOf(Uint8Array.of(0, 255, 10))]
  const lifetime = { ttlMs: 3_600_000 }
  yield* broker.create('bytes', { contentType: 'application/octet-stream', lifetime, messages, isClosed: true })
  yield* broker.create('empty', { contentType: 'text/plain', lifetime: null, messages: [], isClosed: false })
  yield* broker.fork('bytes', 'head', 'fork', { lifetime: null })
}

describe('an export', () => {
  it('takes topics with their messages from one broker to another, where they begin anew', async () => {
    using folder = new Folder()
    const from = await openBroker('memory:', { historyMessages: 2_000 })
    const to = await openBroker(`sqlite:${folder.file()}`, { historyMessages: 5_000 })
    await play(() => fill(from))
    const { lines, count } = await linesOf(from)
    expect(count).toEqual({ topics: 4, messages: 2_002 })
    expect(await importing(to, lines)).toEqual(count)
    const { lines: again } = await linesOf(to)
    expect(again).toEqual(lines)
    await play(function* () {
      const many = yield* to.history('many', 1, everything)
      expect([many.oldest, many.head, many.messages[0]?.data]).toEqual([1, 2_000, '501'])
      const [first] = (yield* from.history('many', 1, everything)).messages
      expect(many.messages[0]).toMatchObject({ id: first?.id, time: first?.time })
      expect(many.epoch).not.toBe((yield* from.inform('many'))?.epoch)
      expect(yield* to.inform('bytes')).toMatchObject({
        isClosed: true,
        retention: 'all',
        lifetime: { ttlMs: 3_600_000 },
      })
      expect((yield* to.history('bytes', 1, everything)).messages[0]?.data).toEqual(Uint8Array.of(0, 255, 10))
    })
    await expect(importing(to, lines)).rejects.toThrow(/^line \d+ comes after the topic bytes, which is there already/)
    for (const broker of [from, to]) await closeBroker(broker)
  })

  it('is imported without ids and times where it has none, or others than Encke gives', async () => {
    const broker = await openBroker('memory:')
    const topic = '{"topic":"a","contentType":"application/json","retention":"bounded","closed":false}'
    await importing(broker, [topic, '{"data":"1"}', '{"data":"2","id":"a b","time":1}'])
    const { messages } = await play(() => broker.history('a', 1, everything) as Coroutine<Slice>)
    expect(messages.map(({ id }) => id)).toEqual([
      expect.stringMatching(/^[\w-]{16}$/),
      expect.stringMatching(/^[\w-]{16}$/),
    ])
    await closeBroker(broker)
  })

  it.each([
    ['[', 'line 1 is no JSON object'],
    ['{"data":"1"}', 'line 1 is a message without a topic before it'],
    ['{"topic":"a//b","contentType":"a/b","retention":"all","closed":false}', 'line 1 is no topic'],
    ['{"else":1}', 'line 1 is neither a topic nor a message'],
  ])('a line such as %s is refused, and its number said', async (line, complaint) => {
    const broker = await openBroker('memory:')
    await expect(importing(broker, [line])).rejects.toThrow(complaint)
    await closeBroker(broker)
  })
})

describe('a backup', () => {
  it('is made while the file is served, has what was acknowledged, and begins new epochs and segments', async () => {
    using folder = new Folder()
    const served = await openBroker(`sqlite:${folder.file()}`)
    await play(function* () {
      for (let number = 1; number <= 20; number += 1) yield* publishOne(served, 'a', `${number}`)
    })
    const before = (await play(function* () {
      return yield* served.inform('a')
    })) as TopicRecord
    backUp(`sqlite:${folder.file()}`, folder.file('backup.db'))
    await play(function* () {
      yield* publishOne(served, 'a', 'later')
    })
    const restored = await openBroker(`sqlite:${folder.file('backup.db')}`)
    await play(function* () {
      const { epoch, head, messages } = yield* restored.history('a', 1, everything)
      expect([head, messages.length]).toEqual([20, 20])
      expect(epoch).not.toBe(before.epoch)
      const segments = (yield* restored.inform('a'))?.segments
      expect(segments).toEqual([{ number: expect.any(Number), first: 1 }])
      expect(segments?.[0]?.number).toBeGreaterThan(before.segment)
      expect((yield* publishOne(restored, 'a', 'other')).message.offset).toBe(21)
    })
    const { epoch } = await play(function* () {
      return yield* restored.history('a', 1, everything)
    })
    await closeBroker(restored)
    const again = await openBroker(`sqlite:${folder.file('backup.db')}`)
    await play(function* () {
      expect((yield* again.history('a', 1, everything)).epoch).toBe(epoch)
    })
    for (const broker of [served, again]) await closeBroker(broker)
  })

  it('overwrites nothing, and says what is missing', () => {
    using folder = new Folder()
    expect(() => backUp(folder.file('none.db'), folder.file('b.db'))).toThrow('there is no ')
    expect(() => backUp(import.meta.filename, import.meta.filename)).toThrow('is there already')
    expect(() => backUp(import.meta.filename, folder.file('b.db'))).toThrow('is damaged, or no database')
  })

  it('that cannot be written names the copy, not the file that is well', async () => {
    using folder = new Folder()
    await closeBroker(await openBroker(`sqlite:${folder.file()}`))
    const target = folder.file('no/such/folder/b.db')
    expect(() => backUp(folder.file(), target)).toThrow(`${target} cannot be written: ENOENT`)
  })
})
