import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Served } from '../http/served.ts'

describe('administration', () => {
  let served: Served

  beforeAll(async () => {
    served = await Served.start()
  })
  afterAll(() => served[Symbol.asyncDispose]())

  it.each(['/admin/statistics', '/admin/coroutines'])(
    '%s is for whoever has the token, on loopback too',
    async (path) => {
      const { status, headers, json } = await served.get(path)
      expect(status).toBe(401)
      expect(headers['www-authenticate']).toBe('Bearer')
      expect(json).toMatchObject({ code: 'ENCKE_ERR_ADMIN_TOKEN', message: expect.stringContaining('there is none') })
      const allowed = await served.administrate('GET', path)
      expect(allowed.status).toBe(200)
      expect(allowed.headers['cache-control']).toBe('no-store')
    },
  )

  it('counts what the server holds and has done', async () => {
    await served.publish('counted', 'four')
    const polled = served.get('/messages?topic=counted')
    await served.waiting(1)
    const { json } = await served.administrate('GET', '/admin/statistics')
    const count = expect.any(Number)
    expect(json).toEqual({
      runtime: { coroutines: count, runnable: count, parked: count, timers: count, resumes: count },
      hub: { topics: 1, waiting: 1, messages: 1, bytes: '"four"'.length, published: 1, delivered: 0 },
      http: { connections: count, requests: count },
    })
    expect(json.http.connections).toBeGreaterThanOrEqual(2)
    await served.publish('counted', 'next')
    await polled
    const after = (await served.administrate('GET', '/admin/statistics')).json
    expect(after.hub).toMatchObject({ waiting: 0, messages: 2, published: 2, delivered: 1 })
    expect(after.http.requests).toBe(json.http.requests + 2)
  })

  it('lists every coroutine, what it waits for and for whom', async () => {
    const polled = served.get('/messages?topic=listed')
    await served.waiting(1)
    const { json } = await served.administrate('GET', '/admin/coroutines')
    const waiting = json.coroutines.find(({ name }: { name: string }) => name.startsWith('GET /messages?topic=listed'))
    expect(waiting).toEqual({
      id: expect.any(Number),
      parent: null,
      name: expect.stringMatching(/ for 127\.0\.0\.1/),
      path: expect.any(String),
      status: 'parked',
      waitsFor: expect.stringMatching(/^select\{ news: news of listed \|.* quiet: after [\d.]+ s/),
      parkedMs: expect.any(Number),
    })
    expect(json.total).toBe(json.coroutines.length)
    await served.publish('listed', 1)
    await polled
  })

  it('lists no more coroutines than asked for, and says how many there are', async () => {
    const { json } = await served.administrate('GET', '/admin/coroutines?limit=1')
    expect(json.coroutines).toHaveLength(1)
    expect(json.total).toBe(served.app.scheduler.statistics().coroutines)
    const refused = await served.administrate('GET', '/admin/coroutines?limit=100001')
    expect(refused.json).toMatchObject({ code: 'ENCKE_ERR_LIMIT_VALUE', message: expect.stringContaining('"100001"') })
  })
})
