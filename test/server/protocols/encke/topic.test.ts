import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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
