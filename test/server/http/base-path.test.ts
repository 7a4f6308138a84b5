// A server below a path of a site.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { belowBasePath } from '../../../server/http/base-path.ts'
import { Served } from './served.ts'

let server: Served

beforeEach(async () => {
  server = await Served.start(['--base-path', '/push', '--admin-token', 't', '--origins', 'https://a.example'])
})

afterEach(() => server[Symbol.asyncDispose]())

describe('below a base path', () => {
  it('streams are named as clients know them: where they were made, and what they are forked from', async () => {
    const headers = { 'content-type': 'application/json' }
    const made = await server.send('PUT', '/push/v1/stream/a/b', { headers, body: '[1]' })
    expect([made.status, made.headers.location]).toEqual([201, `${server.origin}/push/v1/stream/a/b`])
    for (const source of ['/push/v1/stream/a/b', made.headers.location as string]) {
      const from = { ...headers, 'stream-forked-from': source }
      expect((await server.send('PUT', '/push/v1/stream/fork', { headers: from })).status).toBeLessThan(300)
    }
    expect((await server.get('/push/v1/stream/fork')).json).toEqual([1])
    const elsewhere = { ...headers, 'stream-forked-from': '/v1/stream/a/b' }
    const { status, json } = await server.send('PUT', '/push/v1/stream/other', { headers: elsewhere })
    expect(status).toBe(400)
    expect(json.message).toBe('Stream-Forked-From must be the path of a stream, such as /push/v1/stream/name')
  })

  it('every route and page is there, and nowhere else', async () => {
    expect((await server.post('/push/publish?topic=a', 1)).status).toBe(201)
    expect((await server.get('/push/messages?topic=a&from=earliest&wait=0')).json.messages).toHaveLength(1)
    const headers = { authorization: 'Bearer t' }
    for (const path of ['/', '/client.js', '/healthz', '/metrics', '/openapi.json', '/topics/a', '/admin/statistics']) {
      expect({ path, status: (await server.get(`/push${path}`, { headers })).status }).toEqual({ path, status: 200 })
      expect({ path, status: (await server.get(path, { headers })).status }).toEqual({ path, status: 404 })
    }
    for (const path of [
      '/pushed/healthz',
      '/pus',
      '/push/push/healthz',
      '/%70ush/healthz',
      '/.outside-of-the-base-path',
    ]) {
      expect({ path, status: (await server.get(path)).status }).toEqual({ path, status: 404 })
    }
  })

  it('errors name the path that was asked for, and wrong methods are answered as everywhere', async () => {
    expect((await server.get('/elsewhere')).json.message).toContain('there is nothing at GET "/elsewhere"')
    expect((await server.send('PUT', '/push/healthz')).json.code).toBe('ENCKE_ERR_METHOD')
    const other = await server.get('/push/%zz', { headers: { origin: 'https://a.example' } })
    expect(other.headers['access-control-allow-origin']).toBe('https://a.example')
  })

  it('the page is that with a slash at its end', async () => {
    expect(await server.get('/push')).toMatchObject({ status: 308, headers: { location: '/push/' } })
  })

  it.each(['/', '/about.html', '/admin/', '/docs/'])('%s names what it needs relative to itself', async (page) => {
    const { text } = await server.get(`/push${page}`)
    const links = [...text.matchAll(/ (?:href|src)="([^"#]+)"/g)].map(([, link]) => link as string)
    expect(links.length).toBeGreaterThan(3)
    for (const link of links) {
      const { pathname } = new URL(link, `${server.origin}/push${page}`)
      expect({ link, status: (await server.get(pathname)).status }).toEqual({ link, status: 200 })
    }
  })

  it('the OpenAPI document says so', async () => {
    expect((await server.get('/push/openapi.json')).json.servers).toEqual([{ url: '/push' }])
  })

  it('polls repeat on the fast path', async () => {
    const wire = await server.wire()
    let { cursor } = (await server.get('/push/messages?topic=a&wait=0')).json
    for (let poll = 0; poll < 6; poll += 1) {
      await wire.write(`GET /push/messages?topic=a&wait=0&cursor=${cursor} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      ;({ cursor } = (await wire.reply()).json)
    }
    expect(server.app.observations.traffic.repeats).toBeGreaterThan(2)
  })
})

it.each([
  ['/push', '/'],
  ['/push/', '/'],
  ['/push?a=1', '/?a=1'],
  ['/push/messages?topic=/push/a', '/messages?topic=/push/a'],
])('takes the base path off %s', (url, rest) => {
  expect(belowBasePath(url, '/push')).toBe(rest)
})
