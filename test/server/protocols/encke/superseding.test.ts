import { describe, expect, it } from 'vitest'
import { rawRequest } from '../../http/live-app.ts'
import { type Answer, Served } from '../../http/served.ts'

const none = ['--client-limits', 'off']

describe('a poll with the client of an older one', () => {
  async function both(older: string, newer: string, flags: readonly string[] = none): Promise<[Answer, Answer]> {
    await using served = await Served.start(flags)
    const first = served.get(older)
    await served.waiting(1)
    const second = served.get(newer)
    await first
    await served.waiting(1)
    await served.publish('a', 1)
    return [await first, await second]
  }

  it('has the older answered, empty and with its cursor, and waits itself', async () => {
    const [older, newer] = await both('/messages?topic=a&client=page', '/messages?topic=a&client=page')
    expect(older.status).toBe(200)
    expect(older.json).toEqual({
      messages: [],
      cursor: expect.any(String),
      more: false,
      topics: { a: { verdict: 'ok', missed: 0 } },
      superseded: true,
    })
    expect(newer.json).toMatchObject({ messages: [{ data: 1 }] })
    expect(newer.json).not.toHaveProperty('superseded')
  })

  it('is the same reader whatever the order of its topics, and its cursor', async () => {
    const [older] = await both('/messages?topic=a&topic=b&client=page', '/messages?topic=b&topic=a&client=page')
    expect(older.json.superseded).toBe(true)
  })

  it.each([
    ['another client', '/messages?topic=a&client=other'],
    ['no client', '/messages?topic=a'],
    ['other topics', '/messages?topic=a&topic=b&client=page'],
    ['no time to wait', '/messages?topic=a&client=page&wait=0'],
  ])('leaves it waiting when it has %s', async (_, path) => {
    await using served = await Served.start(none)
    const older = served.get('/messages?topic=a&client=page')
    await served.waiting(1)
    const newer = served.get(path)
    if (path.endsWith('wait=0')) await newer
    else await served.waiting(2)
    await served.publish('a', 1)
    for (const { json } of await Promise.all([older, newer])) expect(json).not.toHaveProperty('superseded')
    expect((await older).json.messages).toHaveLength(1)
  })

  it('from another address is another reader', async () => {
    await using served = await Served.start([...none, '--trust-proxy', '1'])
    const from = (address: string) =>
      served.get('/messages?topic=a&client=page', { headers: { 'x-forwarded-for': address } })
    const polls = [from('203.0.113.1'), from('203.0.113.2')]
    await served.waiting(2)
    await served.publish('a', 1)
    for (const { json } of await Promise.all(polls)) expect(json.messages).toHaveLength(1)
  })

  it('gets the news itself when the older had news first', async () => {
    await using served = await Served.start(none)
    const older = served.get('/messages?topic=a&client=page')
    await served.waiting(1)
    await served.publish('a', 1)
    expect((await older).json).toMatchObject({ messages: [{ data: 1 }] })
  })

  it('on the fast path supersedes, and is superseded', async () => {
    await using served = await Served.start(none)
    const [one, other] = [await served.wire(), await served.wire()]
    let { cursor } = (await served.get('/topics/a')).json
    for (const wire of [one, other, one]) {
      for (let polls = 0; polls < 4; polls += 1) {
        await wire.write(rawRequest('GET', `/messages?topic=a&client=page&cursor=${cursor}`))
        await served.waiting(1)
        await served.app.scheduler.run(() => served.app.hub.publish('a', { data: '1', bytes: 1 })).promise
        const { json } = await wire.reply()
        expect(json.messages).toHaveLength(1)
        cursor = json.cursor
      }
    }
    await one.write(rawRequest('GET', `/messages?topic=a&client=page&cursor=${cursor}`))
    await served.waiting(1)
    await other.write(rawRequest('GET', `/messages?topic=a&client=page&cursor=${cursor}`))
    expect((await one.reply()).json).toMatchObject({ messages: [], cursor, superseded: true })
    await served.publish('a', 2)
    expect((await other.reply()).json).toMatchObject({ messages: [{ data: 2 }] })
  })
})

it('a poll from the latest begins with the newest message, and goes on from there', async () => {
  await using served = await Served.start(none)
  for (const data of [1, 2, 3]) await served.publish('a', data)
  const { json } = await served.get('/messages?topic=a&from=latest')
  expect(json).toMatchObject({ messages: [{ data: 3 }], more: false, topics: { a: { verdict: 'ok', missed: 0 } } })
  const next = async () => (await served.get(`/messages?topic=a&from=latest&wait=0&cursor=${json.cursor}`)).json
  expect(await next()).toMatchObject({ messages: [], cursor: json.cursor })
  await served.publish('a', 4)
  expect(await next()).toMatchObject({ messages: [{ data: 4 }], topics: { a: { verdict: 'ok' } } })
})
