import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Served } from '../http/served.ts'

describe('the Host', () => {
  let served: Served

  beforeAll(async () => {
    served = await Served.start(['--public-hosts', 'chat.example.com,encke.internal', '--client-limits', 'off'])
  })
  afterAll(() => served[Symbol.asyncDispose]())

  it.each([
    'localhost',
    'localhost:8080',
    'LOCALHOST',
    'localhost.',
    'chat.localhost:80',
    '127.0.0.1',
    '127.0.0.1:8080',
    '192.168.1.20:8080',
    '[::1]',
    '[::1]:8080',
    '[fe80::1%25eth0]:80',
    'chat.example.com',
    'Chat.Example.Com:443',
    'encke.internal:8080',
  ])('may be a loopback name, an address or a public host: %s', async (host) => {
    expect((await served.get('/healthz', { headers: { host } })).status).toBe(200)
  })

  it.each([
    'rebinding.example',
    'rebinding.example:8080',
    'example.com',
    'evil.chat.example.com',
    'chat.example.com.evil.example',
    'localhost.evil.example',
    'notlocalhost',
    '127.0.0.1.evil.example',
    '127.0.0.1.nip.io',
    '0x7f000001',
    '2130706433',
    '[::1].evil.example',
    'user@localhost',
    'localhost, rebinding.example',
  ])('is refused otherwise, whatever is asked for: %s', async (host) => {
    for (const path of ['/', '/healthz', '/messages?topic=a&wait=0', '/admin/statistics', '/nowhere']) {
      const { status, json } = await served.get(path, { headers: { host } })
      expect({ path, status, code: json.code }).toEqual({ path, status: 421, code: 'ENCKE_ERR_HOST' })
      expect(json.message).toContain(`--public-hosts if it should (got "${host}"`)
    }
  })

  it.each([
    ['a second header', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: rebinding.example\r\n\r\n'],
    ['an absolute target', 'GET http://rebinding.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ])('is one: not also that of %s', async (_, bytes) => {
    using wire = await served.wire()
    const { json } = await (await wire.write(bytes)).reply()
    expect(json).toMatchObject({
      code: 'ENCKE_ERR_REQUEST_MALFORMED',
      message: expect.stringContaining('rebinding.example'),
    })
  })

  it.each([
    ['http://localhost:80/healthz', 'localhost:80'],
    ['http://localhost/healthz', 'localhost:80'],
    ['http://localhost:80/healthz', 'localhost'],
    ['http://LOCALHOST/healthz', 'localhost'],
    ['http://localhost/healthz', 'LOCALHOST'],
    ['http://localhost./healthz', 'localhost'],
    ['http://localhost:8080/healthz', 'localhost:8080'],
    ['https://chat.example.com/healthz', 'chat.example.com:443'],
    ['https://chat.example.com:443/healthz', 'chat.example.com'],
    ['http://[::1]:80/healthz', '[::1]'],
    ['http://[0:0:0:0:0:0:0:1]/healthz', '[::1]:80'],
    ['HTTP://localhost/healthz', 'localhost'],
  ])('is one however it is written: %s to %s', async (target, host) => {
    using wire = await served.wire()
    await wire.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    expect((await wire.reply()).json).toEqual({ status: 'ok' })
  })

  it.each([
    ['http://localhost:81/healthz', 'localhost'],
    ['https://localhost:80/healthz', 'localhost'],
    ['http://localhost/healthz', 'localhost:443'],
    ['http://127.0.0.1/healthz', 'localhost'],
    ['http://evil.example/healthz', 'evil.example/.localhost'],
    ['http://[::2]/healthz', '[::1]'],
  ])('is not one: %s to %s', async (target, host) => {
    using wire = await served.wire()
    await wire.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    expect((await wire.reply()).json).toMatchObject({ code: 'ENCKE_ERR_REQUEST_MALFORMED' })
  })

  it('must be given, except in HTTP/1.0, which has none', async () => {
    const modern = await (await served.wire()).write('GET /healthz HTTP/1.1\r\n\r\n')
    expect((await modern.reply()).json).toMatchObject({
      code: 'ENCKE_ERR_REQUEST_MALFORMED',
      message: 'a request of HTTP/1.1 has a Host header (got none)',
    })
    const old = await (await served.wire()).write('GET /healthz HTTP/1.0\r\n\r\n')
    expect((await old.reply()).json).toEqual({ status: 'ok' })
  })
})

describe('the Origin', () => {
  let served: Served
  const friend = 'https://chat.example.com'

  beforeAll(async () => {
    served = await Served.start(['--origins', friend, '--client-limits', 'off'])
  })
  afterAll(() => served[Symbol.asyncDispose]())

  const publish = (origin: string, headers = {}) => served.post('/publish?topic=a', '1', { origin, ...headers })

  it('may be our own, as the browser sees it, also behind TLS', async () => {
    expect((await publish(served.origin)).status).toBe(201)
    expect((await publish('http://localhost:8080', { host: 'localhost:8080' })).status).toBe(201)
    expect((await publish('https://localhost', { host: 'localhost' })).status).toBe(201)
    expect((await publish('http://localhost', { host: 'LOCALHOST:80' })).status).toBe(201)
    expect((await publish('https://localhost', { host: 'localhost.:443' })).status).toBe(201)
    expect((await publish('https://localhost', { host: 'localhost:80' })).status).toBe(403)
    expect((await publish('http://evil.example', { host: 'evil.example/.localhost' })).status).toBe(403)
  })

  it('may be one that was configured, which then can read the answer, errors and Retry-After too', async () => {
    const published = await publish(friend)
    expect(published.status).toBe(201)
    const refused = await served.post('/publish?topic=a', '{', { origin: friend })
    expect(refused.status).toBe(400)
    for (const { headers } of [published, refused]) {
      expect(headers).toMatchObject({
        'access-control-allow-origin': friend,
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': 'Retry-After',
      })
      expect(headers['vary']).toContain('Origin')
    }
  })

  it.each([
    'https://evil.example',
    'http://chat.example.com',
    'https://chat.example.com:8443',
    'https://chat.example.com.evil.example',
    'http://localhost:1',
    'null',
    '',
  ])('must be no other for a change: %s', async (origin) => {
    const before = await served.holdingsAtRest()
    for (const path of ['/publish?topic=a', '/topics/a/messages', '/poll', '/admin/benchmarks/chain']) {
      const { status, headers, json } = await served.post(path, '1', { origin })
      expect({ path, status, code: json.code }).toEqual({ path, status: 403, code: 'ENCKE_ERR_ORIGIN' })
      expect(json.message).toContain(`(got "${origin}")`)
      expect(headers).not.toHaveProperty('access-control-allow-origin')
    }
    await served.untilHolding(before)
  })

  it('is looked at before the body is read', async () => {
    const wire = await served.wire()
    await wire.write(
      'POST /publish?topic=a HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n' +
        'Content-Type: application/json\r\nContent-Length: 10\r\n\r\n',
    )
    expect((await wire.reply()).json).toMatchObject({ code: 'ENCKE_ERR_ORIGIN' })
  })

  it('does not matter for reading, but the page of a stranger cannot see the answer', async () => {
    const { status, headers } = await served.get('/messages?topic=a&wait=0', {
      headers: { origin: 'https://evil.example' },
    })
    expect(status).toBe(200)
    expect(headers).not.toHaveProperty('access-control-allow-origin')
  })

  it('is answered before a change with what the browser wants to know', async () => {
    const ask = (origin: string, path = '/publish?topic=a') =>
      served.send('OPTIONS', path, {
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
      })
    expect(await ask(friend)).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': friend,
        'access-control-allow-methods': expect.stringContaining('POST'),
        'access-control-allow-headers': 'content-type',
        'access-control-max-age': '86400',
      },
    })
    expect((await ask('https://evil.example')).headers).not.toHaveProperty('access-control-allow-origin')
    expect((await served.send('OPTIONS', '/poll')).status).toBe(204)
  })

  it('leaves what is not found not found', async () => {
    expect((await served.get('/nowhere')).json).toMatchObject({ code: 'ENCKE_ERR_NOT_FOUND' })
    expect((await served.send('DELETE', '/poll')).headers['allow']).toBe('POST')
  })

  it('has no headers of its own where none is configured', async () => {
    await using plain = await Served.start()
    const { headers } = await plain.get('/messages?topic=a&wait=0', { headers: { origin: friend } })
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    expect((await plain.post('/publish?topic=a', '1', { origin: friend })).status).toBe(403)
  })
})
