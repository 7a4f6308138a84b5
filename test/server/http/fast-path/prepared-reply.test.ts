import { once } from 'node:events'
import { ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PreparedReplies } from '../../../../server/http/fast-path/prepared-reply.ts'

const headers = { 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' }
const bodies = { short: '{"text":"Grüße"}', long: JSON.stringify({ text: 'Grüße'.repeat(4_000) }) }

let app: FastifyInstance
let port: number
let lines: Record<string, unknown>[]
let responses: [url: string, status: number, bytes: unknown][]
let now: number
let isLast: boolean

type Response = ServerResponse & { _header?: string }

/** Whether Node was asked to put a head together. */
const headsMade = () => vi.mocked(ServerResponse.prototype.writeHead).mock.calls.length

beforeEach(async () => {
  now = 1_700_000_000_000
  vi.spyOn(Date, 'now').mockImplementation(() => now)
  const { writeHead } = ServerResponse.prototype
  vi.spyOn(ServerResponse.prototype, 'writeHead').mockImplementation(function (this: Response, ...of: unknown[]) {
    const response = writeHead.apply(this, of as Parameters<typeof writeHead>)
    this._header = (this._header ?? '').replace(/^Date: .*\r$/m, `Date: ${new Date(now).toUTCString()}\r`)
    return response
  })
  lines = []
  responses = []
  isLast = false
  app = fastify({ logger: { stream: { write: (line: string) => lines.push(JSON.parse(line)) } } })
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers.origin !== undefined) reply.header('access-control-allow-origin', request.headers.origin)
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isLast) reply.header('connection', 'close')
    done(null, payload)
  })
  app.addHook('onResponse', async ({ url }, { statusCode, raw }) => {
    responses.push([url, statusCode, raw.headersSent])
  })
  const replies = new PreparedReplies({ headers, isLast: () => isLast })
  for (const [size, text] of Object.entries(bodies)) {
    const prepared = replies.of(text)
    app.get(`/prepared/${size}`, (_request, reply) => void prepared.sendTo(reply))
    app.get(`/sent/${size}`, (_request, reply) => void reply.headers(headers).send(text))
  }
  const url = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  port = Number(url.port)
})

afterEach(async () => {
  vi.restoreAllMocks()
  await app.close()
})

function get(path: string, { method = 'GET', version = '1.1', lines: more = [] as string[] } = {}): string {
  return [`${method} ${path} HTTP/${version}`, 'Host: localhost', ...more, '', ''].join('\r\n')
}

/** Send requests at once, on one connection that the client then ends, and give all that comes back. */
async function exchange(...requests: string[]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  socket.end(requests.join(''))
  return await textOf(socket)
}

async function prepare(): Promise<void> {
  await exchange(get('/prepared/short'))
}

describe('a prepared reply', () => {
  it.each(['short', 'long'] as const)('is byte for byte what Fastify sends: a %s one', async (size) => {
    await prepare()
    const sent = await exchange(get(`/sent/${size}`))
    const made = headsMade()
    expect(await exchange(get(`/prepared/${size}`))).toBe(sent)
    expect(headsMade()).toBe(made)
    expect(sent).toContain(`content-length: ${Buffer.byteLength(bodies[size])}\r\n`)
    expect(sent).toContain('\r\nConnection: keep-alive\r\nKeep-Alive: timeout=72\r\n')
    expect(sent).toContain(bodies[size])
  })

  it.each([
    ['to a client that wants the connection closed', { lines: ['Connection: close'] }],
    ['to a client of HTTP/1.0', { version: '1.0' }],
    ['to a client of HTTP/1.0 that keeps its connection', { version: '1.0', lines: ['Connection: keep-alive'] }],
    ['when a hook has set a header', { lines: ['Origin: http://elsewhere.example'] }],
    ['to one who expects to be told to go on', { lines: ['Expect: 100-continue'] }],
  ])('is byte for byte what Fastify sends %s', async (_whom, how) => {
    await prepare()
    expect(await exchange(get('/prepared/short', how))).toBe(await exchange(get('/sent/short', how)))
    // And has not become what the others get.
    expect(await exchange(get('/prepared/short'))).toBe(await exchange(get('/sent/short')))
  })

  it('ends the connection when a hook of Fastify would', async () => {
    await prepare()
    isLast = true
    const reply = await exchange(get('/prepared/short'))
    expect(reply).toBe(await exchange(get('/sent/short')))
    expect(reply).toContain('connection: close\r\n')
  })

  it('has no body for HEAD', async () => {
    await prepare()
    const how = { method: 'HEAD' }
    const reply = await exchange(get('/prepared/short', how))
    expect(reply).toBe(await exchange(get('/sent/short', how)))
    expect(reply).toMatch(/\r\n\r\n$/)
  })

  it('leaves the connection to the next request, and keeps the order of those sent ahead', async () => {
    await prepare()
    const [short, long] = [await exchange(get('/sent/short')), await exchange(get('/sent/long'))]
    const several = ['/prepared/short', '/sent/short', '/prepared/long', '/prepared/short']
    expect(await exchange(...several.map((path) => get(path)))).toBe(short + short + long + short)
  })

  it('is followed by the same hooks and the same lines in the log', async () => {
    await prepare()
    lines.length = 0
    responses.length = 0
    await exchange(get('/prepared/short'))
    await exchange(get('/sent/short'))
    expect(responses).toEqual([
      ['/prepared/short', 200, true],
      ['/sent/short', 200, true],
    ])
    const told = lines.map(({ msg, level, res }) => ({ msg, level, res }))
    expect(told.map(({ msg }) => msg)).toEqual([
      'incoming request',
      'request completed',
      'incoming request',
      'request completed',
    ])
    expect(told.slice(0, 2)).toEqual(told.slice(2))
  })

  it('has the date of its own second, and the head is made only once', async () => {
    await prepare()
    const made = headsMade()
    for (const date of ['Tue, 14 Nov 2023 22:13:20 GMT', 'Tue, 14 Nov 2023 22:13:21 GMT']) {
      const replies = await exchange(get('/prepared/short'), get('/prepared/short'))
      expect(replies.match(/^Date: .*$/gm)).toEqual([`Date: ${date}\r`, `Date: ${date}\r`].map((line) => line.trim()))
      now += 1_000
    }
    expect(headsMade()).toBe(made)
  })

  it('is prepared once for all who get the same headers from hooks', async () => {
    const from = (origin: string) => get('/prepared/short', { lines: [`Origin: ${origin}`] })
    const all = () => exchange(from('http://one.example'), from('http://other.example'), get('/prepared/short'))
    const replies = await all()
    const made = headsMade()
    expect(await all()).toBe(replies)
    expect(headsMade()).toBe(made)
    expect(replies.match(/access-control-allow-origin: .*/g)?.map((line) => line.trim())).toEqual([
      'access-control-allow-origin: http://one.example',
      'access-control-allow-origin: http://other.example',
    ])
  })

  it('keeps a few heads, and sends the rest as ever', async () => {
    const origins = Array.from({ length: 40 }, (_, index) => `http://${index}.example`)
    const ask = () => exchange(...origins.map((origin) => get('/prepared/short', { lines: [`Origin: ${origin}`] })))
    const replies = await ask()
    expect(await ask()).toBe(replies)
    for (const origin of origins) expect(replies).toContain(`access-control-allow-origin: ${origin}\r\n`)
  })

  it('of which a client takes only a part hurts nobody else', async () => {
    await prepare()
    const socket: Socket = connect({ port, host: '127.0.0.1' })
    await once(socket, 'connect')
    socket.write(get('/prepared/short'))
    await once(socket, 'data')
    socket.resetAndDestroy()
    expect(await exchange(get('/prepared/short'))).toBe(await exchange(get('/sent/short')))
  })
})
