import { describe, expect, it } from 'vitest'
import { Served } from '../http/served.ts'

const quick = '/messages?topic=a&wait=0'

describe('the rate of a client', () => {
  // The second stands still, so that the tests may take their time.
  let now = 0
  const limited = (...flags: string[]) => Served.start(flags, { clock: () => now })

  it('is limited, and Retry-After says when to come back', async () => {
    await using served = await limited('--requests-per-second', '3')
    for (const path of [quick, '/nowhere', '/topics/a']) expect((await served.get(path)).status).not.toBe(429)
    const { status, headers, json } = await served.get(quick)
    expect(status).toBe(429)
    expect(headers).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' })
    expect(json).toEqual({
      statusCode: 429,
      code: 'ENCKE_ERR_CLIENT_RATE',
      error: 'Too Many Requests',
      message: 'more than 3 requests in a second from 127.0.0.1: slow down',
    })
    expect((await served.publish('a', 1)).status).toBe(429)
    expect(served.app.hub.statistics().published).toBe(0)
    now += 1_001
    expect((await served.get(quick)).status).toBe(200)
  })

  it('costs the replies below it no headers', async () => {
    await using served = await Served.start()
    const { headers } = await served.get(quick)
    expect(Object.keys(headers).filter((name) => /ratelimit|retry/.test(name))).toEqual([])
  })

  it('is not limited with --client-limits off', async () => {
    await using served = await limited('--requests-per-second', '1', '--client-limits', 'off')
    for (let asked = 0; asked < 5; asked += 1) expect((await served.get(quick)).status).toBe(200)
  })

  it('is that of its address, which only a trusted proxy may name', async () => {
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
    const statuses = async (served: Served) => [
      (await served.get(quick, from('192.0.2.1'))).status,
      (await served.get(quick, from('192.0.2.2'))).status,
      (await served.get(quick, from('192.0.2.2'))).status,
      (await served.get(quick, from('192.0.2.2, 192.0.2.3'))).status,
    ]
    await using direct = await limited('--requests-per-second', '1')
    expect(await statuses(direct)).toEqual([200, 429, 429, 429])
    await using behind = await limited('--requests-per-second', '1', '--trust-proxy', '1')
    expect(await statuses(behind)).toEqual([200, 200, 429, 200])
  })

  it.each([
    ['203.0.113.8:4711', '203.0.113.8:4712'],
    ['203.0.113.8', '::ffff:203.0.113.8'],
    ['2001:db8::1', '[2001:DB8::2]:443'],
    ['unknown', '_hidden'],
  ])('is that of one client, however its address is written: %s, %s', async (address, otherwise) => {
    const from = (text: string) => served.get(quick, { headers: { 'x-forwarded-for': text } })
    await using served = await limited('--requests-per-second', '1', '--trust-proxy', '1')
    expect((await from(address)).status).toBe(200)
    expect((await from(otherwise)).status).toBe(429)
    expect((await from('192.0.2.1')).status).toBe(200)
  })
})

describe('the requests of a client that wait', () => {
  it('are limited; one that does not wait is answered all the same', async () => {
    await using served = await Served.start(['--max-waiting-per-client', '2'])
    const polls = [served.get('/messages?topic=a'), served.get('/messages?topic=b&topic=a')]
    await served.waiting(2)
    const before = await served.holdingsAtRest()
    for (const refused of [
      await served.get('/messages?topic=a&client=other'),
      await served.get('/topics/a/messages'),
      await served.post('/poll', { topics: ['a'] }),
    ]) {
      expect(refused.status).toBe(429)
      expect(refused.headers['retry-after']).toBe('5')
      expect(refused.json).toMatchObject({
        code: 'ENCKE_ERR_CLIENT_WAITING',
        message: expect.stringMatching(/^2 requests from 127\.0\.0\.1 wait here already.*share one poll$/),
      })
    }
    await served.untilHolding(before)
    expect((await served.get(quick)).status).toBe(200)
    expect((await served.publish('a', 1)).json.waiting).toBe(2)
    await Promise.all(polls)
    const again = served.get('/messages?topic=a')
    await served.waiting(1)
    await served.publish('a', 2)
    expect((await again).status).toBe(200)
  })

  it('give their place back when the client goes away', async () => {
    await using served = await Served.start(['--max-waiting-per-client', '1'])
    for (let round = 0; round < 3; round += 1) {
      const leaving = new AbortController()
      const polled = served.get('/messages?topic=a', { signal: leaving.signal })
      await served.waiting(1)
      leaving.abort()
      await expect(polled).rejects.toThrow()
      await served.waiting(0)
    }
  })

  it('are counted by address', async () => {
    await using served = await Served.start(['--max-waiting-per-client', '1', '--trust-proxy', '1'])
    const from = (address: string) => served.get('/messages?topic=a', { headers: { 'x-forwarded-for': address } })
    const polls = [from('192.0.2.1'), from('192.0.2.2')]
    await served.waiting(2)
    expect((await from('192.0.2.1')).json).toMatchObject({
      code: 'ENCKE_ERR_CLIENT_WAITING',
      message: expect.stringContaining('192.0.2.1'),
    })
    await served.publish('a', 1)
    await Promise.all(polls)
  })

  it('name the client to the operator, not the proxy', async () => {
    await using served = await Served.start(['--trust-proxy', '1'])
    const headers = { 'x-forwarded-for': '192.0.2.1, 203.0.113.8:4711' }
    const polls = [
      served.get('/messages?topic=a', { headers }),
      served.send('POST', '/poll', {
        headers: { ...headers, 'content-type': 'application/json' },
        body: '{"topics":["a"]}',
      }),
    ]
    await served.waiting(2)
    const { text } = await served.administrate('GET', '/admin/coroutines')
    await served.publish('a', 1)
    await Promise.all(polls)
    expect(text).toContain('GET /messages?topic=a for 203.0.113.8')
    expect(text).toContain('POST /poll for 203.0.113.8')
  })

  it('name the client of an event stream to the operator, too', async () => {
    await using served = await Served.start(['--trust-proxy', '1'])
    const leaving = new AbortController()
    const run = served.administrate('POST', '/admin/benchmarks/chain', {
      headers: {
        'x-forwarded-for': '203.0.113.8:4711',
        accept: 'text/event-stream',
        'content-type': 'application/json',
      },
      body: '{"n":1000000}',
      signal: leaving.signal,
    })
    const ended = expect(run).rejects.toThrow()
    let told: string | undefined
    while (told === undefined) {
      const { text } = await served.administrate('GET', '/admin/coroutines')
      told = /POST \/admin\/benchmarks\/chain for ([^"#]*)/.exec(text)?.[1]
    }
    leaving.abort()
    await ended
    expect(told).toBe('203.0.113.8')
  })

  it('are not limited with --client-limits off, but those of all together are', async () => {
    const flags = ['--max-waiting-per-client', '1', '--max-waiting', '3', '--client-limits', 'off']
    await using served = await Served.start(flags)
    const polls = [1, 2, 3].map(() => served.get('/messages?topic=a'))
    await served.waiting(3)
    const { status, headers, json } = await served.get('/messages?topic=a')
    expect(status).toBe(503)
    expect(headers['retry-after']).toBe('5')
    expect(json).toMatchObject({
      code: 'ENCKE_ERR_SERVER_WAITING',
      message: expect.stringMatching(/^3 requests wait here already.*\(--max-waiting\)/),
    })
    expect((await served.get(quick)).status).toBe(200)
    await served.publish('a', 1)
    await Promise.all(polls)
    const again = [1, 2, 3].map(() => served.get('/messages?topic=a'))
    await served.waiting(3)
    await served.publish('a', 2)
    for (const { status } of await Promise.all(again)) expect(status).toBe(200)
  })
})
