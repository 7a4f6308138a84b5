// Input that is unusual, and right: it must work.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Served } from './served.ts'

let served: Served

beforeAll(async () => {
  served = await Served.start(['--client-limits', 'off'])
})
afterAll(() => served[Symbol.asyncDispose]())

async function earliest(topic: string) {
  return await served.get(`/messages?topic=${topic}&from=earliest&wait=0`)
}

function head(topic: string, ...headers: string[]): string {
  return [`POST /publish?topic=${topic} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n')
}

describe('a body', () => {
  it('may be cut in the middle of a character', async () => {
    const body = Buffer.from('"🦉 ä €"')
    for (let at = 1; at < body.length; at += 1) {
      const wire = await served.wire()
      await wire.write(head('cut', 'Content-Type: application/json', `Content-Length: ${body.length}`))
      await wire.write(body.subarray(0, at))
      // A round trip, so that the first part has been read when the second is sent.
      expect((await served.get('/healthz')).status).toBe(200)
      await wire.write(body.subarray(at))
      expect((await wire.reply()).status).toBe(201)
    }
    const { messages } = (await earliest('cut')).json
    expect(messages.map(({ data }: { data: string }) => data)).toEqual(Array(body.length - 1).fill('🦉 ä €'))
  })

  it.each([
    ['application/json', '{"owl":"🦉"}', { owl: '🦉' }],
    ['text/plain', '🦉', '🦉'],
  ])('may come in chunks of one byte: %s', async (type, body, data) => {
    const topic = type.replace('/', '-')
    const wire = await served.wire()
    await wire.write(head(topic, `Content-Type: ${type}`, 'Transfer-Encoding: chunked'))
    for (const byte of Buffer.from(body)) {
      await wire.write('1\r\n')
      await wire.write(Uint8Array.of(byte))
      await wire.write('\r\n')
    }
    await wire.write('0\r\n\r\n')
    expect((await wire.reply()).status).toBe(201)
    expect((await earliest(topic)).json.messages).toMatchObject([{ data }])
  })

  it.each([
    ['numbers that no double holds', '[12345678901234567890, 0.1000000000000000055511151231257827, 1e400, -0, 1.0]'],
    ['names that are special', '{"__proto__": {"a": 1}, "constructor": {"prototype": 2}, "toString": 3}'],
    ['one name twice', '{"a": 1, "a": 2}'],
    ['deep nesting', `${'['.repeat(10_000)}1${']'.repeat(10_000)}`],
    ['line separators', '"a\u2028b\u2029c"'],
    ['escapes', '"\\u2028\\u0000\\ud83e\\udd89\\/"'],
    ['half a surrogate pair, escaped', '"\\ud800"'],
    ['characters beyond the first plane', '"🦉👩‍👩‍👧‍👦🇦🇹"'],
    ['what would end a script', '"</script><!--"'],
    ['a byte order mark within', '"\ufeffa"'],
  ])('may have %s, and goes on as it was written', async (what, json) => {
    const topic = what.replaceAll(/\W+/g, '-')
    expect((await served.post(`/publish?topic=${topic}`, json)).status).toBe(201)
    const { text } = await earliest(topic)
    expect(text).toContain(`"data":${json}}],"cursor"`)
  })

  it('may begin with a byte order mark, which is not part of it', async () => {
    expect((await served.post('/publish?topic=mark', '\ufeff{"a":1}')).status).toBe(201)
    expect((await earliest('mark')).json.messages).toMatchObject([{ data: { a: 1 } }])
  })

  it('may be an empty text', async () => {
    for (const headers of [{ 'content-type': 'text/plain' }, { 'content-type': 'text/plain; charset=UTF-8' }]) {
      expect((await served.send('POST', '/publish?topic=empty', { headers, body: '' })).status).toBe(201)
    }
    expect((await earliest('empty')).json.messages).toMatchObject([{ data: '' }, { data: '' }])
  })

  it.each([
    'application/json; charset=utf-8',
    'application/json;charset=UTF8',
    'Application/JSON',
    'application/json; charset="utf-8"',
    'text/plain; charset=us-ascii; format=flowed',
  ])('may have its type written so: %s', async (type) => {
    expect((await served.post('/publish?topic=typed', '1', { 'content-type': type })).status).toBe(201)
  })

  it('may say that it is not encoded', async () => {
    expect((await served.post('/publish?topic=plain', '1', { 'content-encoding': 'identity' })).status).toBe(201)
  })

  it('may be announced first, and is then asked for', async () => {
    const wire = await served.wire()
    await wire.write(head('expected', 'Content-Type: application/json', 'Content-Length: 1', 'Expect: 100-continue'))
    expect((await wire.reply()).status).toBe(100)
    await wire.write('1')
    expect((await wire.reply()).status).toBe(201)
  })

  it('of a GET does not matter', async () => {
    const body = { body: '{', headers: { 'content-type': 'application/json' } }
    expect((await served.send('GET', '/messages?topic=a&wait=0', body)).status).toBe(200)
  })
})

describe('a topic', () => {
  it('of 200 characters may stand in the path, with every character encoded', async () => {
    const topic = 'Aa0._~-/'.repeat(25).slice(0, 199).concat('z')
    const written = [...Buffer.from(topic)].map((byte) => `%${byte.toString(16)}`).join('')
    expect((await served.post(`/topics/${written}/messages`, '1')).json).toMatchObject({ topic, offset: 1 })
    expect((await served.get(`/topics/${written}`)).json).toMatchObject({ topic, head: 1 })
    const { json } = await served.get(`/topics/${written}/messages?from=earliest&wait=0`)
    expect(json.messages).toMatchObject([{ topic, data: 1 }])
  })

  it('may be one of a hundred of 200 characters each, with every character encoded', async () => {
    const topics = Array.from({ length: 100 }, (_, index) => `${index}/`.padEnd(200, 'x'))
    const query = topics.map((topic) => [...Buffer.from(topic)].map((byte) => `%${byte.toString(16)}`).join(''))
    const first = await served.get(`/messages?wait=0&${query.map((topic) => `topic=${topic}`).join('&')}`)
    expect(first.status).toBe(200)
    await served.publish(topics[99] as string, 'last')
    const plain = topics.map((topic) => `topic=${topic}`).join('&')
    const next = await served.get(`/messages?wait=0&cursor=${first.json.cursor}&${plain}`)
    expect(next.json.messages).toMatchObject([{ topic: topics[99], data: 'last' }])
    expect(Object.keys(next.json.topics).sort()).toEqual(topics.toSorted())
  })

  it('may be asked for twice, and is read once', async () => {
    const polled = served.get('/messages?topic=twice&topic=twice')
    await served.waiting(1)
    expect((await served.publish('twice', 1)).json.waiting).toBe(1)
    expect((await polled).json.messages).toHaveLength(1)
  })

  it.each(['~', '...', 'a/.../b', '-', '0', '_', 'a/__proto__', 'constructor', 'toString', 'messages', 'a.b/c'])(
    'may be called %s',
    async (topic) => {
      expect((await served.post(`/topics/${encodeURIComponent(topic)}/messages`, '1')).json).toMatchObject({ topic })
      const { json } = await earliest(topic)
      expect(Object.entries(json.topics)).toEqual([[topic, { verdict: 'ok', missed: 0 }]])
      expect(json.messages).toMatchObject([{ topic, data: 1 }])
    },
  )
})

describe('a cursor', () => {
  it('may cover more topics than are asked for', async () => {
    const { cursor } = (await served.get('/messages?topic=more/a&topic=more/b&wait=0')).json
    await served.publish('more/a', 'a')
    await served.publish('more/b', 'b')
    const { json } = await served.get(`/messages?topic=more/b&wait=0&cursor=${cursor}`)
    expect(json.topics).toEqual({ 'more/b': { verdict: 'ok', missed: 0 } })
    expect(json.messages).toMatchObject([{ data: 'b' }])
  })

  it('may cover as many topics as --topics-per-poll lets a poll ask for', async () => {
    await using many = await Served.start(['--topics-per-poll', '2000'])
    const topics = Array.from({ length: 2_000 }, (_, index) => `many/${index}`)
    const { cursor } = (await many.post('/poll', { topics, wait: 0 })).json
    await many.publish('many/1999', 'news')
    const { status, json } = await many.post('/poll', { topics, wait: 0, cursor })
    expect([status, json.messages?.[0]?.data]).toEqual([200, 'news'])
  })

  it('of the first version of its format is a reset', async () => {
    const { status, json } = await served.get('/messages?topic=upgraded&cursor=ASzyTbpfsBUwMlQcdG8B')
    expect([status, json.topics]).toEqual([200, { upgraded: { verdict: 'reset', missed: null } }])
  })

  it('may cover fewer topics than are asked for: the others begin at from', async () => {
    const { cursor } = (await served.get('/messages?topic=fewer/a&wait=0')).json
    await served.publish('fewer/a', 'a')
    await served.publish('fewer/b', 'b')
    const read = async (from: string) => {
      const { json } = await served.get(`/messages?topic=fewer/a&topic=fewer/b&wait=0&cursor=${cursor}&from=${from}`)
      return json.messages.map(({ data }: { data: string }) => data).sort()
    }
    expect(await read('now')).toEqual(['a'])
    expect(await read('earliest')).toEqual(['a', 'b'])
  })

  it('may cover none', async () => {
    expect((await served.get('/messages?topic=none&wait=0&cursor=Ag')).json.topics.none.verdict).toBe('ok')
  })

  it('of an unknown epoch is told so', async () => {
    await using other = await Served.start()
    await other.publish('epoch', 'there')
    const { cursor } = (await other.get('/messages?topic=epoch&wait=0')).json
    await served.publish('epoch', 'here')
    const { status, json } = await served.get(`/messages?topic=epoch&cursor=${cursor}`)
    expect(status).toBe(200)
    expect(json.topics).toEqual({ epoch: { verdict: 'reset', missed: null } })
    expect(json.messages).toMatchObject([{ data: 'here' }])
  })
})

describe('a number', () => {
  it.each(['wait=0', 'wait=0.0', 'wait=00', 'wait=-0', 'wait=0&limit=1', 'wait=0&limit=1.0', 'wait=0&limit=0001000'])(
    'may be written so: %s',
    async (query) => {
      expect((await served.get(`/messages?topic=a&${query}`)).status).toBe(200)
    },
  )

  it('may be at its bounds', async () => {
    const polled = served.post('/poll', { topics: ['bounds'], wait: 120, limit: 1000 })
    await served.waiting(1)
    await served.publish('bounds', 1)
    expect((await polled).status).toBe(200)
  })
})

describe('a connection', () => {
  const get = (path: string, version = '1.1') => `GET ${path} HTTP/${version}\r\nHost: localhost\r\n\r\n`

  it('may carry several requests at once, which are answered in their order', async () => {
    const wire = await served.wire()
    await wire.write(get('/messages?topic=pipeline') + get('/healthz') + get('/nowhere') + get('/readyz'))
    await served.waiting(1)
    await served.publish('pipeline', 'first')
    expect((await wire.reply()).json.messages).toMatchObject([{ data: 'first' }])
    expect((await wire.reply()).json).toEqual({ status: 'ok' })
    expect((await wire.reply()).status).toBe(404)
    expect((await wire.reply()).json).toEqual({ status: 'ready' })
  })

  it('goes on after errors, also when the body was not wanted', async () => {
    const wire = await served.wire()
    const post = (target: string, type: string, body: string) =>
      `${head(target, `Content-Type: ${type}`, `Content-Length: ${body.length}`)}${body}`
    const exchanges: [bytes: string, status: number][] = [
      [get('/nowhere'), 404],
      [get('/messages?topic=..'), 400],
      [get('/topics/%zz'), 400],
      [get('/admin/statistics'), 401],
      [post('', 'application/json', '[1]'), 400],
      [post('kept', 'application/xml', '<a/>'), 415],
      [post('kept', 'application/json', '[1]'), 201],
    ]
    for (const [bytes, status] of exchanges) {
      await wire.write(bytes)
      expect((await wire.reply()).status).toBe(status)
    }
  })

  it('may be of HTTP/1.0, and ends after the reply', async () => {
    const wire = await served.wire()
    await wire.write('GET /messages?topic=old&wait=0 HTTP/1.0\r\n\r\n')
    expect((await wire.reply()).json).toMatchObject({ messages: [] })
    await wire.closed()
  })

  it('of HTTP/1.0 may be kept, when the client asks for it', async () => {
    const wire = await served.wire()
    for (let asked = 0; asked < 2; asked += 1) {
      await wire.write('GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
      expect((await wire.reply()).headers).toMatchObject({ connection: 'keep-alive' })
    }
  })

  it('that would rather be another protocol is answered in this one', async () => {
    const wire = await served.wire()
    await wire.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
    expect((await wire.reply()).json).toEqual({ status: 'ok' })
  })

  it('may bring its request byte by byte', async () => {
    const wire = await served.wire()
    for (const byte of get('/messages?topic=slow&wait=0')) await wire.write(byte)
    expect((await wire.reply()).status).toBe(200)
  })
})
