import { describe, expect, it } from 'vitest'
import { readConfig } from '../../../../server/config.ts'
import { nextTurn } from '../../../../server/protocols/encke/cacheable.ts'
import { Served } from '../../http/served.ts'

const flags = ['--client-limits', 'off', '--anonymous-subscribe', 'public/**', '--cacheable', 'public/**']
const topic = 'topic=public%2Fa'
const lasting = 'public, max-age=60, stale-while-revalidate=300'
const passing = 'public, max-age=1'

describe('a poll for a cache', () => {
  async function begin(...more: string[]) {
    const served = await Served.start([...flags, '--wait-default-seconds', '1', ...more])
    const { cursor } = (await served.get('/topics/public%2Fa')).json
    return { served, cursor, path: `/messages?cursor=${cursor}&${topic}` }
  }

  it('that gets messages may be kept for a minute, by anybody, for anybody', async () => {
    const { served, path } = await begin()
    await using _ = served
    await served.publish('public/a', 1)
    const { status, headers, json } = await served.get(path, { headers: { origin: 'https://elsewhere.example' } })
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'cache-control': lasting,
      etag: expect.stringMatching(/^"[\w-]{22}"$/),
      'access-control-allow-origin': '*',
      'content-type': 'application/json; charset=utf-8',
    })
    expect(headers).not.toHaveProperty('vary')
    expect(headers).not.toHaveProperty('set-cookie')
    expect(json).toMatchObject({ messages: [{ data: 1 }] })
    expect(json).not.toHaveProperty('turn')
  })

  it('has these headers also where some origins have rights of their own', async () => {
    const { served, path } = await begin('--origins', 'https://page.example')
    await using _ = served
    await served.publish('public/a', 1)
    const { headers } = await served.get(path, { headers: { origin: 'https://page.example' } })
    expect(headers['access-control-allow-origin']).toBe('*')
    expect(headers).not.toHaveProperty('vary')
    expect(headers).not.toHaveProperty('access-control-allow-credentials')
  })

  it('that is over without news holds for a second, and has a turn for the next URL', async () => {
    const { served, cursor, path } = await begin()
    await using _ = served
    const first = await served.get(path)
    expect(first.headers['cache-control']).toBe(passing)
    expect(first.json).toMatchObject({ messages: [], cursor, turn: expect.any(Number) })
    const second = await served.get(`${path}&turn=${first.json.turn}`)
    expect(second.json.turn).toBeGreaterThan(first.json.turn)
    const ahead = await served.get(`${path}&turn=${first.json.turn + 1_000}`)
    expect(ahead.json.turn).toBe(first.json.turn + 1_001)
  })

  it('gives readers who ask at the same time the same turn, which strictly rises', () => {
    expect(nextTurn(1_000_000, 25, 0)).toBe(40)
    expect(nextTurn(1_024_999, 25, 0)).toBe(40)
    expect(nextTurn(1_000_000, 25, 40)).toBe(41)
    expect(nextTurn(5_000, 0, 0)).toBe(5)
  })

  it('waits as long as it says: readers of one URL come back together', async () => {
    const { served, path } = await begin()
    await using _ = served
    const begun = performance.now()
    await served.get(path)
    expect(performance.now() - begun).toBeGreaterThan(990)
  })

  it('that begins now, or is reset, holds for a second only', async () => {
    const { served } = await begin()
    await using _ = served
    await using other = await Served.start(flags)
    for (const data of [1, 2]) await served.publish('public/a', data)
    for (const data of [1, 2]) await other.publish('public/a', data)
    const foreign = (await other.get('/topics/public%2Fa')).json.cursor
    const reset = await served.get(`/messages?cursor=${foreign}&${topic}`)
    expect(reset.json.topics['public/a'].verdict).toBe('reset')
    expect(reset.headers['cache-control']).toBe(passing)
    const earliest = await served.get(`/messages?from=earliest&${topic}`)
    expect(earliest.json.messages).toHaveLength(2)
    expect(earliest.headers['cache-control']).toBe(passing)
  })

  it('is sent away by a server that drains, not at once and not for long', async () => {
    const { served, path } = await begin('--drain-pause-ms', '0', '--drain-ms', '0')
    await using _ = served
    const polled = served.get(`${path}&wait=60`)
    await served.waiting(1)
    served.app.hurry()
    const { headers, json } = await polled
    expect(headers['cache-control']).toBe(passing)
    expect(json).toMatchObject({ messages: [], turn: expect.any(Number) })
    expect(json.retryAfterMs).toBeGreaterThanOrEqual(1_000)
  })

  it('is answered 304 when the cache has the reply, and the next message makes another', async () => {
    const { served, path } = await begin()
    await using _ = served
    await served.publish('public/a', 1)
    const { etag } = (await served.get(path)).headers
    const again = await served.get(path, { headers: { 'if-none-match': `W/${etag}, "other"` } })
    expect([again.status, again.text, again.headers['etag']]).toEqual([304, '', etag])
    await served.publish('public/a', 2)
    const changed = await served.get(path, { headers: { 'if-none-match': `${etag}` } })
    expect([changed.status, changed.json.messages.length]).toEqual([200, 2])
  })

  it('in the path, for several topics, and HEAD are for a cache, too', async () => {
    const { served, cursor } = await begin()
    await using _ = served
    await served.publish('public/a', 1)
    for (const path of [
      `/topics/public%2Fa/messages?cursor=${cursor}`,
      `/messages?cursor=${cursor}&topic=public%2Fa&topic=public%2Fb`,
      `/messages?cursor=${cursor}&limit=3&${topic}&turn=7&wait=0`,
    ]) {
      expect((await served.get(path)).headers['cache-control'], path).toBe(lasting)
    }
    const head = await served.send('HEAD', `/messages?cursor=${cursor}&${topic}`)
    expect(head.headers['cache-control']).toBe(lasting)
  })

  it.each([
    ['another order', `/messages?${topic}&cursor=C`],
    ['topics in another order', '/messages?cursor=C&topic=public%2Fb&topic=public%2Fa'],
    ['a default', `/messages?cursor=C&limit=100&${topic}`],
    ['another default', `/messages?cursor=C&${topic}&wait=1`],
    ['a client', `/messages?client=page&cursor=C&${topic}`],
    ['a name', `/messages?cursor=C&presence=ann&${topic}`],
    ['a topic that is not for caches', `/messages?cursor=C&topic=other&${topic}`],
  ])('is for none with %s', async (_, asked) => {
    const { served, cursor } = await begin()
    await using _served = served
    await served.publish('public/a', 1)
    const { status, headers } = await served.get(asked.replace('C', cursor))
    expect([status, headers['cache-control']]).toEqual([200, 'no-store'])
    expect(headers).not.toHaveProperty('etag')
  })

  it.each([
    ['authorization', 'Bearer secret'],
    ['cookie', 'a=b'],
  ])('with credentials (%s) stays out of every cache', async (name, value) => {
    const { served, path } = await begin('--subscribe-key', 'secret')
    await using _ = served
    await served.publish('public/a', 1)
    const { headers } = await served.get(path, { headers: { [name]: value } })
    expect(headers['cache-control']).toBe('private, no-store')
    expect(headers).not.toHaveProperty('etag')
    const { json } = await served.post('/poll', { topics: ['public/a'], wait: 0 })
    expect(json.messages).toEqual([])
  })

  it('that is refused is kept by nobody, and may be read by all pages', async () => {
    const { served } = await begin()
    await using _ = served
    const { status, headers } = await served.get(`/messages?cursor=abc&${topic}`)
    expect([status, headers['cache-control']]).toEqual([400, 'no-store'])
  })
})

describe('--cacheable', () => {
  it('must lie within what everybody may read', () => {
    const read =
      (...given: string[]) =>
      () =>
        readConfig(given, {})
    expect(read('--cacheable', 'news/*')).toThrow('--cacheable')
    expect(read('--cacheable', 'news/**', '--anonymous-subscribe', 'news/*')).toThrow('--anonymous-subscribe')
    expect(read('--cacheable', 'news/*,a', '--anonymous-subscribe', 'news/**,a')).not.toThrow()
  })
})

it('a turn is ignored by a poll that is for no cache', async () => {
  await using served = await Served.start(['--client-limits', 'off'])
  const { json } = await served.get('/messages?topic=a&turn=5&wait=0')
  expect(json).not.toHaveProperty('turn')
  expect((await served.get('/messages?topic=a&turn=-1')).json).toMatchObject({ code: 'ENCKE_ERR_TURN_VALUE' })
})
