import { describe, expect, it } from 'vitest'
import { mintToken } from '../../../../server/access/mint-token.ts'
import { EventReader } from '../../http/event-reader.ts'
import { rawRequest } from '../../http/live-app.ts'
import { Served } from '../../http/served.ts'

const none = ['--client-limits', 'off']

async function present(served: Served, topic = 'chat') {
  const { status, json, text } = await served.get(`/presence?topic=${encodeURIComponent(topic)}`)
  expect(status, text).toBe(200)
  return json as { members: { name: string; since: number; lastSeen: number }[]; anonymous: number; cursor: string }
}

async function changes(served: Served, topic = 'chat'): Promise<string[]> {
  const { json } = await served.get(`/messages?topic=__presence/${topic}&from=earliest&wait=0`)
  return json.messages.map(({ data }: { data: { event: string; name: string } }) => `${data.name} ${data.event}`)
}

describe('who is on a topic', () => {
  it('is told with since when and who else waits', async () => {
    await using served = await Served.start(none)
    const before = Date.now()
    const polls = [
      served.get('/messages?topic=chat&presence=ann'),
      served.get('/topics/chat/messages?presence=bob'),
      served.post('/poll', { topics: ['chat', 'other'], presence: 'cyd' }),
      served.get('/messages?topic=chat'),
    ]
    await served.waiting(4)
    using reader = await EventReader.open(served, '/events?topic=chat&presence=dan')
    await served.waiting(5)
    const { members, anonymous } = await present(served)
    expect(members.map(({ name }) => name).sort()).toEqual(['ann', 'bob', 'cyd', 'dan'])
    expect(anonymous).toBe(1)
    for (const { since, lastSeen } of members) {
      expect(since).toBeGreaterThanOrEqual(before)
      expect(lastSeen).toBeGreaterThanOrEqual(since)
    }
    expect((await served.get('/topics/other/presence')).json).toMatchObject({
      topic: 'other',
      members: [{ name: 'cyd' }],
      anonymous: 0,
    })
    await served.publish('chat', 1)
    await Promise.all(polls)
    expect(await reader.has(1)).toMatchObject([{ data: { data: 1 } }])
    expect((await present(served)).members).toHaveLength(4)
  })

  it('is followed like any topic, from the list on', async () => {
    await using served = await Served.start([...none, '--presence-lease-seconds', '1'])
    const { cursor } = await present(served)
    const leaving = new AbortController()
    const poll = served.get('/messages?topic=chat&presence=ann', { signal: leaving.signal }).catch(() => {})
    const joined = await served.get(`/messages?topic=__presence/chat&cursor=${cursor}`)
    expect(joined.json.messages).toMatchObject([
      { topic: '__presence/chat', data: { event: 'join', name: 'ann', since: expect.any(Number) } },
    ])
    leaving.abort()
    await poll
    const gone = await served.get(`/messages?topic=__presence/chat&cursor=${joined.json.cursor}`)
    expect(gone.json.messages).toMatchObject([{ data: { event: 'expired', name: 'ann' } }])
    expect((await present(served)).members).toEqual([])
  })

  it('changes at once when a reader says that it leaves', async () => {
    await using served = await Served.start(none)
    const poll = served.get('/messages?topic=chat&client=page&presence=ann')
    await served.waiting(1)
    const { status } = await served.post('/poll', { topics: ['chat'], client: 'page', presence: '', wait: 0 })
    expect(status).toBe(200)
    expect((await present(served)).members).toEqual([])
    expect(await changes(served)).toEqual(['ann join', 'ann leave'])
    await served.publish('chat', 1)
    await poll
  })

  it('is the same for polls that repeat on the fast path', async () => {
    await using served = await Served.start([...none, '--presence-lease-seconds', '1'])
    const wire = await served.wire()
    let { cursor } = (await served.get('/topics/chat')).json
    for (let polls = 0; polls < 5; polls += 1) {
      await wire.write(rawRequest('GET', `/messages?topic=chat&presence=ann&cursor=${cursor}`))
      await served.waiting(1)
      expect((await present(served)).members).toMatchObject([{ name: 'ann' }])
      await served.app.scheduler.run(() => served.app.hub.publish('chat', { data: `${polls}`, bytes: 1 })).promise
      cursor = (await wire.reply()).json.cursor
    }
    expect(await changes(served)).toEqual(['ann join'])
    await expect.poll(() => changes(served)).toEqual(['ann join', 'ann expired'])
  })

  it('tells two readers with one name apart', async () => {
    await using served = await Served.start(none)
    const polls = [1, 2].map(() => served.get('/messages?topic=chat&presence=ann'))
    await served.waiting(2)
    const names = (await present(served)).members.map(({ name }) => name)
    expect(names).toEqual(['ann', 'ann (2)'])
    await served.publish('chat', 1)
    await Promise.all(polls)
  })

  it('has names of any alphabet, and topics whose names are as long as they may be', async () => {
    await using served = await Served.start(none)
    const topic = 'x'.repeat(200)
    const { status } = await served.get(`/messages?topic=${topic}&presence=${encodeURIComponent('Zoë 🦊')}&wait=0`)
    expect(status).toBe(200)
    expect((await present(served, topic)).members).toMatchObject([{ name: 'Zoë 🦊' }])
    expect(await changes(served, topic)).toEqual(['Zoë 🦊 join'])
  })

  it.each([['x'.repeat(101)], ['a%0Ab'], ['']])('refuses the name "%s"', async (name) => {
    await using served = await Served.start(none)
    const { json } = await served.get(`/messages?topic=a&presence=${name}&wait=0`)
    expect(json).toMatchObject({ statusCode: 400, code: 'ENCKE_ERR_PRESENCE_NAME' })
  })

  it('is told by the server alone', async () => {
    await using served = await Served.start(none)
    const { json } = await served.publish('__presence/chat', { event: 'join', name: 'mallory' })
    expect(json).toMatchObject({ statusCode: 403, code: 'ENCKE_ERR_TOPIC_RESERVED' })
  })

  it('is for those who may read the topic', async () => {
    await using served = await Served.start(['--subscribe-key', 'secret'])
    for (const path of ['/presence?topic=chat', '/topics/chat/presence', '/messages?topic=__presence/chat&wait=0']) {
      expect((await served.get(path)).status).toBe(401)
      expect((await served.get(path, { headers: { authorization: 'Bearer secret' } })).status).toBe(200)
    }
  })

  it('calls a reader by the subject of its token, and is for tokens that may read the topic', async () => {
    const secret = 'x'.repeat(32)
    await using served = await Served.start([...none, '--token-secret', secret])
    const bearer = async (subscribe: string[], subject: string) => ({
      authorization: `Bearer ${await mintToken({ secret, ttlSeconds: 60, subscribe, subject })}`,
    })
    const ann = { headers: await bearer(['chat'], 'user-1') }
    await served.get('/messages?topic=chat&presence=Ann&wait=0', ann)
    const { json } = await served.get('/presence?topic=chat', ann)
    expect(json.members).toMatchObject([{ name: 'user-1' }])
    expect((await served.get('/messages?topic=__presence/chat&wait=0', ann)).status).toBe(200)
    const bob = { headers: await bearer(['other'], 'user-2') }
    for (const path of ['/presence?topic=chat', '/messages?topic=__presence/chat&wait=0']) {
      expect((await served.get(path, bob)).json).toMatchObject({ code: 'ENCKE_ERR_RIGHT' })
    }
  })

  it('keeps no more names than it may', async () => {
    await using served = await Served.start([...none, '--max-presence', '2'])
    for (const name of ['ann', 'bob', 'cyd']) await served.get(`/messages?topic=chat&presence=${name}&wait=0`)
    expect((await present(served)).members.map(({ name }) => name)).toEqual(['ann', 'bob'])
  })
})
