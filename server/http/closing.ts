// Closing: connections that would keep the server open are ended.
//
// A server that closes waits for its connections, and Node gives it no help: the reply to a request that was under way
// leaves its connection open for as long as it is kept alive, and a request that stops in the middle is timed no more.

import type { FastifyInstance } from 'fastify'
import type { Coroutine, Latch } from '../../runtime/index.ts'
import { sleep } from '../../runtime/index.ts'
import type { Draining } from './draining.ts'

/** What it needs of Node's server. */
export interface Connections {
  closeIdleConnections(): void
  closeAllConnections(): void
}

/** How long requests that are under way may take to arrive, and replies to leave, in milliseconds. */
const lastRequestsMs = 5_000

/** The same, for an operator who has asked twice. */
const hurriedMs = 1_000

/** How often it is looked. */
const stepMs = 50

/** While the server drains, every reply is the last of its connection: the client's next request can go elsewhere. */
export function endKeepAlive(app: FastifyInstance, { begun }: Draining): void {
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (begun.isOpen) reply.header('connection', 'close')
    done(null, payload)
  })
}

/** Wait until replies have left, as far as the clients take them in time: Node calls connections idle that still owe one. */
export function* repliesHaveLeft(owesReplies: () => boolean, hurried: Latch): Coroutine<void> {
  yield* sleep(1)
  for (let spentMs = 0; spentMs < (hurried.isOpen ? hurriedMs : lastRequestsMs); spentMs += stepMs) {
    if (!owesReplies()) return
    yield* sleep(stepMs)
  }
}

/** End the connections of a server that closes: those that are idle at once, the others when their time is up. */
export function* endConnections(connections: Connections, hurried: Latch): Coroutine<void> {
  for (let spentMs = 0; spentMs < (hurried.isOpen ? hurriedMs : lastRequestsMs); spentMs += stepMs) {
    connections.closeIdleConnections()
    yield* sleep(stepMs)
  }
  connections.closeAllConnections()
}
