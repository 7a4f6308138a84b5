// Input that is refused. Each complaint has a code of ours, what was given and what to do; and nothing is left behind.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Answer } from './served.ts'
import { Served } from './served.ts'

let served: Served
let before: Record<string, number>

beforeAll(async () => {
  served = await Served.start(['--client-limits', 'off'])
  await served.publish('known', 'before')
  await served.get('/messages?topic=known&from=earliest&wait=0')
})
afterAll(() => served[Symbol.asyncDispose]())
beforeEach(async () => {
  before = await served.holdingsAtRest()
})
afterEach(async () => {
  await served.untilHolding(before)
  served.app.hub.validate()
  served.app.scheduler.validate()
})

function expectRefusal({ status, json }: Answer, code: string, ...words: string[]): void {
  expect(json).toMatchObject({ code: `ENCKE_ERR_${code}`, statusCode: status })
  for (const word of words) expect(json.message).toContain(word)
}

const characters = 'a topic name consists of A–Z a–z 0–9 . _ ~ - /'
const emptySegment = 'a topic name has no empty segment: remove the slash too many'
const dots = 'no segment of a topic name is "." or ".."'

/** Topics as they are written in a URL, the complaint, and what it says was given. */
const badTopics: [written: string, complaint: string, given: string][] = [
  ['', 'a topic needs a name of 1 to 200 characters', '""'],
  ['.', dots, '"."'],
  ['..', dots, '".."'],
  ['%2e%2E', dots, '".."'],
  ['a%2F..', dots, '"a/.."'],
  ['..%2Fa', dots, '"../a"'],
  ['a%2F.%2Fb', dots, '"a/./b"'],
  ['%2F', emptySegment, '"/"'],
  ['%2Fa', emptySegment, '"/a"'],
  ['a%2F', emptySegment, '"a/"'],
  ['a%2F%2Fb', emptySegment, '"a//b"'],
  ['x'.repeat(201), 'has at most 200 characters, this one has 201', '(201 characters)'],
  ['%C3%A4', characters, '"ä"'],
  ['%F0%9F%98%80', characters, '"😀"'],
  ['a%20b', characters, '"a b"'],
  ['a%00', characters, '"a\\u0000"'],
  ['a%0D%0AX:%20b', characters, '"a\\u000d\\u000aX: b"'],
  ['a%252Fb', characters, '"a%2Fb"'],
  ['a%5Cb', characters, '"a\\\\b"'],
  ['a*', characters, '"a*"'],
]

describe('the name of a topic', () => {
  it.each(badTopics)('in a path: %s', async (written, complaint, given) => {
    expectRefusal(
      await served.get(`/topics/${written}/messages?wait=0`),
      'TOPIC_NAME',
      complaint,
      `(got ${given}`.slice(0, 5),
    )
    expectRefusal(await served.post(`/topics/${written}/messages`, '1'), 'TOPIC_NAME', complaint, given)
    if (written !== '') expectRefusal(await served.get(`/topics/${written}`), 'TOPIC_NAME', complaint, given)
  })

  it.each(badTopics)('in a query: %s', async (written, complaint, given) => {
    expectRefusal(await served.get(`/messages?topic=${written}&wait=0`), 'TOPIC_NAME', complaint, given)
    expectRefusal(await served.get(`/messages?topic=known&topic=${written}&wait=0`), 'TOPIC_NAME', complaint, given)
    expectRefusal(await served.post(`/publish?topic=${written}`, '1'), 'TOPIC_NAME', complaint, given)
  })

  it.each(badTopics)('in a body: %s', async (written, complaint, given) => {
    const topics = ['known', decodeURIComponent(written)]
    expectRefusal(await served.post('/poll', { topics, wait: 0 }), 'TOPIC_NAME', complaint, given)
  })

  it.each([1, null, true, {}, ['a'], 1.5])('in a body, when it is no string: %j', async (topic) => {
    const answer = await served.post('/poll', { topics: ['known', topic], wait: 0 })
    expectRefusal(answer, 'TOPIC_NAME', 'a topic is a string', `(got ${JSON.stringify(topic)})`)
  })

  it('that a proxy has decoded leads nowhere', async () => {
    expectRefusal(await served.get('/topics/a/b/messages?wait=0'), 'NOT_FOUND', '"/topics/a/b/messages"', '%2F')
  })

  it.each(['%', '%4', '%zz', '%FF', '%C3', '%ED%A0%80'])('in a path, with a broken encoding: %s', async (written) => {
    const path = `/topics/${written}/messages`
    expectRefusal(await served.get(path), 'URL_ENCODING', `(got "${path}")`)
    expectRefusal(await served.post(path, '1'), 'URL_ENCODING', `(got "${path}")`)
    expectRefusal(await served.get(`/messages?topic=${written}`), 'TOPIC_NAME', `(got "${written}")`)
  })

  it('that is longer than any could be', async () => {
    expectRefusal(await served.get(`/topics/${'x'.repeat(2_000)}`), 'TOPIC_NAME', '(2000 characters)')
    expectRefusal(await served.get(`/topics/${'x'.repeat(2_001)}`), 'URL_TOO_LONG', 'too long', '(2009 characters)')
    expectRefusal(await served.get(`/messages?topic=${'x'.repeat(100_000)}`), 'TOPIC_NAME', '(100000 characters)')
  })
})

describe('how many topics', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`)

  it('are too many in a GET', async () => {
    const query = names(101).map((name) => `topic=${name}`)
    expectRefusal(
      await served.get(`/messages?wait=0&${query.join('&')}`),
      'TOPIC_COUNT',
      'at most 100 topics',
      '(got 101)',
    )
  })

  it('are too many in a POST', async () => {
    const answer = await served.post('/poll', { topics: names(1_001), wait: 0 })
    expectRefusal(answer, 'TOPIC_COUNT', 'at most 1000 topics', '(got 1001)')
  })

  it('are too few', async () => {
    for (const query of ['', '?wait=0'])
      expectRefusal(await served.get(`/messages${query}`), 'TOPIC_MISSING', '?topic=')
    expectRefusal(await served.post('/publish', '1'), 'TOPIC_MISSING', '?topic=')
    for (const body of ['{}', '{"topics":[]}', '{"wait":0}']) {
      expectRefusal(await served.post('/poll', body), 'TOPIC_MISSING', '{"topics": ["…"]}')
    }
  })

  it('is one for a publish', async () => {
    const answer = await served.post('/publish?topic=known&topic=other', '1')
    expectRefusal(answer, 'PARAMETER_REPEATED', 'topic may be given once (got ["known","other"])')
  })
})

describe('a cursor', () => {
  const real = async () => (await served.get('/messages?topic=known&wait=0')).json.cursor as string

  it.each(['', 'abc', '0', 'AQ==', 'AA', 'AQA', 'AgA', 'EA', '%20Ag', 'Ag%0A', 'null', '*', '%F0%9F%98%80'])(
    'that no server gave out: %s',
    async (cursor) => {
      const given = decodeURIComponent(cursor)
      const shown = `(got "${given.replace('\n', '\\u000a')}")`
      const words = ['cursor must be one that this server gave out, unchanged', 'leave it out to start from now', shown]
      expectRefusal(await served.get(`/messages?topic=known&cursor=${cursor}`), 'CURSOR_MALFORMED', ...words)
      expectRefusal(await served.post('/poll', { topics: ['known'], cursor: given }), 'CURSOR_MALFORMED', ...words)
    },
  )

  it('that is longer than any could be', async () => {
    const cursor = 'x'.repeat(100_000)
    expectRefusal(await served.get(`/messages?topic=known&cursor=${cursor}`), 'CURSOR_MALFORMED', '(100000 characters)')
    expectRefusal(await served.post('/poll', { topics: ['known'], cursor }), 'CURSOR_MALFORMED', '(100000 characters)')
  })

  it('that was changed on its way', async () => {
    const cursor = await real()
    before = served.holdings()
    for (const changed of [cursor.slice(0, -1), `${cursor}A`, `${cursor}=`, ` ${cursor}`, `Z${cursor.slice(1)}`]) {
      const answer = await served.get(`/messages?topic=known&wait=0&cursor=${encodeURIComponent(changed)}`)
      expectRefusal(answer, 'CURSOR_MALFORMED', `(got "${changed}")`)
    }
  })

  it('that has a topic twice', async () => {
    const bytes = Buffer.from(await real(), 'base64url')
    const cursor = Buffer.concat([bytes, bytes.subarray(1)]).toString('base64url')
    before = served.holdings()
    const words = ['names a topic twice', 'leave it out to start from now', `(got "${cursor}`.slice(0, 40)]
    expectRefusal(await served.get(`/messages?topic=known&wait=0&cursor=${cursor}`), 'CURSOR_REPEATED', ...words)
    expectRefusal(await served.post('/poll', { topics: ['known'], wait: 0, cursor }), 'CURSOR_REPEATED', ...words)
  })

  it.each([5, null, {}, ['AQ']])('that is no string: %j', async (cursor) => {
    const answer = await served.post('/poll', { topics: ['known'], cursor })
    expectRefusal(answer, 'CURSOR_MALFORMED', 'cursor must be the cursor of a reply', `(got ${JSON.stringify(cursor)})`)
  })
})

describe('a number', () => {
  const waits = ['-1', '-0.001', 'abc', '', '1e1', '0x10', '.5', '1.', '%201', '1,5', 'NaN', 'Infinity']
  const limits = ['0', '1.5', '-1', 'abc', '', '1e2', 'all']
  const shown = (written: string) => `(got "${decodeURIComponent(written)}")`

  it.each(waits)('that is no wait: %s', async (written) => {
    for (const path of ['/messages?topic=known&', '/topics/known/messages?']) {
      const answer = await served.get(`${path}wait=${written}`)
      expectRefusal(answer, 'WAIT_VALUE', 'wait must be a number of seconds, 0 or more', shown(written))
    }
  })

  it.each(limits)('that is no limit: %s', async (written) => {
    const answer = await served.get(`/messages?topic=known&wait=0&limit=${written}`)
    expectRefusal(answer, 'LIMIT_VALUE', 'limit must be a whole number of messages, 1 or more', shown(written))
  })

  it('that is larger than any', async () => {
    const digits = '9'.repeat(400)
    expectRefusal(await served.get(`/messages?topic=known&wait=${digits}`), 'WAIT_VALUE', '(400 characters)')
    expectRefusal(await served.get(`/messages?topic=known&limit=${digits}`), 'LIMIT_VALUE', '(400 characters)')
  })

  it.each(['"1"', 'null', '[1]', '{}', 'true', '-1', '1e400'])('that is no wait in a body: %s', async (written) => {
    const answer = await served.post('/poll', `{"topics":["known"],"wait":${written}}`)
    expectRefusal(answer, 'WAIT_VALUE', `(got ${written === '1e400' ? 'Infinity' : written})`)
  })

  it.each(['"1"', 'null', '[1]', '{}', 'true', '0', '1.5'])('that is no limit in a body: %s', async (written) => {
    const answer = await served.post('/poll', `{"topics":["known"],"wait":0,"limit":${written}}`)
    expectRefusal(answer, 'LIMIT_VALUE', `(got ${written})`)
  })
})

describe('a parameter', () => {
  it.each(['later', '', 'NOW', '0'])('from that is none of the three: %s', async (from) => {
    const words = ['from must be "now", "earliest" or "latest"', `(got "${from}")`]
    expectRefusal(await served.get(`/messages?topic=known&wait=0&from=${from}`), 'FROM_VALUE', ...words)
    expectRefusal(await served.post('/poll', { topics: ['known'], wait: 0, from }), 'FROM_VALUE', ...words)
  })

  it.each(['', 'two words', 'a/b', 'ä', 'one-and-sixty-five'.padEnd(65, '-')])(
    'client that is no short name: %s',
    async (client) => {
      const written = encodeURIComponent(client)
      expectRefusal(
        await served.get(`/messages?topic=known&wait=0&client=${written}`),
        'CLIENT_VALUE',
        'client must be',
      )
      expectRefusal(
        await served.post('/poll', { topics: ['known'], wait: 0, client }),
        'CLIENT_VALUE',
        'client must be',
      )
    },
  )

  it.each([
    ['wait=0&wait=1', 'wait may be given once (got ["0","1"])'],
    ['wait=0&wai%74=0', 'wait may be given once (got ["0","0"])'],
    ['limit=1&limit=2', 'limit may be given once (got ["1","2"])'],
    ['from=now&from=now', 'from may be given once'],
    ['cursor=a&cursor=b', 'cursor may be given once'],
    ['client=a&client=b', 'client may be given once'],
  ])('that is given twice: %s', async (query, complaint) => {
    expectRefusal(await served.get(`/messages?topic=known&${query}`), 'PARAMETER_REPEATED', complaint)
    expectRefusal(await served.get(`/topics/known/messages?${query}`), 'PARAMETER_REPEATED', complaint)
  })

  it.each(['Wait', 'timeout', 'topic[]', 'topics', '__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'that there is not: %s',
    async (name) => {
      const words = [`there is no parameter "${name}"`, 'known here: topic, cursor, wait, limit, from, client']
      expectRefusal(await served.get(`/messages?topic=known&wait=0&${name}=1`), 'PARAMETER_UNKNOWN', ...words)
      expectRefusal(await served.post(`/publish?topic=known&${name}=1`, '1'), 'PARAMETER_UNKNOWN', words[0] as string)
      expectRefusal(
        await served.post(`/topics/known/messages?${name}=1`, '1'),
        'PARAMETER_UNKNOWN',
        'there are none here',
      )
      expectRefusal(await served.post(`/poll?${name}=1`, '{"topics":["known"]}'), 'PARAMETER_UNKNOWN')
      expectRefusal(await served.get(`/topics/known?${name}=1`), 'PARAMETER_UNKNOWN')
      expectRefusal(await served.administrate('GET', `/admin/statistics?${name}=1`), 'PARAMETER_UNKNOWN')
    },
  )

  it.each(['Wait', '', 'a/b~c', '__proto__', 'constructor', 'topic'])(
    'that there is not, in a body: %s',
    async (name) => {
      const answer = await served.post('/poll', `{"topics":["known"],"wait":0,"${name}":1}`)
      expectRefusal(answer, 'PARAMETER_UNKNOWN', `there is no parameter "${name}"`, 'topics, cursor, wait')
    },
  )

  it('that stands in the place of a list tells what is wrong before what is missing', async () => {
    expectRefusal(await served.get('/messages?topic[]=known'), 'PARAMETER_UNKNOWN', '"topic[]"')
  })
})

describe('a body', () => {
  const large = 65_537

  it.each(['[]', '1', 'null', '"x"', 'true', '[{"topics":["known"]}]'])(
    'of a poll that is no object: %s',
    async (body) => {
      expectRefusal(await served.post('/poll', body), 'VALIDATION', 'the body must be a JSON object', `(got ${body})`)
    },
  )

  it.each(['"known"', '{"0":"known"}', 'null', '7'])('of a poll whose topics are no list: %s', async (topics) => {
    expectRefusal(await served.post('/poll', `{"topics":${topics},"wait":0}`), 'TOPIC_NAME', `(got ${topics})`)
  })

  it('of more than 64 KiB is no message', async () => {
    const words = ['at most 65536 bytes', `(got ${large})`]
    for (const path of ['/publish?topic=known', '/topics/known/messages']) {
      expectRefusal(await served.post(path, `"${'x'.repeat(large - 2)}"`), 'MESSAGE_TOO_LARGE', ...words)
    }
    const text = { body: 'x'.repeat(large), headers: { 'content-type': 'text/plain' } }
    expectRefusal(await served.send('POST', '/publish?topic=known', text), 'MESSAGE_TOO_LARGE', ...words)
  })

  it('of more than 64 KiB is not even read when it says so, and stopped when it does not', async () => {
    const start = 'POST /publish?topic=known HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
    const told = await (await served.wire()).write(`${start}Content-Length: ${large}\r\n\r\n`)
    expectRefusal(await told.reply(), 'MESSAGE_TOO_LARGE', `(got ${large})`)
    await told.closed()
    const chunk = `8000\r\n${'1'.repeat(0x8000)}\r\n`
    const untold = await (await served.wire()).write(
      `${start}Transfer-Encoding: chunked\r\n\r\n${chunk}${chunk}${chunk}`,
    )
    expectRefusal(await untold.reply(), 'MESSAGE_TOO_LARGE', '(got more)')
    await untold.closed()
  })

  it('of more than 512 KiB is no poll', async () => {
    const body = JSON.stringify({ topics: ['known'], wait: 0 }).padEnd(524_289)
    expectRefusal(await served.post('/poll', body), 'BODY_TOO_LARGE', 'at most 524288 bytes', '(got 524289)')
  })

  it.each(['{', '{"a":}', "{'a':1}", '{"a":1}}', '[1,]', 'undefined', 'NaN', '01', '"\n"', '"\\x"', '   ', '\u00a01'])(
    'that is not JSON: %j',
    async (body) => {
      for (const path of ['/publish?topic=known', '/poll']) {
        expectRefusal(await served.post(path, body), 'BODY_JSON', 'the body is not JSON: ', '(got "')
      }
      const chain = { body, headers: { 'content-type': 'application/json' } }
      expectRefusal(await served.administrate('POST', '/admin/benchmarks/chain', chain), 'BODY_JSON')
    },
  )

  it('that is not there', async () => {
    for (const path of ['/publish?topic=known', '/topics/known/messages', '/poll']) {
      expectRefusal(await served.send('POST', path), 'BODY_MISSING', 'there is no body: send')
      expectRefusal(await served.post(path, ''), 'BODY_MISSING', 'the body is empty: send a JSON value')
    }
  })

  it.each([
    ['application/xml', '"application/xml"'],
    ['application/x-www-form-urlencoded', '"application/x-www-form-urlencoded"'],
    ['multipart/form-data; boundary=x', '"multipart/form-data; boundary=x"'],
    ['application/vnd.api+json', '"application/vnd.api+json"'],
    ['application/jsonp', '"application/jsonp"'],
    ['text/html', '"text/html"'],
  ])('of a type that is not taken: %s', async (type, given) => {
    const words = ['send application/json, or text/plain where a message is published', `(got ${given})`]
    for (const path of ['/publish?topic=known', '/poll']) {
      expectRefusal(await served.post(path, '1', { 'content-type': type }), 'BODY_TYPE', ...words)
    }
  })

  it.each(['nonsense', '', '/', 'application/', ';;;'])('of a type that is none: %s', async (type) => {
    const words = ['Content-Type must be a media type, such as application/json', `(got "${type}")`]
    for (const path of ['/publish?topic=known', '/poll']) {
      expectRefusal(await served.post(path, '1', { 'content-type': type }), 'BODY_TYPE', ...words)
    }
  })

  it('of no type', async () => {
    for (const path of ['/publish?topic=known', '/poll']) {
      expectRefusal(await served.send('POST', path, { body: '1' }), 'BODY_TYPE', '(got no Content-Type)')
    }
  })

  it('of plain text is a message, but no poll', async () => {
    const text = { 'content-type': 'text/plain' }
    expectRefusal(await served.post('/poll', '{"topics":["known"]}', text), 'BODY_TYPE', '(got "text/plain")')
  })

  it.each(['gzip', 'br', 'deflate, gzip', 'GZIP'])('that is compressed: %s', async (encoding) => {
    const headers = { 'content-encoding': encoding }
    const answer = await served.post('/publish?topic=known', '1', headers)
    expectRefusal(answer, 'BODY_ENCODING', 'as it is, without Content-Encoding', `(got "${encoding}")`)
    expectRefusal(await served.post('/poll', '{"topics":["known"]}', headers), 'BODY_ENCODING')
  })

  it.each(['latin1', 'ISO-8859-1', 'utf-16', '"windows-1252"'])('of another charset: %s', async (charset) => {
    for (const type of ['application/json', 'text/plain']) {
      const answer = await served.post('/publish?topic=known', '1', { 'content-type': `${type}; charset=${charset}` })
      expectRefusal(answer, 'BODY_ENCODING', 'as UTF-8', `(got charset "${charset.replaceAll('"', '')}")`)
    }
  })

  it.each([
    ['a byte that is never one', [0x22, 0xff, 0xfe, 0x22], 'the bytes ff fe 22 at 1'],
    ['a character that is overlong', [0x22, 0xc0, 0xaf, 0x22], 'the bytes c0 af 22 at 1'],
    ['half a surrogate pair', [0x22, 0xed, 0xa0, 0x80, 0x22], 'the bytes ed a0 80 22 at 1'],
    ['a character beyond the last', [0x22, 0xf5, 0x80, 0x80, 0x80, 0x22], 'the bytes f5 80 80 80 at 1'],
    ['a character that is not finished', [0x22, 0xe2, 0x82, 0x22], 'the bytes e2 82 22 at 1'],
    ['an end in the middle of a character', [0x61, 0x62, 0xc3], 'the bytes c3 at 2'],
    ['Latin-1 after a replacement character', [0xef, 0xbf, 0xbd, 0xe4, 0x22], 'the bytes e4 22 at 3'],
  ])('with %s', async (_what, bytes, complaint) => {
    for (const type of ['application/json', 'text/plain']) {
      const answer = await served.post('/publish?topic=known', Uint8Array.from(bytes), { 'content-type': type })
      expectRefusal(answer, 'BODY_UTF8', 'the body is not UTF-8', `${complaint} are no character`)
    }
    expectRefusal(await served.post('/poll', Uint8Array.from(bytes)), 'BODY_UTF8', complaint)
  })

  it('of a benchmark that asks for what there is not', async () => {
    const ask = (name: string, body: string) =>
      served.administrate('POST', `/admin/benchmarks/${name}`, {
        body,
        headers: { 'content-type': 'application/json' },
      })
    expectRefusal(await ask('chain', '{"n":0}'), 'BENCHMARK_PARAMETERS', 'n must be', '(got 0)')
    expectRefusal(await ask('chain', '{"N":1}'), 'BENCHMARK_PARAMETERS', '"N"')
    expectRefusal(await ask('chain', '[1]'), 'BENCHMARK_PARAMETERS', '(got [1])')
    expectRefusal(await ask('hackysack', '{"players":1e9}'), 'BENCHMARK_PARAMETERS', '(got 1000000000)')
    expectRefusal(await ask('hackysack', '{"variant":"x"}'), 'BENCHMARK_PARAMETERS', '(got "x")')
    expectRefusal(await ask('chain', '{"model":"x"}'), 'BENCHMARK_MODEL', '"x"', 'available: go')
  })
})

describe('bytes on the connection', () => {
  const start = 'POST /publish?topic=known HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'

  it.each([
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['a method that there is not', 'BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['the beginning of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['another version', 'GET / HTTP/3.0\r\nHost: localhost\r\n\r\n'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['a path without a slash', 'GET healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['a NUL in the URL', 'GET /messages?topic=\0 HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['letters that are not ASCII in the URL', 'GET /topics/ä HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n'],
    ['a header folded over two lines', 'GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n: c\r\n\r\n'],
    [
      'two ways to say how long the body is',
      `${start}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n`,
    ],
    ['two lengths of the body', `${start}Content-Length: 1\r\nContent-Length: 2\r\n\r\n12`],
    ['a length that is no number', `${start}Content-Length: abc\r\n\r\n1`],
    ['a length below zero', `${start}Content-Length: -1\r\n\r\n1`],
    ['a transfer encoding that there is not', `${start}Transfer-Encoding: gzip\r\n\r\n1`],
    ['a chunk without a size', `${start}Transfer-Encoding: chunked\r\n\r\nzz\r\n1\r\n0\r\n\r\n`],
  ])('that are %s', async (_what, bytes) => {
    const wire = await (await served.wire()).write(bytes)
    const answer = await wire.reply()
    expectRefusal(answer, 'REQUEST_MALFORMED')
    expect(answer.headers['connection']).toBe('close')
    await wire.closed()
  })

  it('that end before the body does', async () => {
    const wire = await (await served.wire()).write(`${start}Content-Length: 10\r\n\r\n"half`)
    wire.socket.end()
    expectRefusal(await wire.reply(), 'REQUEST_MALFORMED', 'the connection ended before the request did')
    await wire.closed()
  })

  it('that stop for good before the body does', async () => {
    const wire = await (await served.wire()).write(`${start}Content-Length: 10\r\n\r\n"half`)
    wire.socket.resetAndDestroy()
    await wire.closed()
    expect((await served.get('/healthz')).status).toBe(200)
  })

  it.each([
    ['a header', `GET / HTTP/1.1\r\nHost: localhost\r\nCookie: ${'x'.repeat(140_000)}\r\n\r\n`],
    ['the URL', `GET /messages?topic=${'x'.repeat(140_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
    ['the number of headers', `GET / HTTP/1.1\r\nHost: localhost\r\n${'X-Many: 1\r\n'.repeat(20_000)}\r\n`],
  ])('that are too many for %s', async (_what, bytes) => {
    const wire = await (await served.wire()).write(bytes)
    const answer = await wire.reply()
    expect(answer.status).toBe(431)
    expectRefusal(answer, 'HEADERS_TOO_LARGE', 'too large: use POST /poll')
    await wire.closed()
  })

  it('that are nonsense after a poll that waits end both', async () => {
    const wire = await (await served.wire()).write('GET /messages?topic=known HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await served.waiting(1)
    await wire.write('nonsense\r\n\r\n')
    expectRefusal(await wire.reply(), 'REQUEST_MALFORMED')
    await wire.closed()
    await served.waiting(0)
  })
})
