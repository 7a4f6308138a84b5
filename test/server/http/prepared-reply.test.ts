import { once } from 'node:events'
import { ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PreparedReply } from '../../../server/http/prepared-reply.ts'

const headers = { 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' }
const body = '{"text":"Grüße"}'

let app: FastifyInstance
let port: number
let lines: Record<string, unknown>[]
let responses: [url: string, status: number, bytes: unknown][]
let now: number
let isLast: boolean
/** What Node's own, cached, date stands at. */
let dated: number

type Response = ServerResponse & { _header?: string }

/** Whether Node was asked to put a head together. */
const headsMade = () => vi.mocked(ServerResponse.prototype.writeHead).mock.calls.length

beforeEach(async () => {
  now = 1_700_000_000_000
  vi.spyOn(Date, 'now').mockImplementation(() => now)
  dated = now
  const { writeHead } = ServerResponse.prototype
  vi.spyOn(ServerResponse.prototype, 'writeHead').mockImplementation(function (this: Response, ...of: unknown[]) {
    const response = writeHead.apply(this, of as Parameters<typeof writeHead>)
    this._header = (this._header ?? '').replace(/^Date: .*\r$/m, `Date: ${new Date(dated).toUTCString()}\r`)
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
  const texts = new PreparedReply(headers, body, () => isLast)
  const bytes = new PreparedReply(headers, Buffer.from(body), () => isLast)
  app.get('/prepared', (_request, reply) => texts.sendTo(reply))
  app.get('/prepared-bytes', (_request, reply) => bytes.sendTo(reply))
  app.get('/sent', (_request, reply) => {
    reply.headers(headers).send(body)
  })
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
  await exchange(get('/prepared'), get('/prepared-bytes'))
}

describe('a prepared reply', () => {
  it.each(['/prepared', '/prepared-bytes'])('is byte for byte what Fastify sends: %s', async (path) => {
    await prepare()
    const sent = await exchange(get('/sent'))
    const made = headsMade()
    expect(await exchange(get(path))).toBe(sent)
    expect(headsMade()).toBe(made)
    expect(sent).toContain('content-length: 18\r\n')
    expect(sent).toContain('\r\nConnection: keep-alive\r\nKeep-Alive: timeout=72\r\n')
    expect(sent).toContain(body)
  })

  it.each([
    ['to a client that wants the connection closed', { lines: ['Connection: close'] }],
    ['to a client of HTTP/1.0', { version: '1.0' }],
    ['to a client of HTTP/1.0 that keeps its connection', { version: '1.0', lines: ['Connection: keep-alive'] }],
    ['when a hook has set a header', { lines: ['Origin: http://elsewhere.example'] }],
    ['to one who expects to be told to go on', { lines: ['Expect: 100-continue'] }],
  ])('is byte for byte what Fastify sends %s', async (_whom, how) => {
    await prepare()
    expect(await exchange(get('/prepared', how))).toBe(await exchange(get('/sent', how)))
    // And has not become what the others get.
    expect(await exchange(get('/prepared'))).toBe(await exchange(get('/sent')))
  })

  it('ends the connection when a hook of Fastify would', async () => {
    await prepare()
    isLast = true
    const reply = await exchange(get('/prepared'))
    expect(reply).toBe(await exchange(get('/sent')))
    expect(reply).toContain('connection: close\r\n')
  })

  it('has no body for HEAD', async () => {
    await prepare()
    const how = { method: 'HEAD' }
    const reply = await exchange(get('/prepared', how))
    expect(reply).toBe(await exchange(get('/sent', how)))
    expect(reply).toMatch(/\r\n\r\n$/)
  })

  it('leaves the connection to the next request, and keeps the order of those sent ahead', async () => {
    await prepare()
    const one = await exchange(get('/sent'))
    const several = [get('/prepared'), get('/sent'), get('/prepared-bytes'), get('/prepared')]
    expect(await exchange(...several)).toBe(one.repeat(4))
  })

  it('is followed by the same hooks and the same lines in the log', async () => {
    await prepare()
    lines.length = 0
    responses.length = 0
    await exchange(get('/prepared'))
    await exchange(get('/sent'))
    expect(responses).toEqual([
      ['/prepared', 200, true],
      ['/sent', 200, true],
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

  it('is prepared once a second, because it names the time', async () => {
    await prepare()
    const made = headsMade()
    await exchange(get('/prepared'), get('/prepared'), get('/prepared'))
    expect(headsMade()).toBe(made)
    now += 1_000
    dated = now
    await exchange(get('/prepared'), get('/prepared'), get('/prepared'))
    expect(headsMade()).toBe(made + 1)
  })

  it('never names an older date than Fastify would: Node is late to see that a second has begun', async () => {
    await prepare()
    now += 1_000
    expect(await exchange(get('/prepared'), get('/prepared'))).toBe(await exchange(get('/sent'), get('/sent')))
    dated = now
    expect(await exchange(get('/prepared'), get('/prepared'))).toBe(await exchange(get('/sent'), get('/sent')))
    const made = headsMade()
    await exchange(get('/prepared'), get('/prepared'))
    expect(headsMade()).toBe(made)
  })

  it('is prepared once for all who get the same headers from hooks', async () => {
    const from = (origin: string) => get('/prepared', { lines: [`Origin: ${origin}`] })
    const all = () => exchange(from('http://one.example'), from('http://other.example'), get('/prepared'))
    const replies = await all()
    const made = headsMade()
    expect(await all()).toBe(replies)
    expect(headsMade()).toBe(made)
    expect(replies.match(/access-control-allow-origin: .*/g)?.map((line) => line.trim())).toEqual([
      'access-control-allow-origin: http://one.example',
      'access-control-allow-origin: http://other.example',
    ])
  })

  it('keeps a few of them, and sends the rest as ever', async () => {
    const origins = Array.from({ length: 40 }, (_, index) => `http://${index}.example`)
    const ask = () => exchange(...origins.map((origin) => get('/prepared', { lines: [`Origin: ${origin}`] })))
    const replies = await ask()
    expect(await ask()).toBe(replies)
    for (const origin of origins) expect(replies).toContain(`access-control-allow-origin: ${origin}\r\n`)
  })

  it('of which a client takes only a part hurts nobody else', async () => {
    await prepare()
    const socket: Socket = connect({ port, host: '127.0.0.1' })
    await once(socket, 'connect')
    socket.write(get('/prepared'))
    await once(socket, 'data')
    socket.resetAndDestroy()
    expect(await exchange(get('/prepared'))).toBe(await exchange(get('/sent')))
  })
})
