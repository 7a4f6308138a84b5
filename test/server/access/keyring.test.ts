import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Answer } from '../http/served.ts'
import { Served } from '../http/served.ts'

const keys = { publish: 'p u/b=l;ish%', subscribe: 'sub scribe', admin: 'adm1n' }
const json = { 'content-type': 'application/json' }

describe('keys', () => {
  let served: Served

  beforeAll(async () => {
    const flags = ['--publish-key', keys.publish, '--subscribe-key', keys.subscribe, '--admin-token', keys.admin]
    served = await Served.start([...flags, '--client-limits', 'off'])
  })
  afterAll(() => served[Symbol.asyncDispose]())

  type Ask = (headers: Record<string, string>) => Promise<Answer>
  const publishing: Record<string, Ask> = {
    'POST /publish': (headers) => served.post('/publish?topic=a', '1', headers),
    'POST /topics/a/messages': (headers) => served.post('/topics/a/messages', '1', headers),
  }
  const reading: Record<string, Ask> = {
    'GET /messages': (headers) => served.get('/messages?topic=a&wait=0', { headers }),
    'GET /topics/a/messages': (headers) => served.get('/topics/a/messages?wait=0', { headers }),
    'GET /topics/a': (headers) => served.get('/topics/a', { headers }),
    'POST /poll': (headers) => served.post('/poll', '{"topics":["a"],"wait":0}', headers),
  }
  const administrating: Record<string, Ask> = {
    'GET /admin/statistics': (headers) => served.get('/admin/statistics', { headers }),
    'GET /admin/coroutines': (headers) => served.get('/admin/coroutines', { headers }),
    'POST /admin/benchmarks/chain': (headers) => served.post('/admin/benchmarks/chain', '{"n":1}', headers),
  }

  const rooms = [
    { key: keys.publish, cookie: 'encke_publish_key', code: 'ENCKE_ERR_PUBLISH_KEY', routes: publishing },
    { key: keys.subscribe, cookie: 'encke_subscribe_key', code: 'ENCKE_ERR_SUBSCRIBE_KEY', routes: reading },
    { key: keys.admin, cookie: null, code: 'ENCKE_ERR_ADMIN_TOKEN', routes: administrating },
  ]
  const doors = rooms.flatMap(({ routes, ...room }) =>
    Object.entries(routes).map(([route, ask]) => ({ ...room, route, ask })),
  )

  it.each(doors)('$route opens with its key as a bearer token', async ({ key, ask }) => {
    expect((await ask({ authorization: `Bearer ${key}` })).status).toBeLessThan(300)
    expect((await ask({ authorization: `bearer  ${key}` })).status).toBeLessThan(300)
  })

  it.each(doors)('$route stays shut without it, and says what to send', async ({ code, ask, key }) => {
    const others = rooms.map((room) => room.key).filter((other) => other !== key)
    const wrong = ['', 'Bearer', 'Bearer ', `Basic ${key}`, key, `Bearer ${key}x`, `Bearer ${key.slice(1)}`]
    for (const authorization of [...wrong, ...others.map((other) => `Bearer ${other}`)]) {
      const { status, headers, json } = await ask(authorization === '' ? {} : { authorization })
      expect({ authorization, status, code: json.code }).toEqual({ authorization, status: 401, code })
      expect(headers['www-authenticate']).toBe('Bearer')
      expect(json.message).toMatch(/^send the (publish key|subscribe key|admin token) as "Authorization: Bearer …"/)
      expect(json.message).not.toContain(key)
    }
  })

  it.each(doors.filter(({ cookie }) => cookie !== null))(
    '$route opens with its cookie',
    async ({ key, cookie, ask }) => {
      const value = encodeURIComponent(key)
      expect((await ask({ cookie: `a=b; ${cookie}=${value}; c=d` })).status).toBeLessThan(300)
      expect((await ask({ cookie: `${cookie}=${value}x` })).status).toBe(401)
      expect((await ask({ cookie: `not_${cookie}=${value}` })).status).toBe(401)
      expect((await ask({ cookie: `${cookie}` })).status).toBe(401)
      expect((await ask({ cookie: `${cookie}=%zz` })).status).toBe(401)
    },
  )

  it.each(doors.filter(({ cookie }) => cookie !== null))(
    '$route opens with any of several cookies of its name, however it is quoted',
    async ({ key, cookie, ask }) => {
      const right = `${cookie}=${encodeURIComponent(key)}`
      const wrong = `${cookie}=of-another-path`
      expect((await ask({ cookie: `${wrong}; ${right}` })).status).toBeLessThan(300)
      expect((await ask({ cookie: `${right};${wrong};${wrong}` })).status).toBeLessThan(300)
      expect((await ask({ cookie: ` ${cookie} = "${encodeURIComponent(key)}" ;${wrong}` })).status).toBeLessThan(300)
      expect((await ask({ cookie: `${wrong}; ${wrong}` })).status).toBe(401)
      expect((await ask({ cookie: `${cookie?.toUpperCase()}=${encodeURIComponent(key)}` })).status).toBe(401)
      expect((await ask({ cookie: `${`${wrong};`.repeat(16)}${right}` })).status).toBe(401)
    },
  )

  it('administration takes no cookie', async () => {
    expect(
      (await served.get('/admin/statistics', { headers: { cookie: `encke_admin_token=${keys.admin}` } })).status,
    ).toBe(401)
  })

  it('are looked at before the body is read', async () => {
    const wire = await served.wire()
    await wire.write(
      'POST /publish?topic=a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n',
    )
    expect((await wire.reply()).json.code).toBe('ENCKE_ERR_PUBLISH_KEY')
  })

  it('tell nothing about what is behind them', async () => {
    expect((await served.send('POST', '/publish', { headers: json, body: '{' })).json.code).toBe(
      'ENCKE_ERR_PUBLISH_KEY',
    )
    expect((await served.get('/messages?wait=-1')).json.code).toBe('ENCKE_ERR_SUBSCRIBE_KEY')
    expect((await served.get('/admin/coroutines?limit=0')).json.code).toBe('ENCKE_ERR_ADMIN_TOKEN')
  })

  it('cannot be guessed faster than a client may ask', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    await using limited = await Served.start(['--requests-per-second', '2'])
    const guess = () => limited.get('/admin/statistics', { headers: { authorization: 'Bearer guess' } })
    expect([await guess(), await guess(), await guess()].map(({ status }) => status)).toEqual([401, 401, 429])
    vi.useRealTimers()
  })

  it('are not wanted where none is set, except by administration', async () => {
    await using open = await Served.start()
    expect((await open.publish('a', 1)).status).toBe(201)
    expect((await open.get('/messages?topic=a&wait=0')).status).toBe(200)
    expect((await open.get('/admin/statistics')).status).toBe(401)
    expect((await open.administrate('GET', '/admin/statistics')).status).toBe(200)
  })
})
