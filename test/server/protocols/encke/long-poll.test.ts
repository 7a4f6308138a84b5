import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Admission } from '../../../../server/access/admission.ts'
import { rawRequest } from '../../http/live-app.ts'
import { Served } from '../../http/served.ts'

describe('a long poll', () => {
  let served: Served

  beforeAll(async () => {
    served = await Served.start(['--history-messages', '5', '--client-limits', 'off'])
  })
  afterAll(() => served[Symbol.asyncDispose]())

  async function publishAll(topic: string, ...messages: unknown[]): Promise<void> {
    for (const data of messages) await served.publish(topic, data)
  }

  async function poll(query: string): Promise<{ data: unknown[]; cursor: string; [field: string]: unknown }> {
    const { status, text, json } = await served.get(`/messages?wait=0&${query}`)
    expect(status, text).toBe(200)
    return { ...json, data: json.messages.map(({ data }: { data: unknown }) => data) }
  }

  it('that waits gets the message when it comes, in this shape', async () => {
    const polled = served.get('/messages?topic=shape')
    await served.waiting(1)
    const { json: receipt } = await served.publish('shape', { hello: 'world' })
    const { status, headers, json } = await polled
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'application/json; charset=utf-8',
      'content-length': expect.any(String),
    })
    const { topic, offset, id, time } = receipt
    expect(json).toEqual({
      messages: [{ topic, offset, id, time, data: { hello: 'world' } }],
      cursor: expect.stringMatching(/^[\w-]+$/),
      more: false,
      topics: { shape: { verdict: 'ok', missed: 0 } },
    })
  })

  it('of a topic in the path is the same poll', async () => {
    const polled = served.get('/topics/in%2Fpath/messages')
    await served.waiting(1)
    await served.publish('in/path', 1)
    expect((await polled).json).toMatchObject({ messages: [{ topic: 'in/path' }], topics: { 'in/path': {} } })
  })

  it('that times out is a 200 with a cursor, from which nothing is missed', async () => {
    const { status, json } = await served.get('/messages?topic=quiet&wait=0.01')
    expect(status).toBe(200)
    expect(json).toMatchObject({ messages: [], more: false, topics: { quiet: { verdict: 'ok', missed: 0 } } })
    await publishAll('quiet', 'later')
    expect((await poll(`topic=quiet&cursor=${json.cursor}`)).data).toEqual(['later'])
  })

  it('waits for 25 seconds less up to a tenth when it does not say', async () => {
    const leaving = new AbortController()
    const polled = served.get('/messages?topic=patient', { signal: leaving.signal })
    await served.waiting(1)
    const { json } = await served.administrate('GET', '/admin/coroutines')
    const waitsFor = json.coroutines.map((coroutine: { waitsFor: string }) => coroutine.waitsFor).join()
    expect(Number(/quiet: after ([\d.]+) s/.exec(waitsFor)?.[1])).toBeGreaterThan(22)
    expect(Number(/quiet: after ([\d.]+) s/.exec(waitsFor)?.[1])).toBeLessThanOrEqual(25)
    leaving.abort()
    await expect(polled).rejects.toThrow()
    await served.waiting(0)
  })

  it('begins with what comes after it, unless it asks for what is there', async () => {
    await publishAll('from', 1, 2)
    expect((await poll('topic=from')).data).toEqual([])
    expect((await poll('topic=from&from=now')).data).toEqual([])
    expect((await poll('topic=from&from=earliest')).data).toEqual([1, 2])
  })

  it('goes on from its cursor: every message once, in order', async () => {
    let { cursor } = await poll('topic=resume')
    const got: unknown[] = []
    for (let round = 0; round < 3; round += 1) {
      await publishAll('resume', `${round}a`, `${round}b`)
      const next = await poll(`topic=resume&cursor=${cursor}`)
      got.push(...next.data)
      cursor = next.cursor
    }
    expect(got).toEqual(['0a', '0b', '1a', '1b', '2a', '2b'])
  })

  it('gives the same answer to the same cursor, as often as it is asked', async () => {
    const { cursor } = await poll('topic=again')
    await publishAll('again', 1)
    const first = await poll(`topic=again&cursor=${cursor}`)
    expect(await poll(`topic=again&cursor=${cursor}`)).toEqual(first)
  })

  it('takes no more messages than its limit, and says that there are more', async () => {
    const { cursor } = await poll('topic=limited')
    await publishAll('limited', 1, 2, 3)
    const first = await poll(`topic=limited&limit=2&cursor=${cursor}`)
    expect(first).toMatchObject({ data: [1, 2], more: true })
    expect(await poll(`topic=limited&limit=2&cursor=${first.cursor}`)).toMatchObject({ data: [3], more: false })
  })

  it('says how many it missed when history was trimmed', async () => {
    const { cursor } = await poll('topic=trimmed')
    await publishAll('trimmed', 1, 2, 3, 4, 5, 6, 7, 8)
    const polled = await poll(`topic=trimmed&cursor=${cursor}`)
    expect(polled['topics']).toEqual({ trimmed: { verdict: 'gap', missed: 3 } })
    expect(polled.data).toEqual([4, 5, 6, 7, 8])
  })

  it('of another server begins again with the oldest message, and says so', async () => {
    await using other = await Served.start()
    await other.publish('moved', 'there')
    const { cursor } = (await other.get('/messages?topic=moved&wait=0')).json
    await publishAll('moved', 'kept')
    const polled = await poll(`topic=moved&cursor=${cursor}`)
    expect(polled['topics']).toEqual({ moved: { verdict: 'reset', missed: null } })
    expect(polled.data).toEqual(['kept'])
  })

  it('of several topics gets what comes on any of them', async () => {
    const polled = served.get('/messages?topic=several/a&topic=several/b')
    await served.waiting(1)
    await served.publish('several/b', 1)
    const { json } = await polled
    expect(json.messages).toMatchObject([{ topic: 'several/b', data: 1 }])
    expect(Object.keys(json.topics).sort()).toEqual(['several/a', 'several/b'])
    await served.publish('several/a', 2)
    expect((await poll(`topic=several/a&topic=several/b&cursor=${json.cursor}`)).data).toEqual([2])
  })

  it('of many topics is a POST with the same parameters', async () => {
    const topics = Array.from({ length: 1_000 }, (_, index) => `many/${index}`)
    const { json: start } = await served.post('/poll', { topics, wait: 0 })
    expect(start.messages).toEqual([])
    const polled = served.post('/poll', {
      topics,
      cursor: start.cursor,
      wait: 120,
      limit: 1,
      from: 'now',
      client: 'a-b_c',
    })
    await served.waiting(1)
    await served.publish('many/999', 'last')
    const { status, json } = await polled
    expect(status).toBe(200)
    expect(json.messages).toMatchObject([{ topic: 'many/999', data: 'last' }])
    expect(Object.keys(json.topics)).toHaveLength(1_000)
  })

  it('is never kept by a cache, also when it answers at once', async () => {
    expect((await served.get('/messages?topic=cache&wait=0')).headers['cache-control']).toBe('no-store')
  })

  it('that is a HEAD does not wait, and says how long the answer would be', async () => {
    const { status, headers, text } = await served.send('HEAD', '/messages?topic=head&wait=120')
    expect({ status, text }).toEqual({ status: 200, text: '' })
    expect(Number(headers['content-length'])).toBeGreaterThan(50)
  })
})

describe('a wait or a limit above its maximum', () => {
  const flags = ['--wait-default-seconds', '10', '--wait-max-seconds', '20', '--limit-default', '2', '--limit-max', '3']
  const start = () => Served.start([...flags, '--client-limits', 'off'])
  const members = ({ json }: { json: Record<string, unknown> }) => ({ wait: json['wait'], limit: json['limit'] })

  it.each([
    ['wait=20.5', { wait: 20 }],
    ['wait=2147484', { wait: 20 }],
    ['wait=20&limit=4', { limit: 3 }],
    ['wait=21&limit=1000000', { wait: 20, limit: 3 }],
    ['wait=20&limit=3', {}],
    ['wait=0&limit=1', {}],
    ['', {}],
  ])('is lowered to it, and the reply says so: %s', async (query, lowered) => {
    await using served = await start()
    for (let data = 1; data <= 5; data += 1) await served.publish('a', data)
    const given = Object.fromEntries([...new URLSearchParams(query)].map(([name, value]) => [name, Number(value)]))
    for (const reply of [
      await served.get(`/messages?topic=a&from=earliest&${query}`),
      await served.get(`/topics/a/messages?from=earliest&${query}`),
      await served.post('/poll', { topics: ['a'], from: 'earliest', ...given }),
    ]) {
      expect(reply.status).toBe(200)
      expect(members(reply)).toEqual({ wait: undefined, limit: undefined, ...lowered })
      expect(reply.json.messages).toHaveLength(Math.min(given['limit'] ?? 2, 3))
    }
  })

  it('is lowered for HEAD as for GET, which has the same head', async () => {
    await using served = await start()
    await served.publish('a', 1)
    const path = '/messages?topic=a&from=earliest&wait=99'
    const [head, get] = [await served.send('HEAD', path), await served.get(path)]
    expect(head.status).toBe(200)
    expect(head.headers['content-length']).toBe(get.headers['content-length'])
  })

  it('is told in every reply: without news, and by a server that goes away', async () => {
    await using served = await Served.start(['--wait-default-seconds', '0', '--wait-max-seconds', '0'])
    expect(members(await served.get('/messages?topic=a&wait=5&limit=2000'))).toEqual({ wait: 0, limit: 1_000 })
    served.app.hurry()
    const { json } = await served.get('/messages?topic=a&wait=5&limit=2000')
    expect(json).toMatchObject({ wait: 0, limit: 1_000, retryAfterMs: expect.any(Number) })
  })

  it('is told to nobody who shares the batch and did not ask for more', async () => {
    await using served = await start()
    const { cursor } = (await served.get('/topics/a')).json
    const queries = ['wait=20&limit=3', 'wait=25&limit=3', 'wait=20&limit=9', 'wait=25&limit=9', 'wait=20&limit=3']
    const polls = queries.map((query) => served.get(`/messages?topic=a&cursor=${cursor}&${query}`))
    await served.waiting(queries.length)
    await served.publish('a', 'news')
    const replies = await Promise.all(polls)
    expect(replies.map(members)).toEqual([
      { wait: undefined, limit: undefined },
      { wait: 20, limit: undefined },
      { wait: undefined, limit: 3 },
      { wait: 20, limit: 3 },
      { wait: undefined, limit: undefined },
    ])
    for (const { json } of replies) expect(json.messages).toMatchObject([{ data: 'news' }])
  })

  it('is told on the fast path, too, and holds there', async () => {
    await using served = await start()
    const wire = await served.wire()
    let cursor = (await served.get('/topics/a')).json.cursor
    let seen = 0
    served.app.http.server.on('request', () => {
      seen += 1
    })
    for (let polls = 1; polls <= 4; polls += 1) {
      await wire.write(rawRequest('GET', `/messages?topic=a&wait=25&limit=9&cursor=${cursor}`))
      await served.waiting(1)
      const before = seen
      await served.app.scheduler.run(() => served.app.hub.publish('a', { data: `${polls}`, bytes: 1 })).promise
      const { json } = await wire.reply()
      expect(json).toMatchObject({ wait: 20, limit: 3, messages: [{ data: polls }] })
      expect(seen).toBe(before)
      cursor = json.cursor
    }
    expect(seen).toBe(2)
  })
})

describe('a poll whose admission ends', () => {
  it('ends with it, 200 and empty', async () => {
    await using served = await Served.start([], {}, ({ http }) => {
      http.addHook('onRequest', async (request) => {
        const clock = () => performance.now()
        request.admission = new Admission(request.admission.client, request.admission.rights, clock() + 100, clock)
      })
    })
    const { status, json } = await served.get('/messages?topic=a&wait=60')
    expect([status, json.messages]).toEqual([200, []])
    served.app.hub.validate()
  })
})
