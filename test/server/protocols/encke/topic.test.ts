import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { completeConfig } from '../../../../server/config.ts'
import { Engine } from '../../../../server/engine.ts'
import { InProcess } from '../../../../server/in-process.ts'
import { Served } from '../../http/served.ts'

describe('what is told about a topic', () => {
  let served: Served

  beforeAll(async () => {
    served = await Served.start(['--history-messages', '2'])
  })
  afterAll(() => served[Symbol.asyncDispose]())

  it('before its first message: it is empty', async () => {
    const { status, headers, json } = await served.get('/topics/fresh')
    expect(status).toBe(200)
    expect(headers['cache-control']).toBe('no-store')
    expect(json).toEqual({
      topic: 'fresh',
      epoch: expect.stringMatching(/^[\w-]+$/),
      head: 0,
      oldest: 1,
      cursor: expect.stringMatching(/^[\w-]+$/),
      waiting: 0,
      contentType: null,
      closed: false,
    })
  })

  it('after some messages: the newest and the oldest kept', async () => {
    const { json: receipt } = await served.publish('used', 1)
    await served.publish('used', 2)
    await served.publish('used', 3)
    const { json } = await served.get('/topics/used')
    expect(json).toMatchObject({ epoch: receipt.epoch, head: 3, oldest: 2, waiting: 0 })
    expect(json).toMatchObject({ contentType: 'application/json', closed: false })
  })

  it('once it is closed, and holds something else', async () => {
    const creation = { contentType: 'text/plain', lifetime: null, messages: [], isClosed: true }
    await served.app.scheduler.run(function* () {
      yield* served.app.broker.create('closed', creation)
    }).promise
    expect((await served.get('/topics/closed')).json).toMatchObject({
      head: 0,
      contentType: 'text/plain',
      closed: true,
    })
  })

  it('once it was removed while forks of it are left: as before its first message', async () => {
    const json = { 'content-type': 'application/json' }
    await served.send('PUT', '/v1/stream/source', { headers: json, body: '[1,2]' })
    await served.send('PUT', '/v1/stream/fork', { headers: { ...json, 'stream-forked-from': '/v1/stream/source' } })
    expect((await served.send('DELETE', '/v1/stream/source')).status).toBe(204)
    const { json: standing } = await served.get('/topics/source')
    const { json: unborn } = await served.get('/topics/never-made')
    expect({ ...standing, topic: '', cursor: '' }).toEqual({ ...unborn, topic: '', cursor: '' })
    // A reader that begins with its cursor is where one without a cursor is: nothing was reset under it.
    const polled = (await served.get(`/messages?topic=source&wait=0&cursor=${standing.cursor}`)).json
    expect(polled.topics).toEqual({ source: { verdict: 'ok', missed: 0 } })
  })

  it('makes none of it: topics that nobody has published to push no other out and keep nobody away', async () => {
    await using small = await Served.start(['--max-topics', '2'])
    await small.publish('victim', 'kept?')
    for (let round = 0; round < 5; round += 1) {
      await small.post('/poll', { topics: [`unborn/${round}/a`, `unborn/${round}/b`, `unborn/${round}/c`], wait: 0 })
      await small.get(`/topics/unborn%2F${round}`)
    }
    expect((await small.publish('victim', 'again')).status).toBe(201)
    const { json } = await small.get('/messages?topic=victim&from=earliest&wait=0')
    expect(json.messages.map(({ data }: { data: string }) => data)).toEqual(['kept?', 'again'])
  })

  it('has a cursor from which exactly the messages after it are read', async () => {
    await served.publish('rendered', 'on the page')
    const { cursor } = (await served.get('/topics/rendered')).json
    await served.publish('rendered', 'after the page')
    const { json } = await served.get(`/messages?topic=rendered&wait=0&cursor=${cursor}`)
    expect(json.topics.rendered).toEqual({ verdict: 'ok', missed: 0 })
    expect(json.messages).toMatchObject([{ data: 'after the page' }])
  })

  it('counts who waits for it', async () => {
    const polls = [served.get('/messages?topic=popular'), served.get('/messages?topic=popular')]
    await served.waiting(2)
    expect((await served.get('/topics/popular')).json.waiting).toBe(2)
    expect((await served.get('/topics/unpopular')).json.waiting).toBe(0)
    await served.publish('popular', 1)
    await Promise.all(polls)
    expect((await served.get('/topics/popular')).json.waiting).toBe(0)
  })

  it('has %2F for the slash in the path', async () => {
    expect((await served.get('/topics/a%2Fb')).json).toMatchObject({ topic: 'a/b' })
  })

  it('answers HEAD without a body', async () => {
    const { status, text } = await served.send('HEAD', '/topics/fresh')
    expect({ status, text }).toEqual({ status: 200, text: '' })
  })
})

describe('a topic is removed', () => {
  const creation = { contentType: 'application/json', lifetime: null, messages: [], isClosed: false }
  let served: Served

  beforeAll(async () => {
    served = await Served.start()
  })
  afterAll(() => served[Symbol.asyncDispose]())

  function create(name: string, on = served) {
    return on.app.scheduler.run(() => on.app.hub.create(name, creation)).promise
  }

  it('by everybody, if it was created; its readers are told, and told again when it comes again', async () => {
    await create('made')
    const { cursor } = (await served.get('/topics/made')).json
    const waiting = served.get(`/messages?topic=made&cursor=${cursor}`)
    await served.waiting(1)
    const { status, text } = await served.send('DELETE', '/topics/made')
    expect({ status, text }).toEqual({ status: 204, text: '' })
    const { json } = await waiting
    expect(json).toMatchObject({ messages: [], topics: { made: { verdict: 'reset', missed: null, removed: true } } })
    const next = served.get(`/messages?topic=made&cursor=${json.cursor}`)
    await served.waiting(1)
    await served.publish('made', 'again')
    expect((await next).json).toMatchObject({
      messages: [{ offset: 1, data: 'again' }],
      topics: { made: { verdict: 'reset', missed: null } },
    })
  })

  it('only by the administrator, if it was born by a publish', async () => {
    await served.publish('born', 1)
    expect((await served.send('DELETE', '/topics/born')).json).toMatchObject({
      statusCode: 401,
      code: 'ENCKE_ERR_ADMIN_TOKEN',
    })
    expect((await served.administrate('DELETE', '/topics/born')).status).toBe(204)
    expect((await served.get('/topics/born')).json).toMatchObject({ epoch: '0', head: 0, contentType: null })
  })

  it('with the publish key or the admin token, where there is a key', async () => {
    await using locked = await Served.start(['--publish-key', 'pk', '--subscribe-key', 'sk'])
    await create('made', locked)
    const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } })
    expect((await locked.send('DELETE', '/topics/made', bearer('sk'))).json.code).toBe('ENCKE_ERR_PUBLISH_KEY')
    expect((await locked.send('DELETE', '/topics/made', bearer('pk'))).status).toBe(204)
    await create('made', locked)
    expect((await locked.administrate('DELETE', '/topics/made')).status).toBe(204)
    expect((await locked.send('DELETE', '/topics/made', bearer('pk'))).json.code).toBe('ENCKE_ERR_TOPIC_UNKNOWN')
  })

  it('once: there is nothing left of it, nor of one that its forks still need', async () => {
    expect((await served.send('DELETE', '/topics/nowhere')).json).toMatchObject({
      statusCode: 404,
      code: 'ENCKE_ERR_TOPIC_UNKNOWN',
    })
    await create('source')
    await served.app.scheduler.run(() => served.app.hub.fork('source', 'head', 'fork', {})).promise
    expect((await served.send('DELETE', '/topics/source')).status).toBe(204)
    expect((await served.send('DELETE', '/topics/source')).status).toBe(404)
  })
})

describe('a topic that is closed', () => {
  it('is told of in the poll that waited for it, and answers at once a poll of nothing else', async () => {
    await using served = await Served.start()
    const append = (data: string[], close: boolean) =>
      served.app.scheduler.run(() =>
        served.app.hub.append('a', { messages: data.map((text) => ({ data: text, bytes: text.length })), close }),
      ).promise
    await append(['1'], false)
    const waiting = served.get('/messages?topic=a&topic=b')
    await served.waiting(1)
    await append([], true)
    const { json } = await waiting
    expect(json).toMatchObject({ messages: [], topics: { a: { verdict: 'ok', missed: 0, closed: true } } })
    const next = await served.get(`/messages?topic=a&cursor=${json.cursor}`)
    expect(next.json).toMatchObject({ messages: [], topics: { a: { verdict: 'ok', missed: 0, closed: true } } })
  })

  it('ends a loop in the process that reads nothing else', async () => {
    const engine = await Engine.open(completeConfig({ broker: 'memory:' }), (error) =>
      expect.unreachable(String(error)),
    )
    const inProcess = new InProcess(engine)
    await inProcess.publish('a', 1)
    await engine.scheduler.run(() => engine.hub.append('a', { messages: [], close: true })).promise
    const seen: unknown[] = []
    for await (const delivery of inProcess.subscribe(['a'], { from: 'earliest' })) seen.push(delivery)
    expect(seen).toMatchObject([{ messages: [{ data: 1 }], topics: { a: { closed: true } } }])
    await engine.close()
  })
})
