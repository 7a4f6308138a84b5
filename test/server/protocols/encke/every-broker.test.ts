// What readers are promised on every broker alike: superseding, from=latest, and who is here.

import { describe, expect, it } from 'vitest'
import { Folder } from '../../brokers/make-sqlite.ts'
import { RedisServer, redisIsMissing } from '../../brokers/redis-server.ts'
import { Served } from '../../http/served.ts'

const kinds = ['memory', 'sqlite', ...(redisIsMissing === undefined ? ['redis'] : [])]

const patience = { timeout: 15_000, interval: 20 }

/** A server on a broker of this kind; dispose what it gives, and both are gone. */
async function serve(kind: string, resources: AsyncDisposableStack, ...flags: string[]): Promise<Served> {
  let broker = 'memory:'
  if (kind === 'sqlite') broker = `sqlite:${resources.use(new Folder()).file()}`
  if (kind === 'redis') broker = resources.use(await RedisServer.start()).url
  return resources.use(await Served.start(['--client-limits', 'off', '--broker', broker, ...flags]))
}

describe.each(kinds)('a reader on %s', { timeout: 40_000 }, (kind) => {
  it('that asks again is answered by the newer poll alone', async () => {
    await using resources = new AsyncDisposableStack()
    const served = await serve(kind, resources)
    const older = served.get('/messages?topic=a&client=page')
    await served.waiting(1)
    const newer = served.get('/messages?topic=a&client=page')
    expect((await older).json).toMatchObject({ messages: [], superseded: true })
    await served.waiting(1)
    await served.publish('a', 1)
    expect((await newer).json).toMatchObject({ messages: [{ data: 1 }] })
    expect((await newer).json).not.toHaveProperty('superseded')
  })

  it('that begins at the latest gets the newest message of each topic, and then what comes', async () => {
    await using resources = new AsyncDisposableStack()
    const served = await serve(kind, resources)
    for (const data of [1, 2, 3]) await served.publish('a', data)
    await served.publish('b', 'alone')
    // What a node has published itself it may hear of later than its publisher: it waits for it.
    const path = '/messages?topic=a&topic=b&topic=unborn&wait=20'
    const read = async (rest: string, count: number) => {
      const data: unknown[] = []
      for (let query = rest; ; ) {
        const { messages, topics, cursor } = (await served.get(path + query)).json
        data.push(...messages.map((message: { data: unknown }) => message.data))
        expect(topics.a).toEqual({ verdict: 'ok', missed: 0 })
        query = `&cursor=${cursor}`
        if (data.length >= count) return { data: data.sort(), query }
      }
    }
    const first = await read('&from=latest', 2)
    expect(first.data).toEqual([3, 'alone'])
    for (const [topic, data] of [
      ['a', 4],
      ['unborn', 'first'],
    ] as const)
      await served.publish(topic, data)
    expect((await read(first.query, 2)).data).toEqual([4, 'first'])
  })

  it('is counted as one, by a poll that repeats and when it goes', async () => {
    await using resources = new AsyncDisposableStack()
    const served = await serve(kind, resources, '--presence-lease-seconds', '1')
    const names = async () => {
      const { members, anonymous } = (await served.get('/presence?topic=a')).json
      return [...members.map(({ name }: { name: string }) => name), anonymous]
    }
    const one = served.get('/messages?topic=a&presence=ann&client=one')
    const other = served.get('/messages?topic=a&presence=ann&client=other')
    const nobody = served.get('/messages?topic=a')
    await served.waiting(3)
    expect((await names()).toSorted()).toEqual([1, 'ann', 'ann (2)'])
    await served.publish('a', 1)
    const [{ json }] = await Promise.all([one, other, nobody])
    const stop = new AbortController()
    const again = served
      .get(`/messages?topic=a&presence=ann&client=one&cursor=${json.cursor}`, { signal: stop.signal })
      .catch(() => {})
    await expect.poll(names, patience).toEqual([expect.stringMatching(/^ann/), 0])
    stop.abort()
    await again
    await expect.poll(names, patience).toEqual([0])
    const { messages } = (await served.get('/messages?topic=__presence/a&from=earliest&wait=0')).json
    const told = messages.map(({ data }: { data: { name: string; event: string } }) => `${data.name} ${data.event}`)
    expect(told.toSorted()).toEqual(['ann (2) expired', 'ann (2) join', 'ann expired', 'ann join'])
  })
})
