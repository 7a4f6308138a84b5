import { generateKeyPairSync, randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Coroutine } from '../../../runtime/index.ts'
import { mintToken } from '../../../server/access/mint-token.ts'
import { type ErrorCode, errorTable } from '../../../server/errors.ts'
import type { Broker } from '../../../server/hub/index.ts'
import { ScriptedBroker } from '../brokers/scripted-broker.ts'
import type { Answer } from './served.ts'
import { Served, until } from './served.ts'

/** A request for each code that a client can meet. */
const provocations: Partial<Record<ErrorCode, (served: Served) => Promise<Answer>>> = {
  ENCKE_ERR_TOPIC_NAME: (served) => served.get('/messages?topic=a//b'),
  ENCKE_ERR_TOPIC_MISSING: (served) => served.get('/messages'),
  ENCKE_ERR_TOPIC_COUNT: (served) => served.get(`/messages?${'topic=a&'.repeat(101)}wait=0`),
  ENCKE_ERR_CURSOR_MALFORMED: (served) => served.get('/messages?topic=a&cursor=abc'),
  ENCKE_ERR_CURSOR_REPEATED: async (served) => {
    const { cursor } = (await served.get('/messages?topic=a&wait=0')).json
    const bytes = Buffer.from(cursor, 'base64url')
    const repeated = Buffer.concat([bytes, bytes.subarray(1)]).toString('base64url')
    return served.get(`/messages?topic=a&cursor=${repeated}`)
  },
  ENCKE_ERR_WAIT_VALUE: (served) => served.get('/messages?topic=a&wait=soon'),
  ENCKE_ERR_LIMIT_VALUE: (served) => served.get('/messages?topic=a&limit=0'),
  ENCKE_ERR_FROM_VALUE: (served) => served.get('/messages?topic=a&from=yesterday'),
  ENCKE_ERR_CLIENT_VALUE: (served) => served.get('/messages?topic=a&client=two%20words'),
  ENCKE_ERR_PARAMETER_UNKNOWN: (served) => served.get('/messages?topic=a&since=1'),
  ENCKE_ERR_PARAMETER_REPEATED: (served) => served.get('/messages?topic=a&wait=0&wait=1'),
  ENCKE_ERR_VALIDATION: (served) => served.post('/poll', '[]'),
  ENCKE_ERR_URL_ENCODING: (served) => served.get('/topics/%zz'),
  ENCKE_ERR_REQUEST_MALFORMED: async (served) => (await (await served.wire()).write('hello\r\n\r\n')).reply(),
  ENCKE_ERR_BODY_MISSING: (served) => served.send('POST', '/publish?topic=a'),
  ENCKE_ERR_BODY_JSON: (served) => served.post('/publish?topic=a', '{"a":'),
  ENCKE_ERR_BODY_UTF8: (served) => served.post('/publish?topic=a', Buffer.from([0x22, 0xff, 0x22])),
  ENCKE_ERR_BENCHMARK_PARAMETERS: (served) => benchmark(served, 'chain', { n: 0 }),
  ENCKE_ERR_BENCHMARK_MODEL: (served) => benchmark(served, 'chain', { n: 1, model: 'cobol' }),
  ENCKE_ERR_ADMIN_TOKEN: (served) => served.get('/admin/statistics'),
  ENCKE_ERR_PUBLISH_KEY: async () => {
    await using locked = await Served.start(['--publish-key', 'p'])
    return await locked.publish('a', 1)
  },
  ENCKE_ERR_SUBSCRIBE_KEY: async () => {
    await using locked = await Served.start(['--subscribe-key', 's'])
    return await locked.get('/messages?topic=a')
  },
  ENCKE_ERR_TURN_VALUE: (served) => served.get('/messages?topic=a&turn=soon'),
  ENCKE_ERR_PRESENCE_NAME: (served) => served.get('/messages?topic=a&presence='),
  ENCKE_ERR_TOKEN_MISSING: presenting(() => undefined),
  ENCKE_ERR_TOKEN: presenting(() => 'a.b.c'),
  ENCKE_ERR_TOKEN_EXPIRED: presenting(() => mintToken({ secret, ttlSeconds: 1, wallClock: () => 0 })),
  ENCKE_ERR_RIGHT: presenting(() => mintToken({ secret, ttlSeconds: 60, subscribe: ['b'] })),
  ENCKE_ERR_SERVER_KEYS: async () => {
    await using keyless = await Served.start(['--token-jwks', 'http://127.0.0.1:1/keys'])
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'EdDSA' })
      .sign(generateKeyPairSync('ed25519').privateKey)
    return await keyless.get('/topics/a', { headers: { authorization: `Bearer ${token}` } })
  },
  ENCKE_ERR_TOPIC_RESERVED: (served) => served.publish('__encke/samples', 1),
  ENCKE_ERR_ORIGIN: (served) => served.post('/publish?topic=a', '1', { origin: 'https://evil.example' }),
  ENCKE_ERR_NOT_FOUND: (served) => served.get('/nowhere'),
  ENCKE_ERR_METHOD: (served) => served.send('DELETE', '/poll'),
  // Node looks for slow requests every 30 seconds. What it then does is done here at once.
  ENCKE_ERR_REQUEST_TIMEOUT: async (served) => {
    const { server } = served.app.http
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
    const wire = await (await served.wire()).write('POST /publish?topic=a HTTP/1.1\r\nHost: localhost\r\n')
    const slow = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
    server.emit('clientError', slow, await accepted)
    return wire.reply()
  },
  ENCKE_ERR_BENCHMARK_BUSY: async (served) => {
    const idle = served.app.scheduler.statistics().coroutines
    const leaving = new AbortController()
    const running = benchmark(served, 'hackysack', { players: 10, turns: 10_000_000 }, leaving.signal)
    await until(() => served.app.scheduler.statistics().coroutines > idle)
    const refused = await benchmark(served, 'chain', { n: 1 })
    leaving.abort()
    await expect(running).rejects.toThrow()
    await until(() => served.app.scheduler.statistics().coroutines === idle)
    return refused
  },
  ENCKE_ERR_BENCHMARK_CANCELLED: async (served) => {
    const idle = served.app.scheduler.statistics().coroutines
    const running = benchmark(served, 'hackysack', { players: 10, turns: 10_000_000 })
    await until(() => served.app.scheduler.statistics().coroutines > idle)
    await served.administrate('POST', '/admin/benchmarks/cancel')
    return await running
  },
  ENCKE_ERR_MESSAGE_TOO_LARGE: (served) => served.post('/publish?topic=a', `"${'x'.repeat(65_536)}"`),
  // Stored as \u0000 each, six times as large.
  ENCKE_ERR_MESSAGE_OVER_HISTORY: async () => {
    await using small = await Served.start(['--message-bytes', '1000', '--history-bytes', '1000'])
    const question = { body: '\0'.repeat(500), headers: { 'content-type': 'text/plain' } }
    return await small.send('POST', '/publish?topic=a', question)
  },
  ENCKE_ERR_BODY_TOO_LARGE: (served) => served.post('/poll', ' '.repeat(524_289)),
  ENCKE_ERR_URL_TOO_LONG: (served) => served.get(`/topics/${'x'.repeat(3_000)}`),
  ENCKE_ERR_BODY_TYPE: (served) => served.post('/publish?topic=a', '<a/>', { 'content-type': 'application/xml' }),
  ENCKE_ERR_BODY_ENCODING: (served) => served.post('/publish?topic=a', '1', { 'content-encoding': 'gzip' }),
  ENCKE_ERR_EXPECTATION: async (served) => {
    const wire = await served.wire()
    await wire.write('GET / HTTP/1.1\r\nHost: localhost\r\nExpect: nothing\r\n\r\n')
    return wire.reply()
  },
  ENCKE_ERR_HOST: (served) => served.get('/', { headers: { host: 'rebinding.example' } }),
  ENCKE_ERR_CLIENT_RATE: async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    await using slow = await Served.start(['--requests-per-second', '1'])
    await slow.get('/topics/a')
    const answer = await slow.get('/topics/a')
    vi.useRealTimers()
    return answer
  },
  ENCKE_ERR_CLIENT_WAITING: () =>
    whileOneWaits(['--max-waiting-per-client', '1'], (full) => full.get('/messages?topic=b')),
  ENCKE_ERR_HEADERS_TOO_LARGE: async (served) => {
    const wire = await served.wire()
    await wire.write(`GET / HTTP/1.1\r\nHost: localhost\r\nCookie: ${'x'.repeat(140_000)}\r\n\r\n`)
    return wire.reply()
  },
  ENCKE_ERR_INTERNAL: async () => {
    await using broken = await Served.start([], { broker: brokenBroker })
    return await broken.get('/topics/a')
  },
  ENCKE_ERR_SERVER_WAITING: () => whileOneWaits(['--max-waiting', '1'], (full) => full.get('/messages?topic=b')),
  ENCKE_ERR_SERVER_TOPICS: () => whileOneWaits(['--max-topics', '1'], (full) => full.publish('b', 1)),
  // The newest message of a topic that somebody reads is never dropped.
  ENCKE_ERR_SERVER_HISTORY: () =>
    whileOneWaits(['--message-bytes', '99', '--history-bytes', '99', '--history-total-bytes', '99'], (full) =>
      full.publish('b', 'x'.repeat(70)),
    ),
  ENCKE_ERR_MESSAGE_COUNT: (served) =>
    served.post('/publish', { messages: Array.from({ length: 10_001 }, () => ({ topic: 'a', data: 1 })) }),
  ENCKE_ERR_KEY_VALUE: (served) => served.post('/publish?topic=a', '1', { 'idempotency-key': 'with a blank' }),
  ENCKE_ERR_KEY_REUSED: async (served) => {
    await served.post('/publish?topic=a', '1', { 'idempotency-key': 'k' })
    return served.post('/publish?topic=a', '2', { 'idempotency-key': 'k' })
  },
  ENCKE_ERR_TOPIC_UNKNOWN: (served) => served.send('DELETE', '/topics/nowhere'),
  ENCKE_ERR_STREAM_OFFSET: (served) => served.get('/v1/stream/a?offset=nowhere'),
  ENCKE_ERR_STREAM_HEADER: (served) => served.send('PUT', '/v1/stream/a', { headers: { 'stream-ttl': 'soon' } }),
  ENCKE_ERR_STREAM_BODY: (served) => served.send('POST', '/v1/stream/a', { headers: { 'content-type': 'text/plain' } }),
  ENCKE_ERR_STREAM_FORK: async (served) => {
    await served.send('PUT', '/v1/stream/forked')
    const place = { 'stream-fork-offset': '0000000000000001_0000000000000001' }
    const headers = { 'stream-forked-from': '/v1/stream/forked', ...place }
    return served.send('PUT', '/v1/stream/fork', { headers })
  },
  ENCKE_ERR_STREAM_FENCED: appendTwice({ 'producer-epoch': '1', 'producer-seq': '0' }, { 'producer-epoch': '0' }),
  ENCKE_ERR_STREAM_GAP: appendTwice({ 'producer-epoch': '0', 'producer-seq': '0' }, { 'producer-seq': '2' }),
  ENCKE_ERR_STREAM_SEQUENCE: appendTwice({ 'stream-seq': 'b' }, { 'stream-seq': 'a' }),
  ENCKE_ERR_STREAM_EXISTS: async (served) => {
    await served.publish('born', 1)
    return served.send('PUT', '/v1/stream/born')
  },
  ENCKE_ERR_STREAM_OFFSET_GONE: async (served) => {
    await served.send('PUT', '/v1/stream/short')
    return served.get('/v1/stream/short?offset=0000000000000001_0000000000000001')
  },
  ENCKE_ERR_TOPIC_CLOSED: publishAfter([], function* (broker) {
    yield* broker.create('a', { ...stream, isClosed: true })
  }),
  ENCKE_ERR_TOPIC_CONTENT_TYPE: publishAfter([], function* (broker) {
    yield* broker.create('a', { ...stream, contentType: 'text/plain' })
  }),
  ENCKE_ERR_TOPIC_REMOVED: publishAfter([], function* (broker) {
    yield* broker.create('a', stream)
    yield* broker.fork('a', 'head', 'b', {})
    yield* broker.remove('a')
  }),
  ENCKE_ERR_STREAMS_FULL: publishAfter(['--streams-total-bytes', '5'], function* (broker) {
    yield* broker.create('a', stream)
  }),
  ENCKE_ERR_SERVER_BROKER: () =>
    unanswered(
      (broker) => broker.hanging.add('a'),
      (served) => served.get('/messages?topic=a&wait=0'),
    ),
  ENCKE_ERR_PUBLISH_UNKNOWN: () =>
    unanswered(
      (broker) => {
        broker.before = () => broker.never()
      },
      (served) => served.publish('a', 1),
    ),
  ENCKE_ERR_SERVER_DRAINING: () =>
    whileOneWaits(['--drain-pause-ms', '3600000'], (going) => {
      void going.app.drain()
      return going.get('/readyz')
    }),
}

/** Two appends to a stream, the second with some other headers. */
function appendTwice(first: Record<string, string>, second: Record<string, string>) {
  return async (served: Served): Promise<Answer> => {
    const path = `/v1/stream/${randomUUID()}`
    const type = { 'content-type': 'text/plain' }
    const producer = 'producer-seq' in first ? { 'producer-id': 'p', ...first } : first
    await served.send('PUT', path, { headers: type })
    await served.send('POST', path, { headers: { ...type, ...producer }, body: '1' })
    return served.send('POST', path, { headers: { ...type, ...producer, ...second }, body: '2' })
  }
}

/** A publish to a topic that the broker has been told of. */
const secret = 'the secret of these tests, long enough'

/** Read a topic with a token, where tokens are wanted. */
function presenting(token: () => Promise<string> | string | undefined) {
  return async () => {
    await using guarded = await Served.start(['--token-secret', secret])
    const presented = await token()
    return await guarded.get(
      '/topics/a',
      presented === undefined ? {} : { headers: { authorization: `Bearer ${presented}` } },
    )
  }
}

function publishAfter(flags: string[], prepare: (broker: Broker) => Coroutine<unknown>): () => Promise<Answer> {
  return async () => {
    await using served = await Served.start(flags)
    await served.app.scheduler.run(() => prepare(served.app.broker)).promise
    return await served.publish('a', 'too late')
  }
}

/** With a broker that does not answer. */
async function unanswered(hang: (broker: ScriptedBroker) => void, ask: (served: Served) => Promise<Answer>) {
  const broker = new ScriptedBroker()
  hang(broker)
  await using served = await Served.start(['--broker-timeout-ms', '20'], { broker })
  return await ask(served)
}

const stream = { contentType: 'application/json', lifetime: null, messages: [], isClosed: false }

/** Codes that no request provokes, and why. */
const unprovoked: Partial<Record<ErrorCode, string>> = {
  ENCKE_ERR_SERVER_DISK: 'it takes a full disk: test/server/brokers/sqlite-restarts.test.ts',
  ENCKE_ERR_SERVER_OUTDATED: 'it takes records of a later version: test/server/brokers/redis.test.ts',
  ENCKE_ERR_BODY_LENGTH:
    'Node ends a body at its Content-Length, and takes what follows for a request; cut off, it is REQUEST_MALFORMED',
  ENCKE_ERR_SERVER_PUBLISHES: 'ten thousand of them have to hang; test/server/hub/broken-broker.test.ts lets them',
  ENCKE_ERR_BENCHMARK_FAILED: 'no benchmark is broken; test/server/benchmarks/run.test.ts breaks one',
}

describe('the codes of the table', () => {
  let served: Served

  beforeAll(async () => {
    served = await Served.start(['--client-limits', 'off'])
  })
  afterAll(() => served[Symbol.asyncDispose]())

  it('are each provoked by a request, or it is said why not', () => {
    const known = [...Object.keys(provocations), ...Object.keys(unprovoked)]
    expect(known.sort()).toEqual(Object.keys(errorTable).sort())
  })

  it.each(Object.entries(provocations) as [ErrorCode, (served: Served) => Promise<Answer>][])(
    '%s reaches the client in our shape',
    async (code, provoke) => {
      const { status, headers, json } = await provoke(served)
      const row = errorTable[code]
      expect(json).toEqual({
        statusCode: row.statusCode,
        code,
        error: expect.stringMatching(/^[A-Z][\w ]+$/),
        message: expect.stringMatching(/^\P{C}{20,300}$/u),
      })
      expect(status).toBe(row.statusCode)
      expect(headers['content-type']).toBe('application/json; charset=utf-8')
      const comesBack = status === 429 || status === 503
      expect(headers['retry-after']).toEqual(comesBack ? expect.stringMatching(/^[1-9]\d*$/) : undefined)
    },
  )

  it('that say what broke inside do so in the log, not in the reply', async () => {
    await using broken = await Served.start([], { broker: brokenBroker })
    const { text } = await broken.get('/topics/a')
    expect(text).not.toMatch(/disk|stack|\.ts/)
  })
})

describe('what there is not', () => {
  let served: Served

  beforeAll(async () => {
    served = await Served.start(['--client-limits', 'off'])
  })
  afterAll(() => served[Symbol.asyncDispose]())

  it.each([
    ['GET', '/nowhere'],
    ['DELETE', '/nowhere?a=b'],
    ['GET', '/topics/a/b'],
    ['GET', '/topics'],
    ['GET', '/admin/nowhere'],
    ['GET', '//healthz'],
    ['GET', '/HEALTHZ'],
    ['GET', '/messages;a=b'],
    ['OPTIONS', '/nowhere'],
  ])('is 404, and the path is given back: %s %s', async (method, path) => {
    const { status, headers, json } = await served.send(method, path)
    expect(status).toBe(404)
    expect(headers['cache-control']).toBe('no-store')
    expect(json).toMatchObject({ code: 'ENCKE_ERR_NOT_FOUND', error: 'Not Found' })
    expect(json.message).toContain(`there is nothing at ${method} "${path.split('?')[0]}": /openapi.json lists`)
  })

  it('has no body for HEAD', async () => {
    expect(await served.send('HEAD', '/nowhere')).toMatchObject({ status: 404, text: '' })
  })

  it.each([
    ['GET', '/poll', 'POST'],
    ['GET', '/publish?topic=a', 'POST'],
    ['PUT', '/topics/a/messages', 'GET, HEAD, POST'],
    ['POST', '/topics/a', 'DELETE, GET, HEAD'],
    ['DELETE', '/messages?topic=a', 'GET, HEAD'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['PATCH', '/', 'GET, HEAD'],
    ['POST', '/favicon.svg', 'GET, HEAD'],
    ['POST', '/favicon.ico', 'GET, HEAD'],
    ['DELETE', '/admin/statistics', 'GET, HEAD'],
    ['GET', '/admin/benchmarks/chain', 'POST'],
    ['OPTIONS', '/poll', 'POST'],
  ])('a method that a route does not have is 405 with those it has: %s %s', async (method, path, allow) => {
    const { status, headers, json } = await served.send(method, path)
    expect({ status, allow: headers['allow'] }).toEqual({ status: 405, allow })
    expect(json.code).toBe('ENCKE_ERR_METHOD')
    expect(json.message).toBe(`"${path.split('?')[0]}" takes ${allow} (got ${method})`)
  })

  it.each([
    ['/nowhere', 'ENCKE_ERR_NOT_FOUND'],
    ['/healthz', 'ENCKE_ERR_METHOD'],
  ])('does not depend on the body that is sent to it: %s', async (path, code) => {
    for (const [type, body] of [
      ['application/json', '{'],
      ['application/xml', '<a/>'],
      ['application/json', 'x'.repeat(100_000)],
    ] as const) {
      expect((await served.post(path, body, { 'content-type': type })).json.code).toBe(code)
    }
  })
})

describe('what there is', () => {
  it('is there with a slash at its end too', async () => {
    await using served = await Served.start(['--client-limits', 'off'])
    expect((await served.get('/healthz/')).status).toBe(200)
    expect((await served.get('/messages/?topic=a&wait=0')).status).toBe(200)
    expect((await served.get('/topics/a/')).json).toMatchObject({ topic: 'a' })
    expect((await served.post('/topics/a/messages/', '1')).status).toBe(201)
    expect((await served.send('DELETE', '/poll/')).headers['allow']).toBe('POST')
  })
})

async function whileOneWaits(flags: string[], ask: (served: Served) => Promise<Answer>): Promise<Answer> {
  await using served = await Served.start(flags)
  await served.publish('a', 'x'.repeat(70))
  const polled = served.get('/messages?topic=a')
  await served.waiting(1)
  const answer = await ask(served)
  served.app.hurry()
  await polled
  return answer
}

function benchmark(served: Served, name: string, parameters: object, signal?: AbortSignal): Promise<Answer> {
  return served.administrate('POST', `/admin/benchmarks/${name}`, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(parameters),
    ...(signal && { signal }),
  })
}

const brokenBroker: Broker = {
  answersAtOnce: true,
  health: { isOk: true },
  append: () => fail(),
  create: () => fail(),
  fork: () => fail(),
  remove: () => fail(),
  inform: () => fail(),
  list: () => fail(),
  history: () => fail(),
  follow: () => {},
  unfollow: () => {},
  close: () => fail(),
  statistics: () => ({ topics: 0, messages: 0, bytes: 0 }),
}

function fail(): never {
  throw new Error('the disk is on fire')
}
