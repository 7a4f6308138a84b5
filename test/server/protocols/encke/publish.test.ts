import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Served } from '../../http/served.ts'

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

  describe('with an Idempotency-Key', () => {
    const publish = (topic: string, data: unknown, key: string, type = 'application/json') =>
      served.send('POST', `/publish?topic=${topic}`, {
        body: type === 'text/plain' ? `${data}` : JSON.stringify(data),
        headers: { 'content-type': type, 'idempotency-key': key },
      })

    it('happens once, however often it comes: the same answer, marked as replayed', async () => {
      const first = await publish('once', 1, 'key-1')
      await served.publish('once', 2)
      const again = await publish('once', 1, 'key-1')
      expect([first.status, again.status]).toEqual([201, 201])
      expect(again.json).toEqual({ ...first.json, replayed: true })
      expect((await served.get('/topics/once')).json.head).toBe(2)
    })

    it('happens once also when it comes ten times at the same time', async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => publish('at-once', 1, 'key-2')))
      expect(answers.filter(({ json }) => json.replayed !== true)).toHaveLength(1)
      expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1)
    })

    it('and another body is refused; in another topic the key is another', async () => {
      await publish('other-body', 1, 'key-3')
      expect(await publish('other-body', 2, 'key-3')).toMatchObject({
        status: 422,
        json: { code: 'ENCKE_ERR_KEY_REUSED' },
      })
      expect((await publish('other-topic', 2, 'key-3')).json.replayed).toBeUndefined()
    })

    it.each(['a b', 'é', 'x'.repeat(256), ''])('that is none is refused: %j', async (key) => {
      const { status, json } = await publish('bad-key', 1, Buffer.from(key).toString('latin1'))
      expect([status, json.code]).toEqual([400, 'ENCKE_ERR_KEY_VALUE'])
    })
  })

  describe('several messages', () => {
    const list = (...messages: unknown[]) => served.post('/publish', { messages })

    it('answers with their receipts, in order, and appends those of one topic together', async () => {
      const reading = served.get('/messages?topic=many/a')
      await served.waiting(1)
      const messages = [
        { topic: 'many/a', data: 1 },
        { topic: 'many/b', data: 2 },
        { topic: 'many/a', data: { three: 3 } },
      ]
      const { status, headers, json } = await list(...messages)
      expect([status, headers['cache-control']]).toEqual([201, 'no-store'])
      expect(json.receipts.map(({ topic, offset }: { topic: string; offset: number }) => [topic, offset])).toEqual([
        ['many/a', 1],
        ['many/b', 1],
        ['many/a', 2],
      ])
      expect(json.receipts[0]).toEqual({
        topic: 'many/a',
        epoch: expect.any(String),
        offset: 1,
        id: expect.any(String),
        time: expect.any(Number),
        waiting: 1,
      })
      expect((await reading).json.messages.map(({ data }: { data: unknown }) => data)).toEqual([1, { three: 3 }])
    })

    it('keeps the data of each as it was written', async () => {
      const data = [
        '12345678901234567890',
        '1e400',
        '{"b":1,"a":[ "]}\\\\\\"," ] , "1":2}',
        '"\\u00e9\\/"',
        '[]',
        'null',
        '-0.10',
      ]
      const body = ` { "messages" : [ ${data.map((text, index) => `{"data" :${text}, "topic":"exact/${index}" }`).join(' , ')} ] } `
      expect((await served.post('/publish', body)).status).toBe(201)
      for (const [index, text] of data.entries()) expect(await readBack(`exact/${index}`)).toContain(`"data":${text}}`)
    })

    it('says which topic failed, and fails as a whole when all did', async () => {
      const closed = { contentType: 'application/json', lifetime: null, messages: [], isClosed: true }
      await served.app.scheduler.run(function* () {
        yield* served.app.broker.create('many/closed', closed)
      }).promise
      const { status, json } = await list(
        { topic: 'many/open', data: 1 },
        { topic: 'many/closed', data: 1 },
        { topic: 'many/open', data: 2 },
      )
      expect(status).toBe(207)
      const error = expect.objectContaining({ statusCode: 409, code: 'ENCKE_ERR_TOPIC_CLOSED' })
      expect(json.receipts).toMatchObject([{ offset: 1 }, { topic: 'many/closed', error }, { offset: 2 }])
      const failed = await list({ topic: 'many/closed', data: 1 })
      expect([failed.status, failed.json.code]).toEqual([409, 'ENCKE_ERR_TOPIC_CLOSED'])
    })

    it('happens once with an Idempotency-Key', async () => {
      const body = {
        messages: [
          { topic: 'key/a', data: 1 },
          { topic: 'key/b', data: 2 },
        ],
      }
      const publish = () => served.post('/publish', body, { 'idempotency-key': 'many' })
      const [first, again] = [await publish(), await publish()]
      expect(again.json.receipts).toEqual(
        first.json.receipts.map((receipt: object) => ({ ...receipt, replayed: true })),
      )
      expect((await served.get('/topics/key%2Fa')).json.head).toBe(1)
    })

    it.each<[string, unknown, number, string]>([
      ['no list', { messages: 1 }, 400, 'VALIDATION'],
      ['an empty list', { messages: [] }, 400, 'VALIDATION'],
      ['a message that is no object', { messages: [1] }, 400, 'VALIDATION'],
      ['a message without data', { messages: [{ topic: 'a' }] }, 400, 'VALIDATION'],
      ['a message with something else', { messages: [{ topic: 'a', data: 1, id: 2 }] }, 400, 'VALIDATION'],
      ['something beside the list', { messages: [{ topic: 'a', data: 1 }], more: 1 }, 400, 'VALIDATION'],
      ['a topic that is no string', { messages: [{ topic: 1, data: 1 }] }, 400, 'TOPIC_NAME'],
      ['a bad topic', { messages: [{ topic: 'a//b', data: 1 }] }, 400, 'TOPIC_NAME'],
      ['no topic at all', { messages: [{ data: 1 }] }, 400, 'TOPIC_NAME'],
      ['no messages', { message: 1 }, 400, 'VALIDATION'],
      ['a body that is no object', 5, 400, 'TOPIC_MISSING'],
      [
        'more topics than a poll may name',
        { messages: Array.from({ length: 1_001 }, (_, index) => ({ topic: `many/${index}`, data: 1 })) },
        400,
        'TOPIC_COUNT',
      ],
      [
        'a message that is too large',
        { messages: [{ topic: 'a', data: 'x'.repeat(65_536) }] },
        413,
        'MESSAGE_TOO_LARGE',
      ],
    ])('is refused with %s, and nothing of it is published', async (_, body, status, code) => {
      const { published } = served.app.hub.statistics()
      const answer = await served.post('/publish', body)
      expect([answer.status, answer.json.code]).toEqual([status, `ENCKE_ERR_${code}`])
      expect(served.app.hub.statistics().published).toBe(published)
    })

    it.each([
      '{"messages"',
      '{"messages":[',
      '{"messages":[{"topic":"a","data":"x',
      '{"messages":[{"topic":"a","data":1]}',
      '{"messages":[{"topic":"a","data":1}}',
      '{"messages":[{"topic":"a","data":1}]',
      '{"messages":[{"topic":"a","data":1} {"topic":"a","data":1}]}',
      '{"messages":[{"topic":"a","data":1}],}',
      '{"messages":[{"topic":"a","data":1}]}]',
      '{"messages":[{"topic":"a","data":[}]}',
      '{"messages":[{"topic":"a","data":01}]}',
      '{"messages":[{"topic":"a" "data":1}]}',
      '{"messages":[{"topic","data":1}]}',
      '{"messages":[{"topic":"\\',
      '{"messages":[{"topic":"\\q","data":1}]}',
      '{',
      '',
    ])('are refused when they are no JSON, and nothing of it is published: %s', async (body) => {
      const { published } = served.app.hub.statistics()
      const answer = await served.post('/publish', body)
      expect([answer.status, answer.json.code]).toEqual([400, `ENCKE_ERR_BODY_${body === '' ? 'MISSING' : 'JSON'}`])
      expect(served.app.hub.statistics().published).toBe(published)
    })

    it('may be longer together than one message may be, up to --append-bytes', async () => {
      await using small = await Served.start(['--message-bytes', '100', '--append-bytes', '1000'])
      const messages = Array.from({ length: 9 }, () => ({ topic: 'a', data: 'x'.repeat(50) }))
      expect((await small.post('/publish', { messages })).status).toBe(201)
      const long = await small.post('/publish', { messages: [...messages, ...messages] })
      expect([long.status, long.json.code]).toEqual([413, 'ENCKE_ERR_BODY_TOO_LARGE'])
      const one = await small.post('/publish?topic=a', 'x'.repeat(200))
      expect([one.status, one.json.code]).toEqual([413, 'ENCKE_ERR_MESSAGE_TOO_LARGE'])
    })
  })
})
