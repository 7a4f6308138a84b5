// socket.io over its polling transport: a handshake gives a session, packets go up in POSTs and come down in the replies to
// GETs that wait. A reply holds several packets with a separator between them.
//
// See "The Socket.IO protocol" and "The Engine.IO protocol" (socket.io/docs).

import type { Reply } from '../client/http-connection.ts'
import { Counted, type Dialect, expectStatus, requestBytes } from './dialect.ts'

const path = '/socket.io/?EIO=4&transport=polling'
const separator = '\x1e'

export const socketIo: Dialect = {
  reader({ host, topics, headers }) {
    const session = new Session(host, headers)
    const counted = new Counted(topics[0]!)
    return {
      *greet() {
        yield* session.shake()
        yield* session.send(`42${JSON.stringify(['join', topics[0]])}`)
      },
      poll: () => session.get(),
      take(reply) {
        expectStatus('a poll', reply)
        const packets = reply.body.split(separator)
        const stranger = packets.find((packet) => !packet.startsWith('42["message",'))
        if (stranger !== undefined) throw new Error(`a packet that is no message: ${stranger.slice(0, 80)}`)
        return counted.reply(packets.map((packet) => JSON.parse(packet.slice(2))[1]))
      },
    }
  },
  publisher(host) {
    const session = new Session(host, '')
    return {
      greet: () => session.shake(),
      publish: (topic, json) => session.post(`42["publish",${JSON.stringify(topic)},${json}]`),
      hasAccepted: ({ status, body }) => status === 200 && body === 'ok',
    }
  },
}

class Session {
  readonly #host: string
  readonly #headers: string
  #path = path

  constructor(host: string, headers: string) {
    this.#host = host
    this.#headers = headers
  }

  /** A session of the transport first, then of the namespace, whose answer has to be fetched. */
  *shake() {
    const opened: Reply = yield this.get()
    expectStatus('the handshake', opened)
    this.#path = `${path}&sid=${(JSON.parse(opened.body.slice(1)) as { sid: string }).sid}`
    yield* this.send('40')
    const joined: Reply = yield this.get()
    if (!joined.body.startsWith('40')) throw new Error(`the namespace was refused: ${joined.body.slice(0, 80)}`)
  }

  *send(packet: string) {
    const reply: Reply = yield this.post(packet)
    expectStatus('a packet', reply)
  }

  get(): string {
    return requestBytes('GET', this.#path, this.#host, this.#headers)
  }

  post(packet: string): string {
    const headers = `${this.#headers}Content-Type: text/plain;charset=UTF-8\r\n`
    return requestBytes('POST', this.#path, this.#host, headers, packet)
  }
}
