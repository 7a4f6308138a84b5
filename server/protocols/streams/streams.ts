// The routes of Durable Streams: five methods on one path for each stream, whose name is all that follows the prefix.
//
// Always true: every reply below the prefix has the headers of `secureReply`, errors too.

import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import type { Coroutine, Scheduler } from '../../../runtime/index.ts'
import { demand, requireRight } from '../../access/rights.ts'
import { EnckeError } from '../../errors.ts'
import { prefixOf } from '../../http/base-path.ts'
import { inCoroutine } from '../../http/coroutine-handler.ts'
import type { Known, Recognised } from '../../http/fast-path/connection.ts'
import type { FastPath } from '../../http/fast-path/fast-path.ts'
import { answerMessage, type BeginMessage } from '../../http/fast-path/messages.ts'
import type { PreparedReply } from '../../http/fast-path/prepared-reply.ts'
import { letGoOf } from '../../http/waiting-requests.ts'
import { checkTopicName, type Hub } from '../../hub/index.ts'
import { AppendRefused, append, readAppend } from './append.ts'
import { AppendReplies } from './append-replies.ts'
import { takeBytes } from './bodies.ts'
import { catchUp, recordOf, tellStanding } from './catch-up.ts'
import { create } from './create.ts'
import { type LiveEventsParts, liveEvents } from './live-events.ts'
import { type LivePoll, type LongPoll, type LongPollParts, longPolling } from './long-poll.ts'
import { checkOffset, isOffset } from './offsets.ts'
import { secureReply } from './replies.ts'
import { forkIn, saidIn } from './request-headers.ts'
import { appendSchema, createSchema, readSchema, removeSchema, standingSchema } from './schemas.ts'

export interface StreamsOptions extends LongPollParts, LiveEventsParts {
  readonly scheduler: Scheduler
  readonly hub: Hub
  readonly appendBytes: number
  /** Undefined where every poll is answered by Fastify. */
  readonly fastPath: FastPath | undefined
  /** What the paths begin with for clients, and is taken off before routes are looked up; `/` for nothing. */
  readonly basePath: string
  /** Whether an application decides on each request, by whatever it finds in it. */
  readonly isLetInByApplication: boolean
}

interface StreamRoute {
  Params: { '*': string }
  Querystring: { offset?: string; live?: 'long-poll' | 'sse'; cursor?: string }
}

type Request = FastifyRequest<StreamRoute>

/** Add the routes; `app` has the prefix of the protocol already. */
export async function streamsRoutes(app: FastifyInstance, options: StreamsOptions): Promise<void> {
  app.addHook('onSend', (_request, reply, payload, done) => {
    secureReply(reply)
    done(null, payload)
  })
  // Fastify would take a slash at the end for none: rights and handlers see the name as it was sent.
  app.addHook('onRequest', (request, _reply, done) => {
    const [path = ''] = request.url.split('?')
    if (path.endsWith('/')) checkTopicName(`${topicOf(request as Request)}/`)
    done()
  })
  answerPreflights(app)
  for (const routes of [changeRoutes, writeRoutes, readRoutes]) await app.register((within) => routes(within, options))
}

/** PUT and DELETE. */
async function changeRoutes(app: FastifyInstance, options: StreamsOptions): Promise<void> {
  const { scheduler, hub, appendBytes } = options
  // A source is named as clients know it.
  const prefix = `${prefixOf(options.basePath)}${app.prefix}/`

  function* put(request: Request, reply: FastifyReply): Coroutine<FastifyReply> {
    const topic = topicOf(request)
    const place = forkIn(request.headers)
    const source = place === undefined ? undefined : topicAt(place.source, prefix)
    if (source !== undefined) yield* demand(request.admission.rights, 'subscribe', source)
    const url = `${request.protocol}://${request.host}${request.originalUrl.split('?')[0]}`
    return yield* create(hub, { topic, request, source, place }, url, reply)
  }

  function* remove(request: Request, reply: FastifyReply): Coroutine<FastifyReply> {
    const topic = topicOf(request)
    const record = yield* recordOf(hub, topic)
    // What was born by a publish belongs to all who publish to it: removing it wants more than making a stream does.
    if (record.retention === 'bounded') yield* demand(request.admission.rights, 'remove', topic)
    yield* hub.remove(topic)
    return reply.code(204).send()
  }

  requireRight(app, 'manage')
  takeBytes(app)
  app.put('/*', { schema: createSchema, bodyLimit: appendBytes }, inCoroutine<StreamRoute>(scheduler, put))
  app.delete('/*', { schema: removeSchema, bodyLimit: appendBytes }, inCoroutine<StreamRoute>(scheduler, remove))
}

/** Headers that have another value in each append. */
const marks = ['producer-seq', 'stream-seq']

/** POST. */
async function writeRoutes(app: FastifyInstance, options: StreamsOptions): Promise<void> {
  const { scheduler, hub, appendBytes, draining, fastPath, hasOtherHooks } = options
  const prefix = RegExp.escape(`${prefixOf(options.basePath)}${app.prefix}/`)
  const shape = { topic: new RegExp(`^${prefix}([^?]+)$`, 'd'), headers: marks }
  const route = { fastPath, shape, mostBytes: appendBytes }
  const replies = new AppendReplies(() => draining.begun.isOpen || hasOtherHooks())

  function* post(request: Request, reply: FastifyReply): Coroutine<FastifyReply> {
    const topic = topicOf(request)
    const asked = readAppend(request.headers, request.body as Buffer | undefined)
    const begin = () => append(hub, topic, asked, replies)
    try {
      return yield* answerMessage(route, topic, request, reply, begin, appendAgain(request.headers))
    } catch (error) {
      if (!(error instanceof AppendRefused)) throw error
      reply.headers(error.headers)
      throw error.why
    }
  }

  function appendAgain(headers: IncomingHttpHeaders): BeginMessage {
    const same = saidIn(headers)
    return ({ topic, headers: values, body }) => {
      const said = { ...same }
      for (const [at, name] of marks.entries()) if (values[at]) said[name] = values[at]
      // A copy: what is kept of a message should not hold the request around it.
      return append(hub, topic, readAppend(said, Buffer.from(body)), replies)
    }
  }

  requireRight(app, 'publish')
  takeBytes(app)
  app.post('/*', { schema: appendSchema, bodyLimit: appendBytes }, inCoroutine<StreamRoute>(scheduler, post))
}

/** GET and HEAD. */
async function readRoutes(app: FastifyInstance, options: StreamsOptions): Promise<void> {
  const { scheduler, hub, fastPath, hasOtherHooks, isLetInByApplication } = options
  const longPoll = longPolling(options)
  const tellEvents = liveEvents(options)

  // No coroutine: what a generator has at hand it keeps for as long as it waits.
  function read(request: Request, reply: FastifyReply): Coroutine<FastifyReply> {
    const { query, headers, admission } = request
    const offset = query.offset === undefined ? undefined : checkOffset(query.offset)
    // An application may let in by any header: to a cache, what it lets one read is no other's.
    const isPersonal = isLetInByApplication || headers.authorization !== undefined || headers.cookie !== undefined
    const reading = { topic: topicOf(request), offset, ifNoneMatch: headers['if-none-match'], isPersonal }
    if (query.live === undefined) return catchUp(hub, reading, reply)
    if (offset === undefined) throw offsetMissing(query.live)
    const poll: LivePoll = { ...reading, offset, turn: query.cursor, admission }
    return query.live === 'sse' ? tellEvents(poll, reply) : answerPoll(poll, request, reply)
  }

  function answerPoll(poll: LivePoll, request: Request, reply: FastifyReply): Coroutine<FastifyReply> {
    const { offset, turn } = poll
    const recognised = fastPath?.recognise(request.raw, turn === undefined ? { offset } : { offset, cursor: turn })
    if (!hasOtherHooks()) letGoOf(request)
    return sendPrepared(fastPath?.underWay(request)?.reply() ?? longPoll(poll), poll, recognised, request, reply)
  }

  function* sendPrepared(
    waiting: Coroutine<PreparedReply>,
    poll: LivePoll,
    recognised: Recognised<readonly string[]> | undefined,
    { raw }: Request,
    reply: FastifyReply,
  ): Coroutine<FastifyReply> {
    const prepared = yield* waiting
    const head = prepared.sendTo(reply)
    if (head !== undefined) {
      const { admission } = poll
      fastPath?.answered(raw, reply.raw, recognised, { admission, head, begin: again(poll, longPoll) })
    }
    return reply
  }

  requireRight(app, 'subscribe')
  app.head(
    '/*',
    { schema: standingSchema },
    inCoroutine<StreamRoute>(scheduler, (request, reply) => tellStanding(hub, topicOf(request), reply)),
  )
  app.get('/*', { schema: readSchema, exposeHeadRoute: false }, inCoroutine<StreamRoute>(scheduler, read))
}

// Not within `sendPrepared`: what a closure there holds would be a context of its own for each poll that waits.
function again(poll: LivePoll, longPoll: LongPoll): Known<readonly string[]>['begin'] {
  return ([offset = '', turn]) => (isOffset(offset) ? longPoll({ ...poll, offset, turn }) : null)
}

/** Where no page of another origin may read, preflights are answered all the same: it is the request behind that fails. */
function answerPreflights(app: FastifyInstance): void {
  const answer: RouteHandlerMethod = (request, reply) => {
    const wanted = request.headers['access-control-request-headers'] ?? 'Content-Type, If-None-Match'
    void reply
      .header('access-control-allow-methods', 'GET, HEAD, POST, PUT, DELETE')
      .header('access-control-allow-headers', wanted)
      .header('vary', 'Access-Control-Request-Headers')
      .code(204)
      .send()
  }
  app.options('/*', { schema: { hide: true } }, answer)
}

function topicOf({ params }: Request): string {
  return params['*']
}

/** The topic whose stream is at a path, or at an address. @throws EnckeError ENCKE_ERR_STREAM_HEADER, ENCKE_ERR_TOPIC_NAME */
function topicAt(path: string, prefix: string): string {
  const { pathname = '' } = URL.parse(path, 'http://localhost') ?? {}
  if (pathname.startsWith(prefix)) return checkTopicName(decode(pathname.slice(prefix.length)))
  const message = `Stream-Forked-From must be the path of a stream, such as ${prefix}name`
  throw new EnckeError('ENCKE_ERR_STREAM_HEADER', message)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function offsetMissing(live: string): EnckeError {
  return new EnckeError('ENCKE_ERR_STREAM_OFFSET', `live=${live} wants an offset: -1 for the start, now for the end`)
}
