// Publishes and appends that come again are answered past Node's HTTP and Fastify, too. That nobody can tell is
// message-differential.test.ts's; here is which of them do, and what becomes of those that wait for their broker.

import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { Latch } from '../../../../runtime/index.ts'
import { mintToken } from '../../../../server/access/mint-token.ts'
import type { Parts } from '../../../../server/app.ts'
import { ScriptedBroker } from '../../brokers/scripted-broker.ts'
import { rawRequest } from '../live-app.ts'
import { Served, until, type Wire } from '../served.ts'

interface Serving extends Served {
  /** How many messages have gone the whole way. */
  wholeWay(): number
}

async function serve(flags: readonly string[] = [], parts: Parts = {}): Promise<Serving> {
  const served = await Served.start(['--client-limits', 'off', ...flags], parts)
  let messages = 0
  served.app.http.server.on('request', ({ method }: IncomingMessage) => {
    if (method === 'POST') messages += 1
  })
  return Object.assign(served, { wholeWay: () => messages })
}

/** Connections whose messages are known by their bytes, and a broker that takes no more until its gate is opened. */
async function behindGate(served: Served, broker: ScriptedBroker, request: string, count = 1) {
  const wires: Wire[] = []
  for (let made = 0; made < count; made += 1) {
    const wire = await served.wire()
    for (let sent = 0; sent < 2; sent += 1) {
      await wire.write(request)
      expect((await wire.reply()).status).toBe(201)
    }
    wires.push(wire)
  }
  const gate = new Latch('a broker that takes its time')
  let asked = 0
  broker.before = (operation) => {
    if (operation !== 'append') return undefined
    asked += 1
    return gate.wait()
  }
  return { wires, gate, asked: (times: number) => until(() => asked === times) }
}

const browser = ['User-Agent: Mozilla/5.0 (X11; Linux x86_64)', 'Accept: */*', 'Origin: http://localhost']
const publish = (data: string) => rawRequest('POST', '/publish?topic=a', data)

describe('a message that comes again', () => {
  it.each<[string, (n: number) => string]>([
    ['with the topic in the query', (n) => rawRequest('POST', '/publish?topic=chat%2Flobby', `{"n":${n}}`)],
    ['in the path', (n) => rawRequest('POST', '/topics/chat%2Flobby/messages', `{"n":${n}}`)],
    ['to another topic each time', (n) => rawRequest('POST', `/publish?topic=rooms%2F${n}`, `{"n":${n}}`)],
    ['with a key', (n) => rawRequest('POST', '/publish?topic=a', `${n}`, [`Idempotency-Key: key-${n}`])],
    ['of a browser', (n) => rawRequest('POST', '/publish?topic=a', `${n}`, browser)],
    [
      'of another length each time',
      (n) => rawRequest('POST', '/publish?topic=a', JSON.stringify('x'.repeat(n * 1_000))),
    ],
    ['to a stream', (n) => rawRequest('POST', '/v1/stream/s', `{"n":${n}}`)],
    ['of a producer', (n) => rawRequest('POST', '/v1/stream/s', `${n}`, producer(n))],
    ['with a mark of its writer', (n) => rawRequest('POST', '/v1/stream/s', `${n}`, [`Stream-Seq: ${n}`])],
  ])('passes Node and Fastify from the third on: %s', async (_, request) => {
    await using served = await serve()
    await served.send('PUT', '/v1/stream/s', { headers: { 'content-type': 'application/json' } })
    const wire = await served.wire()
    const before = served.wholeWay()
    for (let n = 0; n < 6; n += 1) {
      await wire.write(request(n))
      expect((await wire.reply()).status).toBeLessThan(300)
    }
    expect(served.wholeWay() - before).toBe(2)
    expect(served.app.hub.statistics()).toMatchObject({ published: 6 })
  })

  it.each<[string, (n: number) => string]>([
    ['more than eight kilobytes', () => publish(JSON.stringify('x'.repeat(9_000)))],
    [
      'its length in another header',
      () =>
        publish('1').replace('Content-Length: 1', 'Transfer-Encoding: chunked').replace(/1$/, '1\r\n1\r\n0\r\n\r\n'),
    ],
    ['several messages', (n) => rawRequest('POST', '/publish', `{"messages":[{"topic":"a","data":${n}}]}`)],
    ['a connection that ends', () => rawRequest('POST', '/publish?topic=a', '1', ['Connection: close'])],
    ['a head that changes', (n) => rawRequest('POST', '/publish?topic=a', '1', [`X-Request-Id: ${n}`])],
  ])('goes the whole way with %s', async (_, request) => {
    await using served = await serve()
    let wire = await served.wire()
    const before = served.wholeWay()
    for (let n = 0; n < 4; n += 1) {
      if (!wire.socket.writable) wire = await served.wire()
      await wire.write(request(n))
      expect((await wire.reply()).status).toBe(201)
      if (request(n).includes('close')) await wire.closed()
    }
    expect(served.wholeWay() - before).toBe(4)
  })

  it('is known below a base path, too', async () => {
    await using served = await serve(['--base-path', '/topics/a/messages'])
    const wire = await served.wire()
    for (const topic of ['a', 'b', 'c', 'd']) {
      await wire.write(rawRequest('POST', `/topics/a/messages/topics/${topic}/messages`, '1'))
      expect((await wire.reply()).json).toMatchObject({ topic })
    }
    expect(served.wholeWay()).toBe(2)
    await wire.write(rawRequest('POST', '/topics/b/messages/topics/a/messages', '1'))
    expect((await wire.reply()).status).toBe(404)
  })

  it.each(['/publish?topic=a', '/v1/stream/s'])(
    'is no other request whose body looks like it, with half of a third behind: %s',
    async (target) => {
      await using served = await serve()
      await served.send('PUT', '/v1/stream/s', { headers: { 'content-type': 'text/plain' } })
      const head = `POST ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 400\r\n\r\n`
      const body = (letter: string) => letter.repeat(400)
      const wire = await served.wire()
      for (const letter of ['a', 'b']) {
        await wire.write(head + body(letter))
        expect((await wire.reply()).status).toBeLessThan(300)
      }
      // Its body begins with its own head, and the next request ends within a header, which goes on with the one after.
      await wire.write(head)
      await served.get('/healthz')
      const half = 'POST /publish?topic=b HTTP/1.1\r\nX: '.padEnd(head.length, 'x')
      await wire.write(head + 'c'.repeat(400 - head.length) + half)
      expect((await wire.reply()).status).toBeLessThan(300)
      await wire.write(head + body('d'))
      expect(await wire.reply()).toMatchObject({ status: 201, json: { topic: 'b', offset: 1 } })
      expect(served.app.hub.statistics().published).toBe(4)
    },
  )

  it('wakes who waits, and says how many did', async () => {
    await using served = await serve()
    const wire = await served.wire()
    for (let n = 0; n < 4; n += 1) {
      const reader = served.get('/messages?topic=a&wait=60')
      await served.waiting(1)
      await wire.write(publish(`"${n}"`))
      expect((await wire.reply()).json).toMatchObject({ topic: 'a', offset: n + 1, waiting: 1 })
      expect((await reader).json.messages).toMatchObject([{ data: `${n}`, offset: n + 1 }])
    }
    expect(served.wholeWay()).toBe(2)
  })

  it('is kept once under its key, and another under the same key is refused', async () => {
    await using served = await serve()
    const wire = await served.wire()
    const keyed = async (key: string, data: string) => {
      await wire.write(rawRequest('POST', '/publish?topic=a', data, [`Idempotency-Key: ${key}`]))
      return await wire.reply()
    }
    for (const key of ['one', 'two', 'three']) expect((await keyed(key, '1')).status).toBe(201)
    expect((await keyed('three', '1')).json).toMatchObject({ offset: 3, replayed: true })
    expect(await keyed('three', '2')).toMatchObject({ status: 422, json: { code: 'ENCKE_ERR_KEY_REUSED' } })
    expect((await keyed('four', '2')).json).toMatchObject({ offset: 4 })
    expect(served.app.hub.statistics().published).toBe(4)
  })

  it.each([
    ['/publish?topic=', 201],
    ['/v1/stream/', 204],
  ])('is refused where the token does not reach, and once it has ended: %s', async (path, sent) => {
    const secret = 's'.repeat(32)
    let shiftMs = 0
    const parts = { clock: () => performance.now() + shiftMs, wallClock: () => Date.now() + shiftMs }
    await using served = await serve(['--token-secret', secret], parts)
    const token = await mintToken({ secret, ttlSeconds: 60, wallClock: parts.wallClock, publish: ['a', 'b'] })
    const every = await mintToken({ secret, ttlSeconds: 60, wallClock: parts.wallClock, manage: ['**'] })
    const headers = { authorization: `Bearer ${every}`, 'content-type': 'application/json' }
    for (const topic of ['a', 'b', 'c']) await served.send('PUT', `/v1/stream/${topic}`, { headers })
    const wire = await served.wire()
    const send = async (topic: string) => {
      await wire.write(rawRequest('POST', `${path}${topic}`, '1', [`Authorization: Bearer ${token}`]))
      return (await wire.reply()).status
    }
    const { traffic } = served.app.observations
    const before = traffic.requests
    for (const topic of ['a', 'b', 'a', 'b']) expect(await send(topic)).toBe(sent)
    expect([served.wholeWay(), traffic.requests, traffic.repeats]).toEqual([2, before + 4, 2])
    expect(await send('c')).toBe(403)
    for (const topic of ['a', 'b', 'a']) expect(await send(topic)).toBe(sent)
    shiftMs = 120_000
    expect(await send('a')).toBe(401)
    expect(served.app.hub.statistics().published).toBe(7)
  })

  it('is seen by a hook that somebody adds', async () => {
    let seen = 0
    await using served = await Served.start([], {}, ({ http }) => {
      http.addHook('onRequest', async () => void (seen += 1))
    })
    const wire = await served.wire()
    for (let n = 0; n < 5; n += 1) {
      await wire.write(publish('1'))
      expect((await wire.reply()).status).toBe(201)
    }
    expect(seen).toBe(5)
  })
})

describe('a message that waits for its broker', () => {
  it('is published once, and answered in its turn, when more comes behind it', async () => {
    const broker = new ScriptedBroker()
    await using served = await serve([], { broker })
    const { wires, gate, asked } = await behindGate(served, broker, publish('1'))
    const [wire] = wires as [Wire]
    const before = served.wholeWay()
    await wire.write(publish('2'))
    await asked(1)
    expect(served.wholeWay()).toBe(before)
    await wire.write(rawRequest('GET', '/healthz') + publish('3'))
    await asked(2)
    gate.open()
    const replies = [await wire.reply(), await wire.reply(), await wire.reply()]
    expect(replies.map(({ status, json }) => json.offset ?? status)).toEqual([3, 200, 4])
    expect(served.app.hub.statistics().published).toBe(4)
  })

  it('is published though its client goes away, and nothing is left of it', async () => {
    const broker = new ScriptedBroker()
    await using served = await serve([], { broker })
    const { wires, gate, asked } = await behindGate(served, broker, publish('1'), 5)
    const before = await served.holdingsAtRest()
    for (const wire of wires) await wire.write(publish('2'))
    await asked(5)
    for (const { socket } of wires) socket.resetAndDestroy()
    for (const wire of wires) await wire.closed()
    gate.open()
    await served.untilHolding({ ...before, published: 15 })
  })

  it('is answered by a server that goes away, whose connection ends with the reply', async () => {
    const broker = new ScriptedBroker()
    await using served = await serve(['--drain-pause-ms', '0', '--drain-ms', '0'], { broker })
    const { wires, gate, asked } = await behindGate(served, broker, publish('1'))
    const [wire] = wires as [Wire]
    await wire.write(publish('2'))
    await asked(1)
    const drained = served.app.drain()
    gate.open()
    expect(await wire.reply()).toMatchObject({ status: 201, headers: { connection: 'close' }, json: { offset: 3 } })
    await wire.closed()
    await drained
  })

  it('is told what its broker fails with, and the next one passes', async () => {
    const broker = new ScriptedBroker()
    await using served = await serve(['--broker-timeout-ms', '30'], { broker })
    const { wires, asked } = await behindGate(served, broker, publish('1'))
    const [wire] = wires as [Wire]
    await wire.write(publish('2'))
    await asked(1)
    expect(await wire.reply()).toMatchObject({ status: 504, json: { code: 'ENCKE_ERR_PUBLISH_UNKNOWN' } })
    broker.before = () => undefined
    for (let sent = 0; sent < 3; sent += 1) {
      await wire.write(publish('3'))
      expect((await wire.reply()).status).toBe(201)
    }
  })
})

function producer(sequence: number): string[] {
  return ['Producer-Id: p', 'Producer-Epoch: 0', `Producer-Seq: ${sequence}`]
}
