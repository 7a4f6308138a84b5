// A connection that leaves HTTP: Node gives its parser back to a pool, and another connection gets it.

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { rawRequest } from '../live-app.ts'
import { Served, until, type Wire } from '../served.ts'

/** A server that lets connections leave HTTP, and what it was sent on those. */
async function serve(event: 'upgrade' | 'connect') {
  const left: { readonly socket: Duplex; bytes: string; readonly head: string }[] = []
  const served = await Served.start([], {}, ({ http }) => {
    http.server.on(event, (_request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const one = { socket, bytes: '', head: String(head) }
      left.push(one)
      socket.on('data', (chunk: Buffer) => {
        one.bytes += String(chunk)
      })
      socket.on('error', () => {})
      socket.on('end', () => socket.end())
      socket.write('left\r\n')
    })
  })
  return { served, left }
}

/** A connection that is read by the fast path, and its polls. */
async function polling(served: Served) {
  const wire = await served.wire()
  const { cursor } = (await served.get('/topics/a')).json
  const poll = (wait = 0) => rawRequest('GET', `/messages?topic=a&wait=${wait}&cursor=${cursor}`)
  for (let polls = 0; polls < 3; polls += 1) {
    await wire.write(poll())
    expect((await wire.reply()).status).toBe(200)
  }
  return { wire, poll }
}

const leave = {
  upgrade: rawRequest('GET', '/socket', '', ['Connection: Upgrade', 'Upgrade: websocket']),
  connect: 'CONNECT elsewhere:80 HTTP/1.1\r\nHost: localhost\r\n\r\n',
}

async function said(wire: Wire, text: string): Promise<void> {
  await until(() => wire.received.includes(text))
}

describe.each(['upgrade', 'connect'] as const)('a connection that leaves HTTP by %s', (event) => {
  it('sends nothing into the request of another', async () => {
    const { served, left } = await serve(event)
    await using _served = served
    const { wire } = await polling(served)
    await wire.write(leave[event])
    await said(wire, 'left')
    // The parser is the next connection's.
    const other = await served.wire()
    const request = rawRequest('POST', '/publish?topic=b', '"what was meant"')
    await other.write(request.slice(0, -10))
    await served.get('/healthz')
    await wire.write('XXXXXXXXXX')
    await until(() => left[0]?.bytes === 'XXXXXXXXXX')
    await other.write(request.slice(-10))
    expect(await other.reply()).toMatchObject({ status: 201 })
    const { json } = await served.get('/messages?topic=b&from=earliest')
    expect(json.messages).toMatchObject([{ data: 'what was meant' }])
  })

  it('is read by who took it over alone, from the first byte on', async () => {
    const { served, left } = await serve(event)
    await using _served = served
    const { wire, poll } = await polling(served)
    await wire.write(`${leave[event]}at once`)
    await said(wire, 'left')
    await wire.write(poll())
    await until(() => (left[0]?.bytes.length ?? 0) >= poll().length)
    expect(left[0]).toMatchObject({ head: 'at once', bytes: poll() })
    expect(wire.received).toBe('left\r\n')
    expect(left[0]?.socket.listenerCount('data')).toBe(1)
  })

  it('leaves nothing of a poll that waited behind when its client goes away', async () => {
    const { served, left } = await serve(event)
    await using _served = served
    const { wire, poll } = await polling(served)
    await wire.write(poll(60))
    await served.waiting(1)
    await wire.write(leave[event])
    await until(() => left.length === 1)
    wire.socket.destroy()
    await served.waiting(0)
  })
})
