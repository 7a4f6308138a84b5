import { describe, expect, it } from 'vitest'
import type { Operation } from '../../../runtime/index.ts'
import { Served } from '../http/served.ts'
import { makeLocal } from './make-local.ts'

describe('a broker with the topics in which a node tells about itself', () => {
  it('keeps them apart from the others, and does not count or list them', () => {
    const { local, others, run } = makeLocal()
    run(local.tell('__encke/samples', '{"n":1}'))
    run(local.append('news', { messages: [{ data: '1', bytes: 1 }] }))
    expect(others.statistics()).toMatchObject({ topics: 1, messages: 1 })
    expect(local.statistics()).toEqual(others.statistics())
    expect(run(local.list('', 10)).map(({ topic }) => topic)).toEqual(['news'])
    expect(run(local.inform('__encke/samples'))).toMatchObject({ head: 1 })
    expect(run(others.inform('__encke/samples'))).toBeNull()
    expect(run(local.history('__encke/samples', 1, { messages: 5, bytes: 100 })).messages).toHaveLength(1)
  })

  it('lets nobody else write to them, create, fork or remove them', () => {
    const { local, run } = makeLocal()
    const creation = { contentType: 'application/json', lifetime: null, messages: [], isClosed: false }
    const attempts: (() => Operation<unknown>)[] = [
      () => local.append('__encke/samples', { messages: [{ data: '1', bytes: 1 }] }),
      () => local.create('__encke/samples', creation),
      () => local.fork('news', 'head', '__encke/samples', {}),
      () => local.remove('__encke/samples'),
    ]
    for (const attempt of attempts) {
      expect(() => run(attempt())).toThrow(expect.objectContaining({ code: 'ENCKE_ERR_TOPIC_RESERVED' }))
    }
  })

  it('tells a follower of both kinds', () => {
    const { local, run, follower } = makeLocal()
    local.follow(['news', '__encke/samples'], follower)
    expect(follower.told.map(({ topic }) => topic).sort()).toEqual(['__encke/samples', 'news'])
    run(local.tell('__encke/samples', '1'))
    run(local.append('news', { messages: [{ data: '1', bytes: 1 }] }))
    expect(follower.told.slice(2)).toEqual([
      { topic: '__encke/samples', offset: 1 },
      { topic: 'news', offset: 1 },
    ])
    local.unfollow(['news', '__encke/samples'], follower)
    run(local.tell('__encke/samples', '2'))
    expect(follower.told).toHaveLength(4)
  })
})

describe('the topics in which a node tells about itself', () => {
  const own = '__encke/samples'
  const ask = (path: string, body?: object) => ({ path, body })
  const readings = [
    ask(`/messages?topic=${own}&wait=0`),
    ask(`/messages?topic=news&topic=${own}&wait=0`),
    ask(`/topics/${encodeURIComponent(own)}/messages?wait=0`),
    ask(`/topics/${encodeURIComponent(own)}`),
    ask('/poll', { topics: ['news', own], wait: 0 }),
  ]

  it.each(readings)('are for administrators, on an open server too: $path', async ({ path, body }) => {
    await using served = await Served.start()
    const headers = { authorization: `Bearer ${served.app.adminToken}` }
    const send = (given: Record<string, string>) =>
      body === undefined ? served.get(path, { headers: given }) : served.post(path, body, given)
    expect((await send({})).json).toMatchObject({ statusCode: 401, code: 'ENCKE_ERR_ADMIN_TOKEN' })
    expect((await send(headers)).status).toBe(200)
  })

  it('want no subscribe key beside the admin token, which reads nothing else', async () => {
    await using served = await Served.start(['--subscribe-key', 'secret'])
    expect((await served.administrate('GET', `/messages?topic=${own}&wait=0`)).status).toBe(200)
    const mixed = await served.administrate('GET', `/messages?topic=${own}&topic=news&wait=0`)
    expect(mixed.json).toMatchObject({ code: 'ENCKE_ERR_SUBSCRIBE_KEY' })
    const withKey = await served.get(`/messages?topic=${own}&wait=0`, { headers: { authorization: 'Bearer secret' } })
    expect(withKey.json).toMatchObject({ code: 'ENCKE_ERR_ADMIN_TOKEN' })
  })

  it('cannot be published to', async () => {
    await using served = await Served.start()
    const headers = { authorization: `Bearer ${served.app.adminToken}` }
    for (const given of [{}, headers]) {
      const { json } = await served.post(`/publish?topic=${own}`, '1', given)
      expect(json).toMatchObject({ statusCode: 403, code: 'ENCKE_ERR_TOPIC_RESERVED' })
    }
  })
})
