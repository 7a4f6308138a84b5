// Server-Sent Events from a coroutine.

import { PassThrough } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Coroutine, Scheduler } from '../../runtime/index.ts'

export interface EventSink {
  /** Send one event; `data` becomes JSON. */
  send(event: string, data: unknown): void
  /** Send one event that may be missed: while the client does not read, it is dropped, or the events would fill the memory. */
  offer(event: string, data: unknown): void
}

/**
 * Make the body of a reply out of what `body` sends, in a coroutine of its own. It ends when the body does, and a client
 * that goes away cancels it.
 */
export function eventStream(
  scheduler: Scheduler,
  reply: FastifyReply,
  body: (events: EventSink) => Coroutine<void>,
): PassThrough {
  const stream = new PassThrough()
  const send: EventSink['send'] = (event, data) => {
    if (!stream.writableEnded) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }
  const offer: EventSink['send'] = (event, data) => {
    if (!stream.writableNeedDrain) send(event, data)
  }
  const task = scheduler.run(function* events(): Coroutine<void> {
    try {
      yield* body({ send, offer })
    } finally {
      stream.end()
    }
  })
  task.label = () => `events for ${reply.request.url} to ${reply.request.admission.client}`
  stream.once('close', () => task.cancel('the client went away'))
  // Proxies that collect a reply before they pass it on would collect this one for ever.
  reply.header('x-accel-buffering', 'no').header('cache-control', 'no-store').type('text/event-stream; charset=utf-8')
  return stream
}
