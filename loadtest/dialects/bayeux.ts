// Bayeux over long polling, as the clients of faye and CometD speak it: a handshake, a subscription, and then a /meta/connect
// that the server holds until there is a message.
//
// The cookie is CometD's: its server finds a session by the browser that made it.
//
// See "The Bayeux Protocol 1.0" (docs.cometd.org).

import { type Ask, Counted, type Dialect, expectGood, json, type Reply } from './dialect.ts'

interface Message {
  readonly channel: string
  readonly clientId?: string
  readonly successful?: boolean
  readonly data?: unknown
}

export const bayeux: Dialect = {
  reader([topic = '']) {
    const session = new Session()
    const channel = `/${topic}`
    const counted = new Counted(topic)
    return {
      *greet() {
        yield* session.shake()
        accepted(yield session.ask({ channel: '/meta/subscribe', subscription: channel }))
        // As the clients do: the first one is answered at once, and says that the session stands.
        accepted(yield session.ask({ ...connect, advice: { timeout: 0 } }))
      },
      poll: () => session.ask(connect),
      take(reply) {
        const messages = messagesOf(reply)
        accepted(reply, '/meta/connect')
        return counted.reply(messages.filter((message) => message.channel === channel).map(({ data }) => data))
      },
    }
  },
  publisher() {
    const session = new Session()
    return {
      greet: () => session.shake(),
      publish: (topic, body) => session.ask({ channel: `/${topic}`, data: JSON.parse(body) }),
      hasAccepted: (reply) => reply.status === 200 && messagesOf(reply).every(({ successful }) => successful === true),
    }
  },
}

const connect = { channel: '/meta/connect', connectionType: 'long-polling' }

class Session {
  #clientId: string | undefined
  #headers: Ask['headers'] = json

  ask(message: object): Ask {
    const body = JSON.stringify([{ ...message, clientId: this.#clientId }])
    return { method: 'POST', path: '/bayeux', headers: this.#headers!, body }
  }

  *shake(): Generator<Ask, void, Reply> {
    const handshake = { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'] }
    const reply = yield this.ask(handshake)
    this.#clientId = accepted(reply).clientId
    const cookie = reply.header('set-cookie')?.split(';')[0]
    if (cookie !== undefined) this.#headers = { ...json, Cookie: cookie }
  }
}

function messagesOf(reply: Reply): Message[] {
  expectGood('a poll', reply)
  return JSON.parse(reply.body) as Message[]
}

/** The first message, or the first on `channel`. @throws Error when it does not say that all is well */
function accepted(reply: Reply, channel?: string): Message {
  const message = messagesOf(reply).find((message) => channel === undefined || message.channel === channel)
  if (message?.successful !== true) throw new Error(`refused: ${reply.body.slice(0, 200)}`)
  return message
}
