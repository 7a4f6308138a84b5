import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Served, until } from '../http/served.ts'

const json = { 'content-type': 'application/json' }

describe('what an operator does', () => {
  let served: Served

  beforeAll(async () => {
    served = await Served.start(['--client-limits', 'off'])
  })
  afterAll(() => served[Symbol.asyncDispose]())

  it.each([
    ['GET', '/admin/topics'],
    ['POST', '/admin/drain'],
    ['GET', '/admin/log-level'],
    ['POST', '/admin/log-level'],
    ['POST', '/admin/benchmarks/cancel'],
  ])('is for administrators: %s %s', async (method, path) => {
    const { status, json } = await served.send(method, path)
    expect([status, json.code]).toEqual([401, 'ENCKE_ERR_ADMIN_TOKEN'])
  })

  it('lists the topics page by page, each once, in the order of their names', async () => {
    const names = ['b', 'a/2', 'a', 'c.d', 'a/10', 'B']
    for (const name of names) await served.publish(name, 1)
    await served.publish('a', 2)
    const pages: string[][] = []
    let next: string | null = ''
    while (next !== null) {
      const { status, json, headers } = await served.administrate(
        'GET',
        `/admin/topics?limit=4&after=${encodeURIComponent(next)}`,
      )
      expect([status, headers['cache-control']]).toEqual([200, 'no-store'])
      pages.push(json.topics.map(({ topic }: { topic: string }) => topic))
      next = json.next
    }
    expect(pages).toEqual([
      ['B', 'a', 'a/10', 'a/2'],
      ['b', 'c.d'],
    ])
  })

  it('says of each topic where it stands and how many wait for it', async () => {
    const waiting = served.get('/messages?topic=watched')
    await served.publish('other', 1)
    await served.waiting(1)
    await served.publish('watched', 1)
    await waiting
    const again = served.get('/messages?topic=watched')
    await served.waiting(1)
    const { json } = await served.administrate('GET', '/admin/topics?limit=1000')
    expect(json.topics.find(({ topic }: { topic: string }) => topic === 'watched')).toEqual({
      topic: 'watched',
      epoch: expect.any(String),
      head: 1,
      oldest: 1,
      contentType: 'application/json',
      retention: 'bounded',
      closed: false,
      waiting: 1,
    })
    expect(json.next).toBe(null)
    await served.publish('watched', 2)
    await again
  })

  it.each(['limit=0', 'limit=1001', 'limit=x', 'page=2'])('refuses pages that there are none of: %s', async (query) => {
    expect((await served.administrate('GET', `/admin/topics?${query}`)).status).toBe(400)
  })

  it('changes what is logged, at once', async () => {
    const level = async () => (await served.administrate('GET', '/admin/log-level')).json
    expect(await level()).toEqual({ level: 'silent' })
    const change = (body: string) => served.administrate('POST', '/admin/log-level', { body, headers: json })
    expect((await change('{"level":"fatal"}')).json).toEqual({ level: 'fatal' })
    expect(await level()).toEqual({ level: 'fatal' })
    expect(served.app.http.log.level).toBe('fatal')
    for (const wrong of ['{"level":"loud"}', '{}', '[]']) {
      expect([wrong, (await change(wrong)).json.code]).toEqual([wrong, 'ENCKE_ERR_VALIDATION'])
    }
    expect((await served.administrate('POST', '/admin/log-level')).json.code).toBe('ENCKE_ERR_BODY_MISSING')
    expect((await change('{"level":"silent"}')).json).toEqual({ level: 'silent' })
  })

  it('ends the benchmark that runs, with or without events, and says when none does', async () => {
    const cancel = (question = {}) => served.administrate('POST', '/admin/benchmarks/cancel', question)
    expect((await cancel()).json).toEqual({ cancelled: false })
    const idle = served.app.scheduler.statistics().coroutines
    for (const accept of ['application/json', 'text/event-stream']) {
      const body = '{"players":10,"turns":10000000}'
      const running = served.administrate('POST', '/admin/benchmarks/hackysack', { body, headers: { ...json, accept } })
      await until(() => served.app.scheduler.statistics().coroutines > idle + 1)
      expect((await cancel({ body: '{}', headers: json })).json).toEqual({ cancelled: true })
      expect((await running).text).toContain('ENCKE_ERR_BENCHMARK_CANCELLED')
      await until(() => served.app.scheduler.statistics().coroutines === idle)
    }
    expect((await cancel()).json).toEqual({ cancelled: false })
  })
})

describe('an operator who drains', () => {
  it('sends away who waits, and the server stays and says that it is not ready', async () => {
    await using served = await Served.start(['--drain-pause-ms', '0', '--drain-ms', '20'])
    const waiting = served.get('/messages?topic=a')
    await served.waiting(1)
    const drain = () => served.administrate('POST', '/admin/drain')
    expect(await drain()).toMatchObject({ status: 200, json: { draining: true, waiting: 1 } })
    expect((await waiting).json).toMatchObject({ messages: [], retryAfterMs: expect.any(Number) })
    expect((await served.get('/readyz')).json).toMatchObject({ code: 'ENCKE_ERR_SERVER_DRAINING' })
    expect((await served.get('/messages?topic=a')).json).toMatchObject({ retryAfterMs: expect.any(Number) })
    expect((await served.publish('a', 1)).status).toBe(201)
    expect(await drain()).toMatchObject({ status: 200, json: { draining: true, waiting: 0 } })
  })
})
