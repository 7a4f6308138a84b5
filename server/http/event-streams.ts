// Event streams of a server, for every protocol: they are opened here, and kept alive.
//
// In a handler that runs `inCoroutine`, after everything that may still be refused with a status of its own:
//
//   return yield* eventStreams.open(reply, function* (events) {
//     events.push(eventText({ data: json, id: cursor }))   // for many readers: a Buffer, made once
//     while (…) {
//       const woken = yield* select({ news: subscription.changed(), drain: draining.wait() }, { order: 'first' })
//       if (woken.case === 'drain') {
//         events.push(retryText(draining.retryAfterMs()))
//         return                                            // the stream ends when its body does
//       }
//       if (!events.push(bytes)) yield* events.drained()    // a selectable: `drain` can be a case beside it
//     }
//   })
//
// The head goes through Fastify: hooks see the reply, and it has the headers of CORS, of security and whatever the handler
// has set; `Cache-Control` is `no-store` unless the handler says something else. The body is in the handler's own
// coroutine: a client that goes away cancels it. Comments are sent while nothing else is (`--event-heartbeat-ms`), and a
// client that reads nothing is cut off (`--stalled-reply-ms`).

import type { ServerResponse } from 'node:http'
import { Readable, type Writable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Coroutine } from '../../runtime/index.ts'
import { Cancelled, checkpoint, Latch, scope, sleep } from '../../runtime/index.ts'
import { EnckeError } from '../errors.ts'
import { EventStream } from './event-stream.ts'

export interface EventStreamsOptions {
  /** How long a stream may be silent, in milliseconds. */
  readonly eventHeartbeatMs: number
  /** How long a client may read nothing of what was written, in milliseconds. */
  readonly stalledReplyMs: number
}

/** How often streams are looked at, in parts of the shorter of both times. */
const looks = 5

export class EventStreams {
  readonly #options: EventStreamsOptions
  readonly #open = new Set<EventStream>()

  constructor(options: EventStreamsOptions) {
    this.#options = options
  }

  /** How many are open. */
  get count(): number {
    return this.#open.size
  }

  /**
   * Answer with the events that `body` writes, until it ends. What it throws ends the stream, for the status has been sent:
   * the client connects again, and may then be refused properly.
   */
  *open(reply: FastifyReply, body: (events: EventStream) => Coroutine<void>): Coroutine<FastifyReply> {
    const out = yield* sendHead(reply)
    if (out === null) return reply
    const events = new EventStream(reply.raw, out)
    this.#open.add(events)
    try {
      // A scope is resumed by itself, not through the coroutines around it: of those there are four, for every event.
      yield* scope(() => body(events))
    } catch (error) {
      if (error instanceof Cancelled) throw error
      events.push(failureText(error, reply))
    } finally {
      this.#open.delete(events)
      events.end()
    }
    return reply
  }

  /** Keep the open ones alive, for as long as the server lives. */
  *watch(): Coroutine<never> {
    const { eventHeartbeatMs: heartbeatMs, stalledReplyMs } = this.#options
    const watch = { stepMs: Math.ceil(Math.min(heartbeatMs, stalledReplyMs) / looks), heartbeatMs, stalledReplyMs }
    for (;;) {
      yield* sleep(watch.stepMs)
      for (const stream of this.#open) {
        stream.look(watch)
        yield* checkpoint()
      }
    }
  }
}

/** Send the head, and give what the body is written into; null when there is none to be sent: HEAD, or a hook has failed. */
function* sendHead(reply: FastifyReply): Coroutine<Writable | null> {
  const { raw: response } = reply
  const head = new HeadOnly(response)
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
  // Proxies that collect a reply before they pass it on would collect this one for ever.
  if (!reply.hasHeader('content-type')) reply.type('text/event-stream; charset=utf-8')
  reply.header('x-accel-buffering', 'no').send(head)
  // Hooks may take their time.
  if (!head.isSent.isOpen) response.once('close', () => head.isSent.open())
  yield* head.isSent.wait()
  return head.out
}

/**
 * What Fastify is given as the body. To Fastify it is a stream that has ended once it was piped, so that Fastify is done with
 * it; from then on the coroutine writes where it was piped to.
 */
class HeadOnly extends Readable {
  readonly isSent = new Latch('the head of an event stream')
  readonly #response: ServerResponse
  out: Writable | null = null

  constructor(response: ServerResponse) {
    super()
    this.#response = response
  }

  override _read(): void {
    this.push(null)
  }

  override pipe<T extends NodeJS.WritableStream>(destination: T): T {
    this.out = destination as unknown as Writable
    // Not with the first event: until then the client would not know that the stream is open.
    if (!this.#response.headersSent) this.#response.flushHeaders()
    this.resume()
    this.isSent.open()
    return destination
  }
}

function failureText(error: unknown, reply: FastifyReply): string {
  if (error instanceof EnckeError && error.statusCode <= 503) return `: ${error.code}\n\n`
  reply.log.error(error)
  return ': ENCKE_ERR_INTERNAL\n\n'
}
