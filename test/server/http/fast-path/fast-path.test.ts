// Polls that come again are answered past Node's HTTP and Fastify. Nobody may be able to tell.

import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import fc from 'fast-check'
import type { FastifyInstance } from 'fastify'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WaitingRoom } from '../../../../server/access/waiting-room.ts'
import type { Parts } from '../../../../server/app.ts'
import { Subscription } from '../../../../server/hub/subscription.ts'
import { rawRequest, turns } from '../live-app.ts'
import { Served, until, type Wire } from '../served.ts'

interface Asking {
  readonly path?: string
  readonly query?: string
  readonly lines?: readonly string[]
}

/** Where the topic stands: to start from. */
async function cursorNow({ app }: Served): Promise<string> {
  return (await app.scheduler.run(() => app.hub.inform('a')).promise).cursor
}

/** A client that polls on and on over one connection, and gets one message at a time. */
class Poller {
  readonly wire: Wire
  cursor: string
  readonly #asking: Required<Asking>

  constructor(wire: Wire, cursor: string, { path = '/messages', query = 'topic=a&wait=60', lines = [] }: Asking) {
    this.wire = wire
    this.cursor = cursor
    this.#asking = { path, query, lines }
  }

  static async on(served: Served, asking: Asking = {}): Promise<Poller> {
    return new Poller(await served.wire(), await cursorNow(served), asking)
  }

  request(cursor = this.cursor): string {
    const { path, query, lines } = this.#asking
    return rawRequest('GET', `${path}?${query}&cursor=${cursor}&limit=1`, '', lines)
  }

  async ask(): Promise<void> {
    await this.wire.write(this.request())
  }

  /** The next reply, as it came. */
  async heard({ hasBody = true } = {}): Promise<string> {
    const text = await this.wire.replyText({ hasBody })
    this.cursor = /"cursor":"([^"]+)"/.exec(text)?.[1] ?? this.cursor
    return text
  }

  async poll(): Promise<string> {
    await this.ask()
    return this.heard()
  }
}

interface Serving extends Served {
  /** How many requests have gone the whole way, but for publishes, of which message.test.ts speaks. */
  wholeWay(): number
  readonly sockets: readonly Socket[]
}

async function serve(flags: readonly string[] = [], parts: Parts = {}): Promise<Serving> {
  const served = await Served.start(flags, parts)
  const sockets: Socket[] = []
  let requests = 0
  served.app.http.server.on('connection', (socket: Socket) => sockets.push(socket))
  served.app.http.server.on('request', ({ url = '' }: IncomingMessage) => {
    if (!url.startsWith('/publish?')) requests += 1
  })
  return Object.assign(served, { wholeWay: () => requests, sockets })
}

/** A poller whose next poll is one that comes again. */
async function regular(served: Served, asking: Asking = {}): Promise<Poller> {
  const poller = await Poller.on(served, asking)
  for (const data of ['first', 'second']) await served.publish('a', data)
  for (let polls = 0; polls < 2; polls += 1) expect(await poller.poll()).toContain('HTTP/1.1 200 OK\r\n')
  return poller
}

/** One whose next poll, which passes, waits. */
async function parked(served: Served): Promise<Poller> {
  const poller = await regular(served)
  await poller.ask()
  await served.waiting(1)
  return poller
}

/** Several of them, who all have read everything. */
async function regulars(served: Served, count: number): Promise<Poller[]> {
  const pollers = []
  for (let made = 0; made < count; made += 1) pollers.push(await regular(served))
  for (const poller of pollers) poller.cursor = await cursorNow(served)
  return pollers
}

/** How a server answers one who has never been there. */
async function answerTo(served: Served, bytes: string): Promise<string> {
  const wire = await served.wire()
  await wire.write(bytes)
  return wire.replyText({ hasBody: !bytes.startsWith('HEAD') })
}

/** Do something that sends no request the whole way. */
async function past<T>(served: Serving, work: () => Promise<T>): Promise<T> {
  const before = served.wholeWay()
  const result = await work()
  expect(served.wholeWay()).toBe(before)
  return result
}

/** The server's end of a connection. */
function serverSide(served: Serving, { wire }: Poller): Socket {
  const socket = served.sockets.find(({ remotePort }) => remotePort === wire.socket.localPort)
  if (socket === undefined) throw new Error('there is no such connection')
  return socket
}

const browser = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64)',
  'Accept: */*',
  'Accept-Language: en-US,en;q=0.9',
  'Referer: http://localhost/',
  'Cookie: theme=dark; other="a b"',
]

type Change = (request: string, cursor: string) => string
const changes: [string, Change][] = [
  ['another topic', (bytes) => bytes.replace('topic=a', 'topic=b')],
  ['another parameter', (bytes) => bytes.replace('&limit=1', '&limit=2')],
  ['a parameter more', (bytes) => bytes.replace('&limit=1', '&limit=1&client=me')],
  ['an unknown parameter', (bytes) => bytes.replace('&limit=1', '&limit=1&unknown=1')],
  ['a second cursor', (bytes, cursor) => bytes.replace('&limit=1', `&cursor=${cursor}&limit=1`)],
  ['a cursor in pieces', (bytes, cursor) => bytes.replace(cursor, `${cursor}&wait=1`)],
  ['no cursor', (bytes, cursor) => bytes.replace(`&cursor=${cursor}`, '')],
  ['an empty cursor', (bytes, cursor) => bytes.replace(cursor, '')],
  ['a broken cursor', (bytes, cursor) => bytes.replace(cursor, `${cursor}A`)],
  ['a cursor that is none', (bytes, cursor) => bytes.replace(cursor, '%00')],
  ['a cursor with a line in it', (bytes, cursor) => bytes.replace(cursor, `${cursor} HTTP/1.1\r\nX: y`)],
  ['a cursor with a host in it', (bytes, cursor) => bytes.replace(cursor, `${cursor} HTTP/1.1\r\nHost: evil\r\nX:`)],
  ['another host', (bytes) => bytes.replace('localhost', 'evil.example')],
  ['a second host', (bytes) => bytes.replace('Host: localhost', 'Host: localhost\r\nHost: evil.example')],
  ['another case of a header', (bytes) => bytes.replace('Host', 'host')],
  ['a header more', (bytes) => bytes.replace('\r\n\r\n', '\r\nX: y\r\n\r\n')],
  ['a header without the key', (bytes) => bytes.replace('Bearer key', 'Bearer kez')],
  ['a body', (bytes) => bytes.replace('\r\n\r\n', '\r\nContent-Length: 2\r\n\r\n{}')],
  ['HEAD', (bytes) => bytes.replace('GET', 'HEAD')],
  ['another method', (bytes) => bytes.replace('GET', 'DELETE')],
  ['an unknown method', (bytes) => bytes.replace('GET', 'GOT')],
  ['an older HTTP', (bytes) => bytes.replace('HTTP/1.1', 'HTTP/1.0')],
  ['a client that goes on no longer', (bytes) => bytes.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')],
  ['an empty line before it', (bytes) => `\r\n${bytes}`],
]

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a poll that comes again', () => {
  it('passes Node and Fastify from the third on', async () => {
    await using served = await serve()
    const poller = await Poller.on(served)
    const before = served.wholeWay()
    for (let polls = 1; polls <= 6; polls += 1) {
      await served.publish('a', polls)
      expect(await poller.poll()).toContain(`"data":${polls}}`)
    }
    expect(served.wholeWay() - before).toBe(2)
  })

  it.each<[string, Asking, string[]]>([
    ['of a program', {}, []],
    ['of a browser', { lines: browser }, []],
    ['in the path', { path: '/topics/a/messages', query: 'wait=60' }, []],
    ['of several topics', { query: 'topic=a&topic=b&wait=60' }, []],
    ['of a page elsewhere', { lines: ['Origin: http://chat.example'] }, ['--origins', 'http://chat.example']],
    ['with a key', { lines: ['Authorization: Bearer key'] }, ['--subscribe-key', 'key']],
    ['with a key in a cookie', { lines: ['Cookie: encke_subscribe_key=key'] }, ['--subscribe-key', 'key']],
    ['that says that it keeps its connection', { lines: ['Connection: keep-alive'] }, []],
  ])('is answered byte for byte as one that comes for the first time: %s', async (_, asking, flags) => {
    await using served = await serve(flags)
    const poller = await regular(served, { lines: ['Authorization: Bearer key'], ...asking })
    for (const data of ['short', 'Grüße, 世界', 'x'.repeat(20_000)]) {
      await served.publish('a', data)
      const bytes = poller.request()
      const again = await past(served, () => poller.poll())
      expect(again).toContain(JSON.stringify(data))
      expect(again).toBe(await answerTo(served, bytes))
    }
  })

  it('is answered byte for byte as any other when there is nothing new', async () => {
    await using served = await serve()
    const poller = await regular(served, { query: 'topic=a&wait=0' })
    const bytes = poller.request()
    const again = await past(served, () => poller.poll())
    expect(again).toContain('{"messages":[]')
    expect(again).toBe(await answerTo(served, bytes))
  })

  it('waits, and is woken by a publish', async () => {
    await using served = await serve()
    const poller = await regular(served)
    for (const data of ['third', 'fourth']) {
      await past(served, async () => {
        await poller.ask()
        await served.waiting(1)
        expect((await served.publish('a', data)).json.waiting).toBe(1)
        expect(await poller.heard()).toContain(`"data":"${data}"`)
      })
    }
  })

  it('shares its reply with those who wait beside it, and each second has its date', async () => {
    await using served = await serve()
    const pollers = await Promise.all([1, 2, 3].map(() => Poller.on(served)))
    for (const data of ['first', 'second', 'third', 'fourth']) {
      for (const poller of pollers) await poller.ask()
      await served.waiting(3)
      vi.spyOn(Date, 'now').mockReturnValue(data === 'fourth' ? 1_700_000_001_000 : 1_700_000_000_000)
      await served.publish('a', data)
      for (const poller of pollers) {
        const { headers, json } = await poller.wire.reply()
        poller.cursor = json.cursor
        expect(json.messages).toMatchObject([{ data }])
        if (data === 'third') expect(headers['date']).toBe('Tue, 14 Nov 2023 22:13:20 GMT')
        if (data === 'fourth') expect(headers['date']).toBe('Tue, 14 Nov 2023 22:13:21 GMT')
      }
    }
  })

  it('is counted, and named to the operator, like any other', async () => {
    await using served = await serve()
    const poller = await regular(served)
    const statistics = async () => (await served.administrate('GET', '/admin/statistics')).json
    const before = (await statistics()).http.requests
    await poller.ask()
    await served.waiting(1)
    expect((await statistics()).http.requests).toBe(before + 2)
    const { text } = await served.administrate('GET', '/admin/coroutines')
    expect(text).toContain(`GET /messages?topic=a&wait=60&cursor=${poller.cursor}&limit=1 for 127.0.0.1`)
  })

  it('goes on past it after a request of another kind on the same connection, from the second one', async () => {
    await using served = await serve()
    const poller = await regular(served, { query: 'topic=a&wait=0' })
    await poller.wire.write(rawRequest('POST', '/publish?topic=a', '"from here"'))
    expect(await poller.wire.reply()).toMatchObject({ status: 201 })
    const before = served.wholeWay()
    expect(await poller.poll()).toContain('"from here"')
    expect(served.wholeWay() - before).toBe(1)
    await past(served, () => poller.poll())
  })
})

describe('what is not plainly the same', () => {
  it.each(changes)('goes the whole way, and is answered as if it had come first: %s', async (_, change) => {
    await using served = await serve(['--subscribe-key', 'key'])
    const asking = { query: 'topic=a&wait=0', lines: ['Authorization: Bearer key'] }
    const poller = await regular(served, asking)
    const changed = change(poller.request(), poller.cursor)
    expect(changed).not.toBe(poller.request())
    const wholeWay = vi.fn()
    for (const event of ['request', 'clientError']) served.app.http.server.on(event, wholeWay)
    await poller.wire.write(changed)
    const reply = await poller.wire.replyText({ hasBody: !changed.startsWith('HEAD') })
    expect(wholeWay).toHaveBeenCalledOnce()
    expect(reply).toBe(await answerTo(served, changed))
  })

  it.each([1, 2, 20, 60, -4, -1])('goes the whole way, cut after %i characters', async (cut) => {
    await using served = await serve()
    const poller = await regular(served, { query: 'topic=a&wait=0' })
    const bytes = poller.request()
    const before = served.wholeWay()
    await poller.wire.write(bytes.slice(0, cut))
    await served.get('/healthz')
    await poller.wire.write(bytes.slice(cut))
    expect(await poller.wire.replyText()).toBe(await answerTo(served, bytes))
    expect(served.wholeWay() - before).toBe(3)
  })

  it('is followed by one that passes, also when two had waited behind each other', async () => {
    await using served = await serve()
    const poller = await Poller.on(served)
    await served.publish('a', 'first')
    await poller.poll()
    for (const waiting of [1, 2]) {
      await poller.ask()
      await served.waiting(waiting)
    }
    await served.publish('a', 'second')
    for (let replies = 0; replies < 2; replies += 1) expect(await poller.heard()).toContain('"data":"second"')
    await served.publish('a', 'third')
    expect(await past(served, () => poller.poll())).toContain('"data":"third"')
  })

  it('goes the whole way when two come at once, and both are answered in order', async () => {
    await using served = await serve()
    const poller = await regular(served, { query: 'topic=a&wait=0' })
    const other = poller.request().replace('topic=a', 'topic=b')
    const before = served.wholeWay()
    await poller.wire.write(poller.request() + other)
    expect((await poller.wire.reply()).json.topics).toHaveProperty('a')
    expect((await poller.wire.reply()).json.topics).toHaveProperty('b')
    expect(served.wholeWay() - before).toBe(2)
  })
})

describe('what a client sends while its poll waits', () => {
  it('is answered afterwards, in order', async () => {
    await using served = await serve()
    const poller = await parked(served)
    for (const topic of ['b', 'c', 'd']) {
      await poller.wire.write(poller.request().replace('topic=a&wait=60', `topic=${topic}&wait=0`))
    }
    await served.publish('a', 'third')
    expect(await poller.heard()).toContain('"data":"third"')
    for (const topic of ['b', 'c', 'd']) expect((await poller.wire.reply()).json.topics).toHaveProperty(topic)
  })

  it('is not held up: a publish behind a poll of its own topic answers it', async () => {
    await using served = await serve()
    const poller = await parked(served)
    await poller.wire.write(rawRequest('POST', '/publish?topic=a', '"from behind"'))
    expect(await poller.heard()).toContain('"data":"from behind"')
    expect(await poller.wire.reply()).toMatchObject({ status: 201 })
    await served.publish('a', 'fourth')
    expect(await poller.poll()).toContain('"data":"fourth"')
  })

  it('takes no second place in the waiting room, and is counted once', async () => {
    await using served = await serve(['--max-waiting', '1'])
    const [poller] = (await regulars(served, 1)) as [Poller]
    await poller.ask()
    await served.waiting(1)
    const requests = async () => (await served.administrate('GET', '/admin/statistics')).json.http.requests
    const before = await requests()
    await poller.wire.write(poller.request().replace('topic=a&wait=60', 'topic=b&wait=0'))
    await until(() => served.wholeWay() > 1)
    expect(await requests()).toBe(before + 2)
    await served.publish('a', 'third')
    expect(await poller.heard()).toContain('"data":"third"')
    expect((await poller.wire.reply()).json.topics).toHaveProperty('b')
  })

  it.each([0, 1, 2, 3])('may come while the reply is on its way: %i turns after the publish', async (turnsLater) => {
    await using served = await serve(['--client-limits', 'off'])
    for (let round = 0; round < 30; round += 1) {
      const poller = await parked(served)
      const published = served.app.scheduler.run(() => served.app.hub.publish('a', { data: '"now"', bytes: 5 })).promise
      const socket = serverSide(served, poller)
      await turns(turnsLater)
      socket.emit('data', Buffer.from(poller.request().replace('topic=a&wait=60', 'topic=b&wait=0')))
      await published
      expect(await poller.heard()).toContain('"data":"now"')
      expect((await poller.wire.reply()).json.topics).toHaveProperty('b')
      poller.wire[Symbol.dispose]()
    }
  })

  it('may be CONNECT, after which nothing more is read', async () => {
    await using served = await serve()
    const poller = await parked(served)
    const connect = 'CONNECT x HTTP/1.1\r\nHost: x\r\n\r\n'
    poller.wire.socket.write(`${poller.request().repeat(400)}${connect}${'GET / HTTP/1.1\r\n\r\n'.repeat(100)}`)
    await poller.wire.closed()
    expect((await served.get('/healthz')).status).toBe(200)
  })
})

describe('a poll that leaves the fast path while it waits', () => {
  /** One that waits on the fast path, at a server whose second stands still; what it was asked is counted. */
  async function leaving() {
    let now = 0
    const served = await serve(['--requests-per-second', '20', '--drain-pause-ms', '0'], { clock: () => now })
    const poller = await regular(served)
    now += 1_001
    const { coroutines } = served.holdings()
    const asked = {
      subscribe: vi.spyOn(served.app.hub, 'subscribe'),
      enter: vi.spyOn(WaitingRoom.prototype, 'enter'),
    }
    await past(served, async () => {
      await poller.ask()
      await served.waiting(1)
    })
    // Its client uses up its second meanwhile.
    while ((await served.get('/topics/a')).status !== 429);
    return { served, poller, asked, coroutines }
  }

  const sentAway = /^HTTP\/1\.1 200 OK\r.*"retryAfterMs":\d+\}$/s
  const news = /^HTTP\/1\.1 200 OK\r.*"data":"news"/s

  it.each<[string, RegExp, (served: Serving, poller: Poller) => unknown]>([
    ['an empty line behind it', news, (_, { wire }) => wire.write('\r\n')],
    ['a request behind it', news, (_, poller) => poller.ask()],
    ['half a request behind it', news, (_, { wire }) => wire.write('GET /')],
    ['draining', sentAway, ({ app }) => void app.drain()],
    ['closing', sentAway, ({ app }) => void app.close()],
    [
      'something behind it, and draining',
      sentAway,
      async ({ app }, { wire }) => {
        await wire.write('\r\n')
        void app.drain()
      },
    ],
    [
      'a broker that fails',
      /^HTTP\/1\.1 500 .*ENCKE_ERR_INTERNAL/s,
      () => {
        vi.spyOn(Subscription.prototype, 'read').mockImplementation(() => {
          throw new Error('it failed')
        })
      },
    ],
  ])('is neither begun anew nor asked again: by %s', async (_, reply, leave) => {
    const { served, poller, asked } = await leaving()
    await using _served = served
    const wholeWay = served.wholeWay()
    await leave(served, poller)
    if (reply !== sentAway) {
      if (reply === news) await until(() => served.wholeWay() > wholeWay)
      await served.app.scheduler.run(() => served.app.hub.publish('a', { data: '"news"', bytes: 6 })).promise
    }
    expect(await poller.heard()).toMatch(reply)
    expect(served.wholeWay() - wholeWay).toBeGreaterThan(0)
    expect(asked.subscribe).toHaveBeenCalledOnce()
    expect(asked.enter).toHaveBeenCalledOnce()
  })

  it('keeps its deadline', async () => {
    await using served = await serve()
    const poller = await regular(served, { query: 'topic=a&wait=2' })
    const began = performance.now()
    await past(served, async () => {
      await poller.ask()
      await served.waiting(1)
    })
    await until(() => performance.now() - began > 1_000)
    let isNewOver = false
    const fresh = served.get('/messages?topic=b&wait=2').then(() => {
      isNewOver = true
    })
    await served.waiting(2)
    const wholeWay = served.wholeWay()
    await poller.wire.write('\r\n')
    expect(await poller.heard()).toContain('"messages":[]')
    expect(served.wholeWay() - wholeWay).toBe(1)
    // One that begins only now ends later.
    expect(isNewOver).toBe(false)
    await fresh
  })

  it('is counted once', async () => {
    const { served, poller } = await leaving()
    await using _served = served
    const requests = async () => (await served.administrate('GET', '/admin/statistics')).json
    const before = served.wholeWay()
    await poller.wire.write('\r\n')
    await until(() => served.wholeWay() > before)
    expect((await requests()).code).toBe('ENCKE_ERR_CLIENT_RATE')
    expect(served.app.hub.statistics().waiting).toBe(1)
  })

  it('leaves nothing when its client goes away', async () => {
    const { served, poller, coroutines } = await leaving()
    await using _served = served
    const before = served.wholeWay()
    await poller.wire.write('\r\n')
    await until(() => served.wholeWay() > before)
    poller.wire.socket.resetAndDestroy()
    await served.waiting(0)
    await until(() => served.holdings()['coroutines'] === coroutines)
  })
})

describe('a connection', () => {
  it('of a poll that announces a body is not taken over: what comes next is that body', async () => {
    await using served = await serve()
    const poller = await regular(served, { query: 'topic=a&wait=0' })
    const head = (length: number) => poller.request().replace('\r\n\r\n', `\r\nContent-Length: ${length}\r\n\r\n`)
    const announcing = head(head(100).length)
    await poller.wire.write(announcing)
    expect((await poller.wire.reply()).status).toBe(200)
    await poller.wire.write(announcing)
    await served.get('/healthz')
    await poller.wire.write(poller.request().replace('topic=a', 'topic=b'))
    expect((await poller.wire.reply()).json.topics).toEqual({ b: expect.anything() })
  })

  it('that Node has paused is read on: a long reply was on its way behind that of a poll', async () => {
    await using served = await serve()
    const start = await cursorNow(served)
    await served.publish('long', 'x'.repeat(60_000))
    await served.publish('long', 'y'.repeat(60_000))
    const poller = new Poller(await served.wire(), start, {})
    await poller.ask()
    await served.waiting(1)
    const get = (query: string) => rawRequest('GET', `/messages?${query}`)
    await poller.wire.write(get('topic=long&from=earliest&wait=0'))
    await served.get('/healthz')
    await poller.wire.write(get('topic=c&wait=0'))
    await served.get('/healthz')
    await served.publish('a', 'first')
    expect((await poller.wire.reply()).json.messages).toMatchObject([{ data: 'first' }])
    expect((await poller.wire.reply()).json.messages).toHaveLength(2)
    expect((await poller.wire.reply()).json.topics).toHaveProperty('c')
    for (let polls = 0; polls < 4; polls += 1) {
      await poller.wire.write(get('topic=d&wait=0'))
      expect((await poller.wire.reply()).json.topics).toHaveProperty('d')
    }
  })
})

describe('what depends on more than the bytes', () => {
  it('is how often a client asks: all its requests count together', async () => {
    let now = 0
    await using served = await serve(['--requests-per-second', '10'], { clock: () => now })
    const poller = await regular(served, { query: 'topic=a&wait=0' })
    now = 2_000
    for (let polls = 0; polls < 9; polls += 1) expect(await poller.poll()).toContain('HTTP/1.1 200 OK')
    expect((await served.get('/healthz')).status).toBe(200)
    expect((await served.get('/messages?topic=a&wait=0')).status).toBe(200)
    expect(await poller.poll()).toContain('ENCKE_ERR_CLIENT_RATE')
    expect((await served.get('/messages?topic=a&wait=0')).status).toBe(429)
    now = 3_001
    expect(await poller.poll()).toContain('HTTP/1.1 200 OK')
  })

  it('is how many wait', async () => {
    await using served = await serve(['--max-waiting', '1'])
    const [poller, other] = (await regulars(served, 2)) as [Poller, Poller]
    await poller.ask()
    await served.waiting(1)
    expect(await other.poll()).toContain('ENCKE_ERR_SERVER_WAITING')
    await served.publish('a', 'third')
    expect(await poller.heard()).toContain('"data":"third"')
    expect(await other.poll()).toContain('"data":"third"')
  })

  it('is whether the server drains: then the poll gets what every poll gets', async () => {
    await using served = await serve(['--drain-pause-ms', '3600000', '--drain-ms', '700'])
    const [waiting, coming] = (await regulars(served, 2)) as [Poller, Poller]
    await waiting.ask()
    await served.waiting(1)
    const drained = served.app.drain()
    const sentAway = /\r\nconnection: close\r\n.*"messages":\[\].*"retryAfterMs":\d+\}$/s
    expect(await coming.poll()).toMatch(sentAway)
    served.app.hurry()
    expect(await waiting.heard()).toMatch(sentAway)
    await Promise.all([waiting.wire.closed(), coming.wire.closed(), drained])
  })

  it('is whether it drains: news outrank that, and the connection ends', async () => {
    await using served = await serve(['--drain-pause-ms', '3600000'])
    const pollers = await regulars(served, 2)
    for (const poller of pollers) await poller.ask()
    await served.waiting(2)
    const drained = served.app.drain()
    await served.publish('a', 'third')
    for (const one of pollers) {
      expect(await one.heard()).toMatch(/\r\nconnection: close\r\n.*"data":"third"/s)
      await one.wire.closed()
    }
    served.app.hurry()
    await drained
  })

  it('is whether it closes: who waits is answered first, and that is no second request', async () => {
    let now = 0
    await using served = await serve(['--requests-per-second', '20'], { clock: () => now })
    const pollers: Poller[] = []
    for (let made = 0; made < 15; made += 1) {
      now = made * 1_001
      pollers.push(await regular(served))
    }
    now = 60_000
    for (const poller of pollers) poller.cursor = await cursorNow(served)
    for (const poller of pollers) await poller.ask()
    await served.waiting(15)
    const closed = served.app.close()
    for (const poller of pollers) expect(await poller.heard()).toContain('"retryAfterMs":')
    await closed
  })

  it('is whether the broker fails: then the client is told so, and goes on when it is back', async () => {
    await using served = await serve()
    const poller = await regular(served)
    await served.publish('a', 'third')
    await served.publish('a', 'fourth')
    const history = vi.spyOn(served.app.broker, 'history').mockImplementation(() => {
      throw new Error('the broker has failed')
    })
    expect(await poller.poll()).toContain('ENCKE_ERR_INTERNAL')
    expect(history).toHaveBeenCalledOnce()
    history.mockRestore()
    for (const data of ['third', 'fourth']) expect(await poller.poll()).toContain(`"data":"${data}"`)
  })
})

const unchanged = changes.length

/** The script of a client: what it sends, in one piece or two. */
const scripts = fc.array(
  fc.record({
    requests: fc.oneof(
      { weight: 5, arbitrary: fc.constant([unchanged]) },
      { weight: 2, arbitrary: fc.array(fc.nat(changes.length), { minLength: 1, maxLength: 3 }) },
    ),
    cut: fc.option(fc.nat(400), { freq: 8 }),
    publishes: fc.boolean(),
  }),
  { minLength: 3, maxLength: 20 },
)

describe('a server that lets polls pass', () => {
  it('answers whatever comes on a connection as one does that lets none pass', async () => {
    await using passing = await serve(['--client-limits', 'off'])
    const { broker } = passing.app
    await using strict = await Served.start(['--client-limits', 'off'], { broker }, ({ http }) => {
      http.addHook('onRequest', (_request, _reply, done) => done())
    })
    let polls = 0
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        const cursor = await cursorNow(passing)
        const clients = [
          new Poller(await passing.wire(), cursor, { query: 'topic=a&wait=0' }),
          new Poller(await strict.wire(), cursor, { query: 'topic=a&wait=0' }),
        ] as const
        for (const { requests, cut, publishes } of script) {
          if (publishes)
            await passing.app.scheduler.run(() => passing.app.hub.publish('a', { data: '1', bytes: 1 })).promise
          const said = []
          for (const client of clients) said.push(await play(client, requests, cut))
          expect(said[0]).toEqual(said[1])
          polls += requests.length
          if (said[0]?.includes('the end')) break
        }
        for (const { wire } of clients) wire[Symbol.dispose]()
      }),
      { numRuns: 150 },
    )
    expect(passing.wholeWay()).toBeLessThan(polls * 0.8)
  })

  /** Send requests at once, some of them changed, and give all that comes back. */
  async function play(client: Poller, requests: readonly number[], cut: number | null): Promise<string[]> {
    const bytes = requests.map((at) => changes[at]?.[1](client.request(), client.cursor) ?? client.request())
    const all = bytes.join('')
    await client.wire.write(all.slice(0, cut ?? all.length))
    if (cut !== null && cut < all.length) await client.wire.write(all.slice(cut))
    const replies: string[] = []
    for (const one of bytes) {
      try {
        replies.push(await client.heard({ hasBody: !one.startsWith('HEAD') }))
      } catch {
        return [...replies, 'the end']
      }
    }
    return replies
  }
})

it('a request that comes without a connection, by inject, is answered like any other', async () => {
  await using served = await serve()
  const { http } = served.app
  const cursor = await cursorNow(served)
  for (let n = 1; n <= 3; n += 1) {
    const published = await http.inject({ method: 'POST', url: '/publish?topic=a', payload: { n } })
    expect(published.json()).toMatchObject({ topic: 'a', offset: n })
    const polled = await http.inject(`/messages?topic=a&cursor=${cursor}`)
    expect(polled.json().messages).toHaveLength(n)
    await turns(3)
  }
})

describe('the switch', () => {
  it.each([
    ['on', 2],
    ['off', 6],
  ])('lets Fastify answer every poll when it is off: %s', async (fastPath, wholeWay) => {
    await using served = await serve(['--fast-path', fastPath])
    const poller = await Poller.on(served, { query: 'topic=a&wait=0' })
    const before = served.wholeWay()
    for (let polls = 0; polls < 6; polls += 1) await poller.poll()
    expect(served.wholeWay() - before).toBe(wholeWay)
  })
})

describe('a hook that somebody adds to the app', () => {
  async function hooked(add: (http: FastifyInstance) => void) {
    const lines: string[] = []
    const served = await Served.start([], {}, ({ http }) => {
      vi.spyOn(http.log, 'info').mockImplementation((line: unknown) => void lines.push(String(line)))
      add(http)
    })
    let seen = 0
    served.app.http.server.on('request', () => {
      seen += 1
    })
    const poller = await Poller.on(served, { query: 'topic=a&wait=0', lines: ['X-Name: mine'] })
    for (let polls = 0; polls < 6; polls += 1) await poller.poll()
    return { served, seen, lines: lines.filter((line) => line.includes('hook')) }
  }

  it('sees every request, whole, and is logged once with the others', async () => {
    const told: unknown[] = []
    const { served, seen, lines } = await hooked((http) => {
      http.addHook('onRequest', async () => {})
      http.addHook('onSend', async ({ headers }) => void told.push(headers['x-name']))
      http.addHook('onResponse', async ({ raw }) => void told.push(raw.rawHeaders.includes('mine')))
    })
    await using _served = served
    expect(seen).toBe(6)
    expect(told).toEqual(Array(6).fill(['mine', true]).flat())
    expect(lines).toEqual([expect.stringMatching(/^3 hooks .*\(onRequest, onSend, onResponse\)/)])
  })

  it('sees every request also when it is added within', async () => {
    const { served, seen } = await hooked((http) => {
      http.register(async (inner) => void inner.addHook('onRequest', async () => {}))
    })
    await using _served = served
    expect(seen).toBe(6)
  })

  it('changes nothing when it sees no requests', async () => {
    const { served, seen, lines } = await hooked((http) => {
      http.addHook('onClose', async () => {})
      http.addHook('onListen', async () => {})
    })
    await using _served = served
    expect([seen, lines]).toEqual([2, []])
  })
})

describe('a connection that waits', () => {
  it('is not ended for being silent, and is when nothing waits on it', async () => {
    await using served = await serve()
    const poller = await regular(served)
    const socket = serverSide(served, poller)
    await poller.ask()
    await served.waiting(1)
    socket.emit('timeout')
    await served.publish('a', 'third')
    expect(await poller.heard()).toContain('"data":"third"')
    socket.emit('timeout')
    await poller.wire.closed()
  })

  it.each<[string, (poller: Poller) => unknown]>([
    ['without a word', ({ wire }) => wire.socket.resetAndDestroy()],
    ['by half', ({ wire }) => wire.socket.end()],
    ['having sent something more', ({ wire }) => wire.socket.end('GET /')],
  ])('leaves nothing when its client goes away, a hundred times: %s', async (_, leave) => {
    await using served = await serve(['--client-limits', 'off', '--max-waiting', '2'])
    await served.publish('a', 'before')
    await served.get('/messages?topic=a&wait=0')
    const left = () => ({ ...served.holdings(), messages: 0, bytes: 0, published: 0, delivered: 0 })
    await until(() => served.holdings()['runnable'] === 0)
    const before: Record<string, number> = left()
    for (let round = 0; round < 100; round += 1) {
      const poller = await parked(served)
      await leave(poller)
      await poller.wire.closed()
      await until(() => served.holdings()['coroutines'] === before['coroutines'])
    }
    expect(left()).toEqual(before)
    served.app.hub.validate()
    served.app.scheduler.validate()
  })

  it('takes a publish that comes as its client goes away', async () => {
    await using served = await serve(['--client-limits', 'off'])
    for (let round = 0; round < 50; round += 1) {
      const poller = await parked(served)
      const published = served.publish('a', round)
      poller.wire.socket.resetAndDestroy()
      expect((await published).status).toBe(201)
      await poller.wire.closed()
      await served.waiting(0)
    }
  })
})
