// Servers that speak as the peers do, as far as a load test goes: each keeps who waits, and answers them with what is
// published. They are strict: what a real one would refuse, they refuse.

import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface Fake {
  readonly origin: string
  readonly publishOrigin: string
  readonly server: Server
}

async function listening(listener: RequestListener): Promise<Fake> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { origin, publishOrigin: origin, server }
}

function queryOf(request: IncomingMessage): URLSearchParams {
  return new URL(request.url!, 'http://fake').searchParams
}

/** Sessions are found by cookie and id together, as CometD does. */
export function fakeBayeux(): Promise<Fake> {
  type Session = { channel?: string; held?: (messages: object[]) => void }
  const sessions = new Map<string, Session>()
  const answer = (response: ServerResponse, messages: object[]) => {
    // In chunks, as CometD's come.
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write('[')
    response.end(`${messages.map((message) => JSON.stringify(message)).join()}]`)
  }
  return listening(async (request, response) => {
    const [message] = JSON.parse(await text(request))
    const { channel, clientId } = message
    if (channel === '/meta/handshake') {
      const made = `client-${sessions.size}`
      sessions.set(made, {})
      response.setHeader('Set-Cookie', `BAYEUX_BROWSER=of-${made}; HttpOnly`)
      return answer(response, [{ channel, clientId: made, successful: true, version: message.version }])
    }
    const session = sessions.get(clientId)
    if (session === undefined || request.headers.cookie !== `BAYEUX_BROWSER=of-${clientId}`) {
      return answer(response, [{ channel, successful: false, error: '402::session_unknown' }])
    }
    if (channel === '/meta/subscribe') {
      session.channel = message.subscription
      return answer(response, [{ channel, successful: true }])
    }
    if (channel === '/meta/connect') {
      session.held = (messages) => answer(response, [{ channel, clientId, successful: true }, ...messages])
      if (message.advice?.timeout === 0) session.held([])
      return
    }
    for (const reader of sessions.values()) {
      if (reader.channel === channel) reader.held?.([{ channel, data: message.data }])
    }
    return answer(response, [{ channel, successful: true }])
  })
}

/** A reader stands at a time and a tag; without them at the newest. */
export function fakeNchan(): Promise<Fake> {
  const time = 'Sun, 22 Nov 2026 00:00:00 GMT'
  const messages: string[] = []
  const streams: ServerResponse[] = []
  let waiting: { from: number; response: ServerResponse }[] = []
  const answer = (from: number, response: ServerResponse) =>
    response.writeHead(200, { 'Last-Modified': time, Etag: String(from + 1) }).end(messages[from])
  return listening(async (request, response) => {
    if (request.method === 'POST') {
      messages.push(await text(request))
      response.writeHead(waiting.length > 0 ? 201 : 202).end('queued')
      for (const stream of streams) stream.write(`id: ${messages.length}\ndata: ${messages.at(-1)}\n\n`)
      const all = waiting
      waiting = []
      for (const { from, response } of all) answer(from, response)
      return
    }
    if (request.headers.accept === 'text/event-stream') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(': hi\n\n')
      return streams.push(response)
    }
    const [modified, match] = [request.headers['if-modified-since'], request.headers['if-none-match']]
    if ((modified === undefined) !== (match === undefined)) return response.writeHead(400).end()
    const from = match === undefined ? messages.length : Number(match)
    if (from < messages.length) answer(from, response)
    else waiting.push({ from, response })
    return undefined
  })
}

/** What is published is a list of items, each a whole reply for a channel. */
export function fakePushpin(): Promise<Fake> {
  let waiting: { channel: string; response: ServerResponse }[] = []
  return listening(async (request, response) => {
    if (request.method !== 'POST') {
      waiting.push({ channel: queryOf(request).get('topic')!, response })
      return
    }
    const [{ channel, formats }] = JSON.parse(await text(request)).items
    const { headers, body } = formats['http-response']
    for (const one of waiting) if (one.channel === channel) one.response.writeHead(200, headers).end(body)
    waiting = waiting.filter((one) => one.channel !== channel)
    response.writeHead(200, { Connection: 'close' }).end('Published\n')
  })
}

export function fakeSocketIo(): Promise<Fake> {
  type Session = { room?: string; queue: string[]; held?: ServerResponse | undefined }
  const sessions = new Map<string, Session>()
  const send = (session: Session, packet: string) => {
    session.queue.push(packet)
    if (session.held === undefined) return
    session.held.end(session.queue.splice(0).join('\x1e'))
    session.held = undefined
  }
  return listening(async (request, response) => {
    const query = queryOf(request)
    const sid = query.get('sid')
    if (query.get('EIO') !== '4' || query.get('transport') !== 'polling') return response.writeHead(400).end()
    if (sid === null) {
      const made = `session-${sessions.size}`
      sessions.set(made, { queue: [] })
      return response.end(`0${JSON.stringify({ sid: made, upgrades: [] })}`)
    }
    const session = sessions.get(sid)
    if (session === undefined) return response.writeHead(400).end('{"code":1,"message":"Session ID unknown"}')
    if (request.method === 'GET') {
      if (session.queue.length > 0) response.end(session.queue.splice(0).join('\x1e'))
      else session.held = response
      return undefined
    }
    const packet = await text(request)
    if (packet === '40') send(session, `40${JSON.stringify({ sid: `in-${sid}` })}`)
    else {
      const [event, name, data] = JSON.parse(packet.slice(2))
      if (event === 'join') session.room = name
      else
        for (const one of sessions.values()) if (one.room === name) send(one, `42["message",${JSON.stringify(data)}]`)
    }
    return response.end('ok')
  })
}
