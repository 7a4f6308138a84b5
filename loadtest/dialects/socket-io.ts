// socket.io over its polling transport: a handshake gives a session, packets go up in POSTs and come down in the replies to
// GETs that wait. A reply holds several packets with a separator between them.
//
// See "The Socket.IO protocol" and "The Engine.IO protocol" (socket.io/docs).

import { type Ask, type Conversation, Counted, type Dialect, expectGood } from './dialect.ts'

const separator = '\x1e'

export const socketIo: Dialect = {
  reader([topic = '']) {
    const session = new Session()
    const counted = new Counted(topic)
    return {
      *greet() {
        yield* session.shake()
        expectGood('a packet', yield session.post(`42${JSON.stringify(['join', topic])}`))
      },
      poll: () => session.get(),
      take(reply) {
        expectGood('a poll', reply)
        const packets = reply.body.split(separator)
        const stranger = packets.find((packet) => !packet.startsWith('42["message",'))
        if (stranger !== undefined) throw new Error(`a packet that is no message: ${stranger.slice(0, 80)}`)
        return counted.reply(packets.map((packet) => JSON.parse(packet.slice(2))[1]))
      },
    }
  },
  publisher() {
    const session = new Session()
    return {
      greet: () => session.shake(),
      publish: (topic, body) => session.post(`42["publish",${JSON.stringify(topic)},${body}]`),
      hasAccepted: ({ status, body }) => status === 200 && body === 'ok',
    }
  },
}

class Session {
  #path = '/socket.io/?EIO=4&transport=polling'

  get(): Ask {
    return { method: 'GET', path: this.#path }
  }

  post(body: string): Ask {
    return { method: 'POST', path: this.#path, headers: { 'Content-Type': 'text/plain;charset=UTF-8' }, body }
  }

  /** A session of the transport first, then of the namespace, whose answer has to be fetched. */
  *shake(): Conversation {
    const opened = yield this.get()
    expectGood('the handshake', opened)
    this.#path += `&sid=${(JSON.parse(opened.body.slice(1)) as { sid: string }).sid}`
    expectGood('a packet', yield this.post('40'))
    const joined = yield this.get()
    if (!joined.body.startsWith('40')) throw new Error(`the namespace was refused: ${joined.body.slice(0, 80)}`)
  }
}
