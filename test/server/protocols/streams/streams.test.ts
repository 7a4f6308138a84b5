// What the public suite does not look at: the same topics in two protocols, who may do what, and what becomes of those who
// wait.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemoryBroker } from '../../../../server/brokers/memory/memory-broker.ts'
import { randomIds } from '../../../../server/brokers/random-ids.ts'
import type { Answer } from '../../http/served.ts'
import { Served, until } from '../../http/served.ts'

const text = { 'content-type': 'text/plain' }
const json = { 'content-type': 'application/json' }

let served: Served

beforeAll(async () => {
  served = await Served.start(['--client-limits', 'off', '--wait-default-seconds', '2'])
})
afterAll(() => served[Symbol.asyncDispose]())

function put(topic: string, headers: Record<string, string> = json, body?: string | Uint8Array, on = served) {
  return on.send('PUT', `/v1/stream/${topic}`, { headers, ...(body !== undefined && { body }) })
}

function post(topic: string, body: string | Uint8Array, headers: Record<string, string> = json, on = served) {
  return on.send('POST', `/v1/stream/${topic}`, { headers, body })
}

function read(topic: string, query = '', headers: Record<string, string> = {}): Promise<Answer> {
  return served.get(`/v1/stream/${topic}${query}`, { headers })
}

const nextOf = ({ headers }: Answer) => headers['stream-next-offset'] as string

describe('one topic in two protocols', () => {
  it('a stream is read and followed by polls, with other topics, digit for digit', async () => {
    await put('both/a', json, '[1.10,{"n":12345678901234567890}]')
    const first = await served.get('/messages?topic=both/a&topic=both/b&from=earliest&wait=0')
    expect(first.text).toContain('"data":1.10')
    expect(first.text).toContain('"data":{"n":12345678901234567890}')
    const waiting = served.get(`/messages?topic=both/a&topic=both/b&cursor=${first.json.cursor}`)
    await served.waiting(1)
    await post('both/a', '[3,[4]]')
    expect((await waiting).json.messages.map(({ data }: { data: unknown }) => data)).toEqual([3, [4]])
  })

  it('what is published is read as a stream, also by one that waits, and cannot be made by PUT', async () => {
    expect((await read('native')).json.code).toBe('ENCKE_ERR_TOPIC_UNKNOWN')
    await served.publish('native', { n: 1 })
    const all = await read('native', '?offset=-1')
    expect([all.json, all.headers['content-type']]).toEqual([[{ n: 1 }], 'application/json'])
    const waiting = read('native', `?offset=${nextOf(all)}&live=long-poll`)
    await served.waiting(1)
    await served.publish('native', 2)
    expect((await waiting).json).toEqual([2])
    expect((await put('native')).json.code).toBe('ENCKE_ERR_STREAM_EXISTS')
  })

  it('text and bytes are read by polls in their documented form', async () => {
    await put('text', text, 'gr\u00fcn')
    await put('bytes', {}, Uint8Array.from([0, 255]))
    const { json: batch } = await served.get('/messages?topic=text&topic=bytes&from=earliest&wait=0')
    const byTopic = Object.fromEntries(batch.messages.map((one: { topic: string }) => [one.topic, one]))
    expect(byTopic).toMatchObject({ text: { data: 'gr\u00fcn' }, bytes: { data: 'AP8=', encoding: 'base64' } })
  })

  it('closing and removing it is heard in both', async () => {
    const { headers } = await put('ends')
    const offset = headers['stream-next-offset']
    const [poll, stream] = [served.get('/messages?topic=ends'), read('ends', `?offset=${offset}&live=long-poll`)]
    await served.waiting(2)
    await served.send('POST', '/v1/stream/ends', { headers: { 'stream-closed': 'true' } })
    expect((await poll).json.topics.ends).toMatchObject({ closed: true })
    const closed = await stream
    expect([closed.status, closed.headers['stream-closed']]).toEqual([204, 'true'])
    const { json: batch } = await served.get('/messages?topic=ends&topic=goes&wait=0')
    await put('goes')
    const here = (await served.get(`/topics/goes`)).json.cursor
    const [leaving, left] = [
      served.get(`/messages?topic=goes&cursor=${here}`),
      read('goes', '?offset=now&live=long-poll'),
    ]
    await served.waiting(2)
    expect((await served.send('DELETE', '/v1/stream/goes')).status).toBe(204)
    expect((await leaving).json.topics.goes).toMatchObject({ removed: true })
    expect((await left).json.code).toBe('ENCKE_ERR_TOPIC_UNKNOWN')
    expect(batch.topics.ends).toMatchObject({ closed: true })
  })

  it('a native topic that was trimmed begins at the oldest message, and offsets before that are gone', async () => {
    await using small = await Served.start(['--history-messages', '2'])
    await small.publish('short', 1)
    const first = nextOf(await small.get('/v1/stream/short'))
    for (const n of [2, 3, 4]) await small.publish('short', n)
    expect((await small.get('/v1/stream/short')).json).toEqual([3, 4])
    const gone = await small.get(`/v1/stream/short?offset=${first}`)
    expect([gone.status, gone.json.code]).toEqual([410, 'ENCKE_ERR_STREAM_OFFSET_GONE'])
  })
})

describe('a stream', () => {
  it('has the rest of its path as its name, the slash as it stands or as %2F', async () => {
    await put('deep/er/one', text, 'x')
    expect([(await read('deep%2Fer/one')).text, (await read('deep/er%2Fone')).text]).toEqual(['x', 'x'])
    expect((await served.get('/topics/deep%2Fer%2Fone')).json.head).toBe(1)
  })

  it('with a name or a type that is none says which rule it breaks', async () => {
    const misnamed = [
      ['a//b', 'a topic name has no empty segment: remove the slash too many (got "a//b")'],
      ['%00', 'a topic name consists of A–Z a–z 0–9 . _ ~ - / (got "\\u0000")'],
      ['a/../b', 'no segment of a topic name is "." or ".." (got "a/../b")'],
    ] as const
    for (const [name, message] of misnamed) {
      expect((await read(name)).json).toMatchObject({ code: 'ENCKE_ERR_TOPIC_NAME', message })
    }
    for (const type of [';;;', 'text', 'text/']) {
      const { status, json } = await put('typed', { 'content-type': type }, 'a')
      expect([status, json.code]).toEqual([415, 'ENCKE_ERR_BODY_TYPE'])
      expect(json.message).toBe(`Content-Type must be a media type, such as application/json (got "${type}")`)
    }
  })

  it('expires on a day that there is', async () => {
    for (const time of [
      '2027-02-29T12:00:00Z',
      '2027-02-31T12:00:00Z',
      '2027-04-31T12:00:00Z',
      '2027-01-31T24:00:00Z',
    ]) {
      const { status, json: complaint } = await put('expiring', { ...json, 'stream-expires-at': time })
      expect([time, status, complaint?.code]).toEqual([time, 400, 'ENCKE_ERR_STREAM_HEADER'])
    }
    const made = await put('expiring', { ...json, 'stream-expires-at': '2028-02-29t23:59:59.5+01:00' })
    expect([made.status, made.headers['stream-expires-at']]).toEqual([201, '2028-02-29T22:59:59.500Z'])
  })

  it('that was closed is not what a reader has who has all of its data', async () => {
    await put('ending', json, '[1]')
    const known = async (tag: Answer) => read('ending', '', { 'if-none-match': tag.headers['etag'] as string })
    const open = await read('ending')
    expect((await known(open)).status).toBe(304)
    await post('ending', '', { 'stream-closed': 'true' })
    const closed = await known(open)
    expect([closed.status, closed.headers['stream-closed'], closed.json]).toEqual([200, 'true', [1]])
    expect((await known(closed)).status).toBe(304)
  })

  it('that expires for want of use is used by being read, and not by HEAD', async () => {
    let nowMs = 0
    const history = { messages: 100, bytes: 1e6, ageMs: 1e9 }
    const bounds = {
      history,
      totalBytes: 1e6,
      streamsTotalBytes: 1e6,
      maxTopics: 100,
      topicTtlMs: 1e9,
      idempotencyKeys: 1,
    }
    const broker = new MemoryBroker({ ...bounds, clock: Date.now, now: () => nowMs, randomId: randomIds() })
    await using brief = await Served.start([], { broker })
    await put('brief', { ...json, 'stream-ttl': '10' }, '[1]', brief)
    const statusOf = async (method: string) => (await brief.send(method, '/v1/stream/brief')).status
    nowMs = 6_000
    expect(await statusOf('GET')).toBe(200)
    nowMs = 12_000
    expect(await statusOf('HEAD')).toBe(200)
    nowMs = 17_000
    expect(await statusOf('HEAD')).toBe(404)
  })

  it('has the headers of security on every reply, also where no handler of its own has seen the request', async () => {
    const asked = [
      ['PATCH', '/v1/stream/a', 405],
      ['GET', '/v1/stream/%zz', 400],
      ['GET', '/v1/stream/', 404],
      ['GET', '/v1/stream/nowhere', 404],
    ] as const
    for (const [method, path, wanted] of asked) {
      const { status, headers } = await served.send(method, path)
      const told = [headers['x-content-type-options'], headers['cross-origin-resource-policy']]
      expect([path, status, ...told]).toEqual([path, wanted, 'nosniff', 'cross-origin'])
    }
  })

  it('keeps any bytes as they are', async () => {
    const bytes = Uint8Array.from({ length: 1_000 }, (_, at) => (at * 7) % 256)
    await put('exact', { 'content-type': 'image/png' }, bytes.subarray(0, 300))
    await post('exact', bytes.subarray(300), { 'content-type': 'IMAGE/png; q=1' })
    const reply = await fetch(`${served.origin}/v1/stream/exact`)
    expect([...new Uint8Array(await reply.arrayBuffer())]).toEqual([...bytes])
  })

  it('that was removed and made again has none of the offsets of its first life', async () => {
    await put('again', text, 'old')
    const old = nextOf(await read('again'))
    await served.send('DELETE', '/v1/stream/again')
    await put('again', text, 'new')
    expect((await read('again', `?offset=${old}`)).status).toBe(410)
    expect((await read('again', `?offset=${old}&live=long-poll`)).status).toBe(410)
  })

  it('is large by pages: each ends where the next begins', async () => {
    await using paged = await Served.start(['--batch-bytes', '1000'])
    await put('pages', json, undefined, paged)
    for (let page = 0; page < 10; page += 1) await post('pages', JSON.stringify('x'.repeat(300)), json, paged)
    let [query, messages, pages] = ['', 0, 0]
    for (;;) {
      const page = await paged.get(`/v1/stream/pages${query}`)
      messages += page.json.length
      pages += 1
      if (page.headers['stream-up-to-date'] === 'true') break
      expect(page.headers['cache-control']).toContain('max-age=60')
      query = `?offset=${nextOf(page)}`
    }
    expect([messages, pages]).toEqual([10, 4])
  })

  it('refuses what is too large, is compressed, or has too many messages', async () => {
    await using small = await Served.start(['--append-bytes', '1000'])
    await put('small', text, undefined, small)
    expect((await post('small', 'x'.repeat(1_001), text, small)).json.code).toBe('ENCKE_ERR_BODY_TOO_LARGE')
    await put('limits')
    const compressed = { ...json, 'content-encoding': 'gzip' }
    expect((await post('limits', '1', compressed)).json.code).toBe('ENCKE_ERR_BODY_ENCODING')
    const many = `[${Array.from({ length: 10_001 }, () => 1)}]`
    expect((await post('limits', many)).json.code).toBe('ENCKE_ERR_MESSAGE_COUNT')
    expect((await post('limits', '[1,')).json.code).toBe('ENCKE_ERR_BODY_JSON')
    expect((await read('limits')).json).toEqual([])
  })

  it('has no events and no polls of names that are reserved', async () => {
    expect((await put('__ds/subscriptions')).json.code).toBe('ENCKE_ERR_TOPIC_RESERVED')
    expect((await put('not//a/name')).json.code).toBe('ENCKE_ERR_TOPIC_NAME')
  })
})

describe('who may do what', () => {
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

  it('with keys: the publish key makes, appends and removes, the subscribe key reads', async () => {
    await using locked = await Served.start(['--publish-key', 'pk', '--subscribe-key', 'sk'])
    expect((await put('a', { ...json, ...bearer('sk') }, undefined, locked)).json.code).toBe('ENCKE_ERR_PUBLISH_KEY')
    expect((await put('a', { ...json, ...bearer('pk') }, '[1]', locked)).status).toBe(201)
    expect((await post('a', '2', json, locked)).json.code).toBe('ENCKE_ERR_PUBLISH_KEY')
    const refused = await locked.get('/v1/stream/a')
    expect([refused.json.code, refused.headers['x-content-type-options']]).toEqual([
      'ENCKE_ERR_SUBSCRIBE_KEY',
      'nosniff',
    ])
    const reply = await locked.get('/v1/stream/a', { headers: bearer('sk') })
    expect([reply.json, reply.headers['cache-control']]).toEqual([[1], 'private, no-cache'])
    const fork = { ...json, ...bearer('pk'), 'stream-forked-from': '/v1/stream/a' }
    expect((await put('b', fork, undefined, locked)).json.code).toBe('ENCKE_ERR_SUBSCRIBE_KEY')
    expect((await locked.send('DELETE', '/v1/stream/a', { headers: bearer('pk') })).status).toBe(204)
  })

  it('on an open server what was born by a publish is removed with the admin token only', async () => {
    await served.publish('theirs', 1)
    expect((await served.send('DELETE', '/v1/stream/theirs')).json.code).toBe('ENCKE_ERR_ADMIN_TOKEN')
    expect((await served.administrate('DELETE', '/v1/stream/theirs')).status).toBe(204)
  })

  it('pages of allowed origins may read the headers of the protocol', async () => {
    await using open = await Served.start(['--origins', 'https://app.example'])
    const reply = await open.get('/v1/stream/nowhere', { headers: { origin: 'https://app.example' } })
    expect(reply.status).toBe(404)
    expect(reply.headers['access-control-expose-headers']).toMatch(/Retry-After.*Stream-Next-Offset.*ETag/)
  })
})

describe('those who wait', () => {
  it('get what a cache may give to others, unless it depends on more than the place that they ask for', async () => {
    const { headers } = await put('cached')
    const head = headers['stream-next-offset'] as string
    const ask = (offset: string, more: Record<string, string> = {}) =>
      read('cached', `?offset=${offset}&live=long-poll`, more).then((reply) => reply.headers['cache-control'])
    expect(await ask(head)).toBe('public, max-age=1')
    expect(await ask(head, { cookie: 'a=b' })).toBe('no-store')
    expect(await ask('now')).toBe('no-store')
    const waiting = ask(head)
    await served.waiting(1)
    await post('cached', '1')
    const forAll = 'public, max-age=60, stale-while-revalidate=300'
    expect([await waiting, await ask(head)]).toEqual([forAll, forAll])
    expect(await ask(head, { cookie: 'a=b' })).toBe(forAll.replace('public', 'private'))
    expect(await ask('-1')).toBe('public, no-cache')
  })

  it('are answered when the server drains, and those who come then are sent elsewhere', async () => {
    await using going = await Served.start(['--drain-pause-ms', '0'])
    const { headers } = await put('a', json, undefined, going)
    const path = `/v1/stream/a?offset=${headers['stream-next-offset']}`
    const [poll, events] = [going.get(`${path}&live=long-poll`), going.get(`${path}&live=sse`)]
    await going.waiting(2)
    const last = going.send('HEAD', '/v1/stream/a').then(() => going.app.drain())
    const { status, headers: told } = await poll
    expect([status, told['stream-up-to-date'], told['connection']]).toEqual([204, 'true', 'close'])
    expect((await events).text).toMatch(/event: control\ndata:\{.*\}\n\nretry: \d+\n\n$/)
    await last
  })

  it.each([
    ['get all of it later where it is kept', true],
    ['are told by 410 where history was trimmed meanwhile', false],
  ])('for events and do not read hold the server to a bounded amount, and %s', async (_what, isKept) => {
    await using slow = await Served.start(['--history-messages', '10'])
    if (isKept) await put('big', json, '[0]', slow)
    else await slow.publish('big', 0)
    const wire = await slow.wire()
    await wire.write('GET /v1/stream/big?offset=now&live=sse HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await slow.waiting(1)
    wire.socket.pause()
    const { hub, scheduler } = slow.app
    for (let n = 1; n <= 300; n += 1) {
      const data = JSON.stringify({ n, text: 'x'.repeat(60_000) })
      await scheduler.run(() => hub.publish('big', { data, bytes: data.length })).promise
    }
    // They wait for the client, not for news.
    await slow.waiting(0)
    wire.socket.resume()
    if (isKept) await slow.waiting(1)
    await until(() => wire.received.includes(isKept ? '"n":300,' : '\r\n0\r\n\r\n'))
    const got = [...wire.received.matchAll(/"n":(\d+)/g)].map(([, n]) => Number(n))
    expect(got).toEqual(Array.from(got, (_, at) => at + 1))
    if (isKept) return expect(got.length).toBe(300)
    expect(got.length).toBeLessThan(300)
    const offset = [...wire.received.matchAll(/"streamNextOffset":"(\w+)"/g)].at(-1)?.[1]
    expect((await slow.get(`/v1/stream/big?offset=${offset}`)).status).toBe(410)
  })

  it('leave nothing behind when they go away', async () => {
    await put('left')
    const before = await served.holdingsAtRest()
    const leaving = new AbortController()
    const gone = ['long-poll', 'sse'].map((live) =>
      served.get(`/v1/stream/left?offset=now&live=${live}`, { signal: leaving.signal }).catch(() => {}),
    )
    await served.waiting(2)
    leaving.abort()
    await Promise.all(gone)
    await served.untilHolding(before)
  })

  it('wait for as long as their token holds, and no longer than the server says', async () => {
    await put('quiet')
    const cursors = ['', '&cursor=9000000000000']
    const replies = await Promise.all(cursors.map((cursor) => read('quiet', `?offset=now&live=long-poll${cursor}`)))
    expect(replies.map(({ status, headers }) => [status, headers['stream-cursor']])).toEqual([
      [204, expect.stringMatching(/^1\d+$/)],
      [204, '9000000000001'],
    ])
  })

  it('need an offset', async () => {
    for (const live of ['long-poll', 'sse']) {
      expect((await read('quiet', `?live=${live}`)).json.code).toBe('ENCKE_ERR_STREAM_OFFSET')
    }
    expect((await read('quiet', '?offset=-1&live=telepathy')).json.code).toBe('ENCKE_ERR_VALIDATION')
  })
})

describe('a fork', () => {
  const forked = (topic: string, further: number) => ({
    'stream-forked-from': `/v1/stream/${topic}`,
    'stream-fork-offset': '0000000000000000_0000000000000000',
    'stream-fork-sub-offset': `${further}`,
  })

  it('within a message of bytes has the first part of it, and is the same only when made at the same place', async () => {
    await put('whole', text, 'abcdef')
    expect((await put('part', forked('whole', 3), 'XYZ')).status).toBe(201)
    expect((await read('part')).text).toBe('abcXYZ')
    expect((await put('part', forked('whole', 3), 'XYZ')).status).toBe(200)
    expect((await put('part', forked('whole', 4), 'XYZ')).status).toBe(409)
  })

  it('is named by an address, too, and its source only by a path of a stream', async () => {
    await put('named', json, '[1]')
    const from = { 'stream-forked-from': `${served.origin}/v1/stream/named` }
    expect((await put('by-address', from)).status).toBe(201)
    expect((await read('by-address')).json).toEqual([1])
    expect((await put('other', { 'stream-forked-from': '/elsewhere/named' })).json.code).toBe('ENCKE_ERR_STREAM_HEADER')
  })
})

describe('elsewhere', () => {
  it('streams stand below the prefix that the server is given', async () => {
    await using moved = await Served.start(['--streams-prefix', '/streams/v1/'])
    const created = await moved.send('PUT', '/streams/v1/a', { headers: text, body: 'x' })
    expect([created.status, created.headers['location']]).toEqual([201, `${moved.origin}/streams/v1/a`])
    const fork = { ...text, 'stream-forked-from': '/streams/v1/a' }
    expect((await moved.send('PUT', '/streams/v1/b', { headers: fork })).status).toBe(201)
    expect((await moved.get('/v1/stream/a')).status).toBe(404)
  })
})
