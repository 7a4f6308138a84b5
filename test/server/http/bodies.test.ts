// What every route that takes a body does about one that is not there.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Served } from './served.ts'

/** The routes of the document that take a body: a new one is tested by itself. */
async function bodyRoutes(served: Served): Promise<{ method: string; path: string }[]> {
  const { json } = await served.get('/openapi.json')
  const methods = Object.entries(json.paths as Record<string, Record<string, { requestBody?: unknown }>>)
  return methods.flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, { requestBody }]) => requestBody !== undefined)
      .map(([method]) => ({ method: method.toUpperCase(), path: targetOf(path) })),
  )
}

function targetOf(path: string): string {
  return path === '/publish' ? '/publish?topic=a' : path.replace('{topic}', 'a')
}

describe('a request without a body, on every route that takes one', () => {
  let served: Served
  let routes: { method: string; path: string }[]

  beforeAll(async () => {
    served = await Served.start(['--client-limits', 'off'])
    routes = await bodyRoutes(served)
  })
  afterAll(() => served[Symbol.asyncDispose]())

  function request({ method, path }: { method: string; path: string }, version: string, headers: readonly string[]) {
    const lines = [`${method} ${path} HTTP/${version}`, 'Host: localhost', ...headers]
    return `${lines.join('\r\n')}\r\nAuthorization: Bearer ${served.app.adminToken}\r\n\r\n`
  }

  it('is asked of all of them', () => {
    expect(routes.length).toBeGreaterThanOrEqual(5)
  })

  it.each([
    [['Content-Type: application/json']],
    [['Content-Type: text/plain']],
    [['Content-Type: application/json', 'Content-Length: 0']],
    [['Content-Type: application/x-unknown']],
  ])('is refused at once with %j, and what is pipelined behind it is answered', async (headers) => {
    for (const route of routes) {
      using wire = await served.wire()
      await wire.write(`${request(route, '1.1', headers)}GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      const { status, json } = await wire.reply()
      expect({ route, status, code: json.code }).toEqual({ route, status: 400, code: 'ENCKE_ERR_BODY_MISSING' })
      expect((await wire.reply()).json).toEqual({ status: 'ok' })
    }
  })

  it.each([
    ['1.0', []],
    ['1.0', ['Connection: keep-alive']],
    ['1.1', ['Connection: close']],
  ] as const)('is refused in HTTP/%s with %j, too', async (version, headers) => {
    for (const route of routes) {
      using wire = await served.wire()
      await wire.write(request(route, version, ['Content-Type: application/json', ...headers]))
      const { status, json } = await wire.reply()
      expect({ route, status, code: json.code }).toEqual({ route, status: 400, code: 'ENCKE_ERR_BODY_MISSING' })
      if (headers[0] !== 'Connection: keep-alive') await wire.closed()
    }
  })

  it('is refused without a type, too, but where a body may be left out: benchmarks, and what administrators order', async () => {
    for (const { method, path } of routes.filter((route) => !route.path.startsWith('/admin/'))) {
      for (const headers of [{}, { 'content-length': '0' }] as Record<string, string>[]) {
        const { status, json } = await served.send(method, path, { headers })
        expect({ path, status, code: json.code }).toEqual({ path, status: 400, code: 'ENCKE_ERR_BODY_MISSING' })
      }
    }
  })

  it('is a message all the same where it is a text of no length', async () => {
    const { status } = await served.send('POST', '/publish?topic=empty', {
      body: '',
      headers: { 'content-type': 'text/plain', 'content-length': '0' },
    })
    expect(status).toBe(201)
  })
})
