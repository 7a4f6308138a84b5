import { describe, expect, it } from 'vitest'
import { Admission } from '../../../../server/access/admission.ts'
import { EventReader } from '../../http/event-reader.ts'
import { Served, until } from '../../http/served.ts'

const none = ['--client-limits', 'off']

function start(...flags: string[]): Promise<Served> {
  return Served.start([...none, ...flags])
}

async function publishAll(served: Served, topic: string, count: number, first = 1): Promise<void> {
  for (let n = first; n < first + count; n += 1) await served.publish(topic, n)
}

describe('a reader of events', () => {
  it('gets each message as one event, as it stands in a poll, with the cursor after it', async () => {
    await using served = await start()
    using reader = await EventReader.open(served, '/events?topic=news')
    expect(reader.status).toBe(200)
    expect(Object.fromEntries(reader.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    await served.waiting(1)
    const { topic, offset, id, time } = (await served.publish('news', { hello: 'world' })).json
    const [event] = await reader.has(1)
    expect(event).toEqual({
      event: 'message',
      id: expect.stringMatching(/^[\w-]+$/),
      data: { topic, offset, id, time, data: { hello: 'world' } },
    })
    const { json } = await served.get(`/messages?topic=news&wait=0&cursor=${event?.id}`)
    expect(json).toMatchObject({ messages: [], cursor: event?.id })
  })

  it('of a topic in the path reads the same', async () => {
    await using served = await start()
    await served.publish('in/path', 1)
    using reader = await EventReader.open(served, '/topics/in%2Fpath/events?from=earliest')
    expect(await reader.has(1)).toMatchObject([{ data: { topic: 'in/path', data: 1 } }])
  })

  it('keeps every digit of a number, and data of several lines', async () => {
    await using served = await start()
    using reader = await EventReader.open(served, '/events?topic=a')
    await served.waiting(1)
    const wire = await served.wire()
    await wire.write('GET /events?topic=a&from=earliest HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await served.waiting(2)
    await served.post('/publish?topic=a', '[1.10,\n 12345678901234567890]')
    expect(await reader.has(1)).toMatchObject([{ data: { topic: 'a' } }])
    await until(() => wire.received.includes('"data":[1.10,\ndata:  12345678901234567890]'))
  })

  it('begins where it is told: now, at the earliest, or at a cursor', async () => {
    await using served = await start()
    await publishAll(served, 'a', 2)
    const { cursor } = (await served.get('/topics/a')).json
    await publishAll(served, 'a', 1, 3)
    using now = await EventReader.open(served, '/events?topic=a')
    using earliest = await EventReader.open(served, '/events?topic=a&from=earliest')
    using there = await EventReader.open(served, `/events?topic=a&cursor=${cursor}`)
    await served.waiting(3)
    await publishAll(served, 'a', 1, 4)
    const dataOf = async (reader: EventReader, count: number) => (await reader.has(count)).map(({ data }) => data.data)
    expect(await dataOf(now, 1)).toEqual([4])
    expect(await dataOf(earliest, 4)).toEqual([1, 2, 3, 4])
    expect(await dataOf(there, 2)).toEqual([3, 4])
  })

  it('goes on after Last-Event-ID, whatever the URL says', async () => {
    await using served = await start()
    const { cursor } = (await served.get('/topics/a')).json
    await publishAll(served, 'a', 3)
    using first = await EventReader.open(served, `/events?topic=a&cursor=${cursor}`)
    const [, second] = await first.has(3)
    const headers = { 'last-event-id': second?.id as string }
    using again = await EventReader.open(served, `/events?topic=a&cursor=${cursor}`, headers)
    expect((await again.has(1)).map(({ data }) => data.data)).toEqual([3])
  })

  it('that was cut off before its first event goes on from where it began', async () => {
    await using served = await start()
    await publishAll(served, 'a', 1)
    using first = await EventReader.open(served, '/events?topic=a&topic=b')
    await until(() => first.lastId !== '')
    await publishAll(served, 'b', 1, 2)
    using again = await EventReader.open(served, '/events?topic=a&topic=b', { 'last-event-id': first.lastId })
    expect((await again.has(1)).map(({ data }) => data.data)).toEqual([2])
  })

  it('can be cut off after any message of several topics, and misses none and gets none twice', async () => {
    await using served = await start()
    const messages = ['a', 'b', 'a', 'c', 'b', 'b'].map((topic, data) => ({ topic, data }))
    await served.post('/publish', { messages })
    const path = '/events?topic=a&topic=b&topic=c'
    using all = await EventReader.open(served, `${path}&from=earliest`)
    const events = [...(await all.has(6))]
    for (const [at, { id }] of events.entries()) {
      await served.publish('c', `after ${at}`)
      using rest = await EventReader.open(served, path, { 'last-event-id': id as string })
      await rest.has(events.length - at)
      const expected = events.slice(at + 1).map(({ data }) => data.data)
      const got = rest.events.map(({ data }) => data.data)
      expect(got.filter((data) => typeof data === 'number').sort()).toEqual(expected.sort())
      expect(got.filter((data) => typeof data === 'string')).toHaveLength(at + 1)
    }
  })

  it('is told what is missing before the messages that are there, and again if it was cut off in between', async () => {
    await using served = await start('--history-messages', '2')
    await publishAll(served, 'a', 1)
    const { cursor } = (await served.get('/topics/a')).json
    await publishAll(served, 'a', 5, 2)
    using reader = await EventReader.open(served, `/events?topic=a&cursor=${cursor}`)
    expect(await reader.has(3)).toMatchObject([
      { event: 'verdict', id: undefined, data: { topic: 'a', verdict: 'gap', missed: 3 } },
      { event: 'message', data: { data: 5 } },
      { event: 'message', data: { data: 6 } },
    ])
    using again = await EventReader.open(served, '/events?topic=a', { 'last-event-id': cursor })
    expect(await again.has(1)).toMatchObject([{ event: 'verdict', data: { missed: 3 } }])
  })

  it('is told of a reset', async () => {
    await using other = await start()
    await publishAll(other, 'a', 3)
    const { cursor } = (await other.get('/topics/a')).json
    await using served = await start()
    await publishAll(served, 'a', 1, 7)
    using reader = await EventReader.open(served, `/events?topic=a&cursor=${cursor}`)
    expect(await reader.has(2)).toMatchObject([
      { event: 'verdict', data: { topic: 'a', verdict: 'reset', missed: null } },
      { event: 'message', data: { data: 7 } },
    ])
  })

  it('that is slow is told how many it has missed, and holds the server to a bounded amount', async () => {
    await using served = await start('--history-messages', '10')
    const wire = await served.wire()
    await wire.write('GET /events?topic=big HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await served.waiting(1)
    wire.socket.pause()
    const data = 'x'.repeat(60_000)
    const { hub, scheduler } = served.app
    const draft = { data: JSON.stringify(data), bytes: data.length + 2 }
    for (let n = 0; n < 400; n += 1) await scheduler.run(() => hub.publish('big', draft)).promise
    // It waits for the client, not for news.
    await served.waiting(0)
    await until(() => scheduler.statistics().runnable === 0)
    const { resumes } = scheduler.statistics()
    await served.get('/healthz')
    expect(scheduler.statistics().resumes - resumes).toBeLessThan(100)
    wire.socket.resume()
    await until(() => wire.received.includes('"offset":400,'))
    const [, missed = '0'] =
      /event: verdict\ndata: \{"topic":"big","verdict":"gap","missed":(\d+)\}/.exec(wire.received) ?? []
    const offsets = [...wire.received.matchAll(/"offset":(\d+)/g)].map(([, offset]) => Number(offset))
    expect(Number(missed)).toBeGreaterThan(0)
    expect(offsets.length + Number(missed)).toBe(400)
    expect(offsets.at(-1)).toBe(400)
  })

  it('waits like a poll: it is counted, limited per client, and gives its seat back', async () => {
    await using served = await Served.start(['--max-waiting-per-client', '1'])
    const reader = await EventReader.open(served, '/events?topic=a')
    await served.waiting(1)
    expect((await served.get('/events?topic=a')).json).toMatchObject({ code: 'ENCKE_ERR_CLIENT_WAITING' })
    expect((await served.publish('a', 1)).json.waiting).toBe(1)
    reader[Symbol.dispose]()
    await served.waiting(0)
    using again = await EventReader.open(served, '/events?topic=a&from=earliest')
    expect(await again.has(1)).toMatchObject([{ data: { data: 1 } }])
    served.app.hub.validate()
  })

  it.each([
    ['/events', 'ENCKE_ERR_TOPIC_MISSING'],
    ['/events?topic=a%20b', 'ENCKE_ERR_TOPIC_NAME'],
    ['/events?topic=a&from=later', 'ENCKE_ERR_FROM_VALUE'],
    ['/events?topic=a&cursor=!', 'ENCKE_ERR_CURSOR_MALFORMED'],
    ['/events?topic=a&wait=3', 'ENCKE_ERR_PARAMETER_UNKNOWN'],
  ])('that asks for %s is refused with its reason', async (path, code) => {
    await using served = await start()
    expect((await served.get(path)).json).toMatchObject({ statusCode: 400, code })
  })

  it('with a Last-Event-ID that no server gave is refused', async () => {
    await using served = await start()
    const headers = { 'last-event-id': 'x!' }
    expect((await served.get('/events?topic=a', { headers })).json).toMatchObject({
      code: 'ENCKE_ERR_CURSOR_MALFORMED',
    })
  })

  it('wants the key of readers', async () => {
    await using served = await start('--subscribe-key', 'secret')
    expect((await served.get('/events?topic=a')).status).toBe(401)
    using reader = await EventReader.open(served, '/events?topic=a', { authorization: 'Bearer secret' })
    expect(reader.status).toBe(200)
  })

  it('is told when its admission ends, and where it was', async () => {
    await using served = await Served.start(none, {}, ({ http }) => {
      http.addHook('onRequest', async (request) => {
        const clock = () => performance.now()
        request.admission = new Admission(request.admission.client, request.admission.rights, clock() + 300, clock)
      })
    })
    using reader = await EventReader.open(served, '/events?topic=a')
    await served.publish('a', 1)
    const events = await reader.ended()
    expect(events).toMatchObject([{ data: { data: 1 } }, { event: 'expired', data: { cursor: events[0]?.id } }])
    served.app.hub.validate()
  })

  it('is sent away by a server that drains, with a time to come back, and so is one that comes meanwhile', async () => {
    await using served = await start('--drain-pause-ms', '0', '--drain-ms', '400')
    const readers = await Promise.all(Array.from({ length: 20 }, () => EventReader.open(served, '/events?topic=a')))
    await served.waiting(20)
    const late = await served.wire()
    const drained = served.app.drain()
    await late.write('GET /events?topic=a HTTP/1.1\r\nHost: localhost\r\n\r\n')
    for (const reader of readers) {
      await reader.ended()
      const [first = 0, last = 0] = reader.retries
      expect(first).toBeGreaterThanOrEqual(1_000)
      expect(reader.retries).toHaveLength(2)
      expect(last).toBeLessThanOrEqual(400)
    }
    await drained
    await late.closed()
    expect(late.received).toMatch(/retry: \d+\n\n\r\n0\r\n\r\n$/)
    expect(served.app.hub.statistics().waiting).toBe(0)
  })

  it('leaves nothing behind, however often it comes and goes', async () => {
    await using served = await start()
    const before = served.holdings()
    for (let round = 0; round < 20; round += 1) {
      const readers = await Promise.all(
        Array.from({ length: 10 }, (_, at) => EventReader.open(served, `/events?topic=a&topic=t${at}`)),
      )
      await served.waiting(10)
      for (const reader of readers) reader[Symbol.dispose]()
      await served.waiting(0)
    }
    await until(() => served.holdings()['coroutines'] === before['coroutines'])
    served.app.hub.validate()
    served.app.scheduler.validate()
  })
})

describe('a stream of events whose topics end', () => {
  const close = (served: Served, topic: string) =>
    served.app.scheduler.run(() => served.app.hub.append(topic, { messages: [], close: true })).promise

  it('tells of each that is closed, ends with the last, and is not opened again', async () => {
    await using served = await start()
    await publishAll(served, 'a', 1)
    await publishAll(served, 'b', 1)
    using reader = await EventReader.open(served, '/events?topic=a&topic=b&from=earliest')
    await reader.has(2)
    await close(served, 'a')
    expect((await reader.has(3))[2]).toMatchObject({
      event: 'verdict',
      data: { topic: 'a', verdict: 'ok', closed: true },
    })
    await close(served, 'b')
    await reader.ended()
    expect(reader.events.slice(3)).toMatchObject([
      { event: 'verdict', data: { topic: 'b', verdict: 'ok', closed: true } },
    ])
    const { cursor } = (await served.get('/messages?topic=a&topic=b&wait=0')).json
    const again = await served.get('/events?topic=a&topic=b', { headers: { 'last-event-id': cursor } })
    expect([again.status, again.text]).toEqual([204, ''])
  })
})
