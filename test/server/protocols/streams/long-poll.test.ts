// Long polls of streams: what waiting costs the broker, and that polls that repeat are answered, to the byte, as Fastify
// answers them.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Broker, Follower } from '../../../../server/hub/index.ts'
import { rawRequest, turns } from '../../http/live-app.ts'
import { Served, until, type Wire, withSortedHeads } from '../../http/served.ts'

const json = { 'content-type': 'application/json' }

/** `broker` with some of its methods told of, or replaced. */
function around(broker: Broker, methods: Partial<Broker>): Broker {
  return new Proxy(broker, {
    get(target, name) {
      const own = methods[name as keyof Broker] ?? target[name as keyof Broker]
      return typeof own === 'function' ? own.bind(target) : own
    },
  })
}

function poll(topic: string, offset: string, turn?: number, more = ''): string {
  const cursor = turn === undefined ? '' : `&cursor=${turn}`
  return rawRequest('GET', `/v1/stream/${topic}?offset=${offset}&live=long-poll${cursor}${more}`)
}

function offsetOf(reply: string): string {
  return /stream-next-offset: (\S+)/i.exec(reply)?.[1] ?? '-1'
}

describe('a herd at the end of a stream', () => {
  it('is answered without the broker being asked for any of its readers', async () => {
    await using home = await Served.start()
    const asked: string[] = []
    const { broker } = home.app.hub
    const counted = around(broker, {
      history: (...given) => {
        asked.push('history')
        return broker.history(...given)
      },
      inform: (topic) => {
        asked.push('inform')
        return broker.inform(topic)
      },
    })
    await using served = await Served.start(['--client-limits', 'off'], { broker: counted })
    const put = await served.send('PUT', '/v1/stream/herd', { headers: json })
    const path = `/v1/stream/herd?offset=${put.headers['stream-next-offset']}&live=long-poll`
    const first = served.get(path)
    await served.waiting(1)
    asked.length = 0
    const others = Array.from({ length: 20 }, () => served.get(path))
    await served.waiting(21)
    await served.send('POST', '/v1/stream/herd', { headers: json, body: '[1,2]' })
    const answers = await Promise.all([first, ...others])
    expect(new Set(answers.map(({ text, headers }) => `${text} ${headers['stream-next-offset']}`)).size).toBe(1)
    expect(answers[0]?.json).toEqual([1, 2])
    expect(asked).toEqual([])
  })

  it('of whom each has a cursor of its own gets that, and the same data', async () => {
    await using served = await Served.start()
    const put = await served.send('PUT', '/v1/stream/herd', { headers: json })
    const path = `/v1/stream/herd?offset=${put.headers['stream-next-offset']}&live=long-poll`
    // The first reads a batch of its own.
    const turnsSent = [1, 2, 3, 3, 2, 4].map((turn) => 9_000_000_000_000 + turn)
    const readers = turnsSent.map((turn) => served.get(`${path}&cursor=${turn}`))
    await served.waiting(turnsSent.length)
    await served.send('POST', '/v1/stream/herd', { headers: json, body: '[1]' })
    const answers = await Promise.all(readers)
    expect(answers.map(({ headers }) => Number(headers['stream-cursor']))).toEqual(turnsSent.map((turn) => turn + 1))
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['[1]']))
  })
})

describe('a reader that is ahead of what its node has been told', () => {
  it('goes on waiting, and gets what comes next', async () => {
    await using home = await Served.start()
    const { broker } = home.app.hub
    const late: (() => void)[] = []
    let isLate = false
    const lagging = around(broker, {
      follow: (topics, follower: Follower) => {
        const slow: Follower = {
          located: (...told) => follower.located(...told),
          notLocated: (...told) => follower.notLocated(...told),
          arrived: (...told) => {
            if (isLate) late.push(() => follower.arrived(...told))
            else follower.arrived(...told)
          },
          moved: (...told) => {
            if (isLate) late.push(() => follower.moved(...told))
            else follower.moved(...told)
          },
          isReading: (topic) => follower.isReading(topic),
          relinquish: () => follower.relinquish(),
        }
        broker.follow(topics, slow)
      },
    })
    await using served = await Served.start([], { broker: lagging })
    const { headers } = await served.send('PUT', '/v1/stream/late', { headers: json })
    const follows = served.get(`/v1/stream/late?offset=${headers['stream-next-offset']}&live=long-poll`)
    await served.waiting(1)
    await home.send('POST', '/v1/stream/late', { headers: json, body: '[1]' })
    await follows
    isLate = true
    const second = await home.send('POST', '/v1/stream/late', { headers: json, body: '[2]' })
    const ahead = served.get(`/v1/stream/late?offset=${second.headers['stream-next-offset']}&live=long-poll`)
    await served.waiting(1)
    isLate = false
    for (const tell of late) tell()
    await home.send('POST', '/v1/stream/late', { headers: json, body: '[3]' })
    expect((await ahead).json).toEqual([3])
  })
})

/** Two servers, one with the fast path and one without, which have a broker in common, and the same client at each. */
class Twins implements AsyncDisposable {
  /** How many requests the first one has given to Fastify. */
  wholeWay = 0
  readonly topic: string
  readonly #home: Served
  readonly #servers: Served[] = []
  readonly #wires: Wire[] = []
  #turn = 9_000_000_000_000

  private constructor(home: Served, topic: string) {
    this.#home = home
    this.topic = topic
  }

  static async start(home: Served, topic: string, contentType: string): Promise<Twins> {
    const twins = new Twins(home, topic)
    for (const fastPath of ['on', 'off']) {
      const flags = [
        '--fast-path',
        fastPath,
        '--drain-pause-ms',
        '0',
        '--drain-ms',
        '0',
        '--wait-default-seconds',
        '60',
      ]
      const parts = { broker: home.app.hub.broker }
      const server = await Served.start([...flags, '--origins', 'https://app.example'], parts, ({ http }) => {
        if (fastPath === 'on') http.server.on('request', () => void (twins.wholeWay += 1))
      })
      twins.#servers.push(server)
      twins.#wires.push(await server.wire())
    }
    await home.send('PUT', `/v1/stream/${topic}`, { headers: { 'content-type': contentType } })
    return twins
  }

  async append(body: string, headers: Record<string, string> = json): Promise<void> {
    await this.#home.send('POST', `/v1/stream/${this.topic}`, { headers, ...(body !== '' && { body }) })
  }

  /** Send the same to both. */
  async ask(offset: string, more = ''): Promise<void> {
    this.#turn += 1
    for (const wire of this.#wires) await wire.write(poll(this.topic, offset, this.#turn, more))
  }

  async waiting(count: number): Promise<void> {
    for (const server of this.#servers) await server.waiting(count)
  }

  /** What both say, which is the same but for the order of the headers: a server that closes has another. */
  async reply(): Promise<string> {
    const [fast, slow] = (await Promise.all(this.#wires.map((wire) => wire.replyText()))) as [string, string]
    expect(withSortedHeads(fast)).toBe(withSortedHeads(slow))
    return fast
  }

  async write(bytes: string): Promise<void> {
    for (const wire of this.#wires) await wire.write(bytes)
  }

  async drain(): Promise<void> {
    await Promise.all(this.#servers.map(({ app }) => app.drain()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await server[Symbol.asyncDispose]()
  }
}

describe('polls that repeat', () => {
  it('are answered by their bytes, wherever the offset and the cursor are now', async () => {
    await using home = await Served.start()
    await using twins = await Twins.start(home, 'repeats', 'application/json')
    let offset = '-1'
    for (let n = 0; n < 8; n += 1) {
      await twins.append(`[${n}]`)
      if (n === 3) twins.wholeWay = 0
      await twins.ask(offset)
      const reply = await twins.reply()
      expect(reply).toMatch(new RegExp(`stream-cursor: ${9_000_000_000_002 + n}\r\n`, 'i'))
      expect(reply).toMatch(/x-content-type-options: nosniff/i)
      expect(reply.endsWith(`\r\n\r\n[${n}]`)).toBe(true)
      offset = offsetOf(reply)
    }
    expect(twins.wholeWay).toBe(0)
  })

  it('keep the bytes of a stream that is no text, long or short', async () => {
    await using home = await Served.start()
    await using twins = await Twins.start(home, 'bytes', 'application/octet-stream')
    let offset = '-1'
    for (const length of [1, 100, 9_000, 70_000, 3]) {
      await twins.append('\u00ff'.repeat(length), { 'content-type': 'application/octet-stream' })
      await twins.ask(offset)
      const reply = await twins.reply()
      expect(reply.split('\r\n\r\n')[1]).toBe('\u00ff'.repeat(length))
      offset = offsetOf(reply)
    }
  })

  it('say, to the byte, what Fastify says: data, the end, what is known, mistakes, and what comes behind', async () => {
    await using home = await Served.start()
    const met = { data: 0, end: 0, known: 0, wrong: 0, byBytes: 0 }
    let topics = 0
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.constant('append' as const) },
      { weight: 2, arbitrary: fc.constant('wait' as const) },
      ...(['again', 'behind', 'known', 'wrong', 'broken', 'start'] as const).map((one) => ({
        weight: 1,
        arbitrary: fc.constant(one),
      })),
    )
    const script = fc.record({ steps: fc.array(step, { minLength: 4, maxLength: 14 }), ends: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(script, async ({ steps, ends }) => {
        topics += 1
        await using twins = await Twins.start(home, `t${topics}`, 'application/json')
        let [offset, before] = ['-1', '-1']
        const answered = async () => {
          const reply = await twins.reply()
          offset = offsetOf(reply)
          met.data += Number(reply.startsWith('HTTP/1.1 200'))
          return reply
        }
        const waits = async (step: string) => {
          const wholeWay = twins.wholeWay
          before = offset
          await twins.ask(offset)
          await twins.waiting(1)
          if (step === 'behind') await twins.write('\r\n')
          await turns(5)
          await twins.append('[1,{"a":"\u00e4"}]')
          await answered()
          met.byBytes += Number(twins.wholeWay === wholeWay)
        }
        for (const step of ['append', 'append', 'append', ...steps]) {
          if (step === 'append') {
            before = offset
            await twins.append('[1]')
            await twins.ask(offset)
            await answered()
          } else if (step === 'again') {
            await twins.ask(before)
            await answered()
          } else if (step === 'start') {
            await twins.ask('-1')
            await answered()
          } else if (step === 'known') {
            const headers = { 'if-none-match': '*' }
            await twins.write(
              poll(twins.topic, before, 7).replace(
                '\r\n\r\n',
                `\r\nIf-None-Match: ${headers['if-none-match']}\r\n\r\n`,
              ),
            )
            met.known += Number((await twins.reply()).startsWith('HTTP/1.1 304'))
          } else if (step === 'wrong') {
            await twins.ask('0000000000000009_0000000000000009')
            met.wrong += Number((await twins.reply()).startsWith('HTTP/1.1 410'))
          } else if (step === 'broken') {
            await twins.ask('nowhere')
            expect(await twins.reply()).toContain('HTTP/1.1 400')
          } else await waits(step)
        }
        if (!ends) return
        await twins.ask(offset)
        await twins.waiting(1)
        await twins.append('', { 'stream-closed': 'true' })
        met.end += Number(/^HTTP\/1.1 204.*stream-closed: true/is.test(await answered()))
        await twins.ask(offset)
        await answered()
        await twins.ask(before)
        await answered()
      }),
      { numRuns: 25 },
    )
    for (const count of Object.values(met)) expect(count).toBeGreaterThan(2)
  })

  it('are sent away when the server drains, and the connection ends', async () => {
    await using home = await Served.start()
    await using twins = await Twins.start(home, 'drains', 'text/plain')
    let offset = '-1'
    for (const data of ['a', 'b', 'c', 'd']) {
      await twins.append(data, { 'content-type': 'text/plain' })
      await twins.ask(offset)
      offset = offsetOf(await twins.reply())
    }
    twins.wholeWay = 0
    await twins.ask(offset)
    await twins.waiting(1)
    expect(twins.wholeWay).toBe(0)
    const drained = twins.drain()
    expect(await twins.reply()).toMatch(/^HTTP\/1.1 204.*connection: close/is)
    await drained
  })

  it('are answered when the wait is over, and go on', async () => {
    await using served = await Served.start(['--wait-default-seconds', '1'])
    let wholeWay = 0
    served.app.http.server.on('request', () => void (wholeWay += 1))
    await served.send('PUT', '/v1/stream/quiet', { headers: json })
    const wire = await served.wire()
    let offset = 'now'
    for (let n = 0; n < 4; n += 1) {
      if (n === 2) wholeWay = 0
      await wire.write(poll('quiet', offset, n))
      const reply = await wire.replyText()
      expect(reply).toMatch(/^HTTP\/1.1 204 No Content\r\n/)
      offset = offsetOf(reply)
    }
    expect(wholeWay).toBe(0)
    await until(() => served.app.hub.statistics().waiting === 0)
  })
})
