// Bayeux over long polling, as the clients of faye and CometD speak it: a handshake, a subscription, and then a /meta/connect
// that the server holds until there is a message.
//
// The cookie is CometD's: its server finds a session by the browser that made it.
//
// See "The Bayeux Protocol 1.0" (docs.cometd.org).

import type { Reply } from '../client/http-connection.ts'
import { Counted, type Dialect, expectStatus, headerOf, requestBytes } from './dialect.ts'

interface Message {
  readonly channel: string
  readonly clientId?: string
  readonly successful?: boolean
  readonly error?: string
  readonly data?: unknown
}

export const bayeux: Dialect = {
  reader({ host, topics, headers }) {
    const session = new Session(host, headers)
    const channel = `/${topics[0]}`
    const counted = new Counted(topics[0]!)
    return {
      *greet() {
        yield* session.shake()
        yield* session.ask({ channel: '/meta/subscribe', subscription: channel })
        // As the clients do: the first one is answered at once, and says that the session stands.
        yield* session.ask(connectWith({ advice: { timeout: 0 } }))
      },
      poll: () => session.bytes(connectWith({})),
      take(reply) {
        const messages = messagesOf(reply)
        const held = messages.find((message) => message.channel === '/meta/connect')
        if (held?.successful !== true) throw new Error(`the poll was refused: ${reply.body.slice(0, 200)}`)
        return counted.reply(messages.filter((message) => message.channel === channel).map(({ data }) => data))
      },
    }
  },
  publisher(host) {
    const session = new Session(host, '')
    return {
      greet: () => session.shake(),
      publish: (topic, json) => session.bytes({ channel: `/${topic}`, data: JSON.parse(json) }),
      hasAccepted: (reply) => reply.status === 200 && messagesOf(reply).every(({ successful }) => successful === true),
    }
  },
}

class Session {
  readonly #host: string
  readonly #headers: string
  #clientId: string | undefined
  #cookie = ''

  constructor(host: string, headers: string) {
    this.#host = host
    this.#headers = `${headers}Content-Type: application/json\r\n`
  }

  *shake() {
    const shake = { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'] }
    const reply: Reply = yield this.bytes(shake)
    this.#clientId = accepted(reply).clientId
    const cookie = headerOf(reply, 'set-cookie')?.split(';')[0]
    if (cookie !== undefined) this.#cookie = `Cookie: ${cookie}\r\n`
  }

  *ask(message: object) {
    const reply: Reply = yield this.bytes(message)
    accepted(reply)
  }

  bytes(message: object): string {
    const body = JSON.stringify([{ ...message, clientId: this.#clientId }])
    return requestBytes('POST', '/bayeux', this.#host, this.#headers + this.#cookie, body)
  }
}

function connectWith(more: object): object {
  return { channel: '/meta/connect', connectionType: 'long-polling', ...more }
}

function messagesOf(reply: Reply): Message[] {
  expectStatus('a poll', reply)
  return JSON.parse(reply.body) as Message[]
}

function accepted(reply: Reply): Message {
  const message = messagesOf(reply)[0]
  if (message?.successful !== true) throw new Error(`refused: ${reply.body.slice(0, 200)}`)
  return message
}
