import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Served } from './served.ts'

describe('publishing', () => {
  let served: Served

  beforeAll(async () => {
    served = await Served.start()
  })
  afterAll(() => served[Symbol.asyncDispose]())

  async function readBack(topic: string): Promise<string> {
    return (await served.get(`/messages?topic=${topic}&from=earliest&wait=0`)).text
  }

  it('answers with what the message became', async () => {
    const before = Date.now()
    const { status, headers, json } = await served.publish('receipt', { a: 1 })
    expect(status).toBe(201)
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-type': expect.stringMatching(/^application\/json/),
    })
    expect(json).toEqual({
      topic: 'receipt',
      epoch: expect.stringMatching(/^[\w-]{11,}$/),
      offset: 1,
      id: expect.stringMatching(/^[\w-]{16}$/),
      time: expect.any(Number),
      waiting: 0,
    })
    expect(json.time).toBeGreaterThanOrEqual(before)
    expect(json.time).toBeLessThanOrEqual(Date.now())
  })

  it('counts offsets up in one epoch, and gives each message an id of its own', async () => {
    const receipts = [1, 2, 3].map(() => served.publish('count', 'same'))
    const bodies = (await Promise.all(receipts)).map(({ json }) => json)
    expect(bodies.map(({ offset }) => offset).sort()).toEqual([1, 2, 3])
    expect(new Set(bodies.map(({ id }) => id)).size).toBe(3)
    expect(new Set(bodies.map(({ epoch }) => epoch)).size).toBe(1)
  })

  it('takes the topic from the path, where its slash is written %2F, or from the query', async () => {
    const inPath = await served.post('/topics/twin%2Fa/messages', '1')
    const inQuery = await served.post('/publish?topic=twin/a', '2')
    expect(inPath.json).toMatchObject({ topic: 'twin/a', offset: 1 })
    expect(inQuery.json).toMatchObject({ topic: 'twin/a', offset: 2, epoch: inPath.json.epoch })
  })

  it('makes a JSON string of plain text', async () => {
    const body = 'line 1\n"line" 2 \u2028 \\ 🦉'
    const { status } = await served.send('POST', '/publish?topic=text', {
      body,
      headers: { 'content-type': 'text/plain' },
    })
    expect(status).toBe(201)
    expect(JSON.parse(await readBack('text')).messages).toMatchObject([{ data: body }])
  })

  it('takes any JSON value', async () => {
    for (const data of [null, true, 0, '', [], {}]) expect((await served.publish('any', data)).status).toBe(201)
    const { messages } = JSON.parse(await readBack('any'))
    expect(messages.map(({ data }: { data: unknown }) => data)).toEqual([null, true, 0, '', [], {}])
  })

  it('passes JSON on as it was written, without the white space around it', async () => {
    await served.post('/publish?topic=verbatim', ' \n {"n": 1.0,  "n": 1e2} \t')
    expect(await readBack('verbatim')).toContain('"data":{"n": 1.0,  "n": 1e2}}')
  })

  it('tells how many were waiting, and they get the message', async () => {
    const polls = [served.get('/messages?topic=awaited'), served.get('/messages?topic=other&topic=awaited')]
    await served.waiting(2)
    expect((await served.publish('awaited', 'at last')).json.waiting).toBe(2)
    for (const { json } of await Promise.all(polls)) {
      expect(json.messages).toMatchObject([{ topic: 'awaited', data: 'at last' }])
    }
  })

  it.each([
    ['exactly', 65_536, 201],
    ['one byte more than', 65_537, 413],
  ])('takes a message of up to 64 KiB: %s that is answered', async (_what, bytes, status) => {
    const body = `"${'x'.repeat(bytes - 2)}"`
    expect((await served.post('/publish?topic=large', body)).status).toBe(status)
  })
})
