// Every error leaves in one shape: {statusCode, code, error, message}, with a code of ours from the table.

import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorCode } from '../errors.ts'
import { clip, EnckeError, errorBody } from '../errors.ts'

/** Told of each error that a client is answered with, and of the request where there is one. */
export type FailureObserver = (error: EnckeError, request?: FastifyRequest) => void

const policy = 'cross-origin-resource-policy'

/** Answer errors and unknown routes. Call it before the routes are registered, and after the guards. */
export function answerErrors(app: FastifyInstance, failed: FailureObserver): void {
  app.setErrorHandler((error: FastifyError | EnckeError, request, reply) =>
    replyWithError(error, request, reply, failed),
  )
  app.setNotFoundHandler((request) => {
    throw notFound(request)
  })
  // The handler above would come after the body, which may be broken too, or large.
  app.addHook('onRequest', (request, _reply, done) => {
    done(request.is404 ? notFound(request) : undefined)
  })
}

/** Answer the methods that a path does not have with 405. Call it after the routes are registered. */
export function answerWrongMethods(app: FastifyInstance, routes: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const [url, methods] of routes) {
    const others = app.supportedMethods.filter((method) => !methods.has(method))
    const allow = [...methods].sort().join(', ')
    const refuse = async (request: FastifyRequest, reply: FastifyReply) => {
      reply.header('allow', allow)
      throw new EnckeError('ENCKE_ERR_METHOD', `${clip(pathOf(request.url))} takes ${allow} (got ${request.method})`)
    }
    // Before the body is read: that there is something wrong with it too does not matter.
    app.route({ method: others, url, schema: { hide: true }, onRequest: refuse, handler: refuse })
  }
}

/** Fastify's error handler, and its handler for requests it could not route. */
export function replyWithError(
  error: FastifyError | EnckeError,
  request: FastifyRequest,
  reply: FastifyReply,
  failed: FailureObserver,
): void {
  const ours = toEnckeError(error, request)
  failed(ours, request)
  if (ours.statusCode >= 500 && ours.statusCode !== 503) request.log.error(error)
  if (ours.retryAfterSeconds !== undefined) reply.header('retry-after', ours.retryAfterSeconds)
  if (ours.statusCode === 401 && !reply.hasHeader('www-authenticate')) reply.header('www-authenticate', 'Bearer')
  // A client that waits to be asked for its body may send it now or not: what comes next cannot be told apart.
  const isUncertain = ours.code === 'ENCKE_ERR_REQUEST_MALFORMED' || request.headers.expect !== undefined
  if (isUncertain) reply.header('connection', 'close')
  // Pages have a policy of their own.
  if (!reply.hasHeader(policy)) reply.header(policy, 'cross-origin')
  // An error may say again what it was given: no browser shall take that for anything but JSON.
  reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store')
  reply.code(ours.statusCode).send(errorBody(ours))
}

/** Answer what is not even HTTP, or comes too slowly, on the bare socket. */
export function replyToBrokenRequest(error: Error & { code?: string }, socket: Socket, failed: FailureObserver): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const ours = brokenRequestError(error)
  failed(ours)
  const body = JSON.stringify(errorBody(ours))
  socket.end(
    `HTTP/1.1 ${ours.statusCode} ${errorBody(ours).error}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

function brokenRequestError({ code, message }: Error & { code?: string }): EnckeError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new EnckeError(
      'ENCKE_ERR_HEADERS_TOO_LARGE',
      'the URL and headers are too large: use POST /poll for many topics',
    )
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new EnckeError('ENCKE_ERR_REQUEST_TIMEOUT', 'the request did not arrive in time: send it faster')
  }
  if (code === 'HPE_INVALID_EOF_STATE') {
    return new EnckeError('ENCKE_ERR_REQUEST_MALFORMED', 'the connection ended before the request did: send all of it')
  }
  return new EnckeError('ENCKE_ERR_REQUEST_MALFORMED', `this is not an HTTP request: ${message}`)
}

/** What Fastify itself refuses, in our words. */
const translations: Readonly<Record<string, (request: FastifyRequest, error: FastifyError) => EnckeError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: bodyTooLarge,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: wrongBodyType,
  FST_ERR_CTP_EMPTY_TYPE: wrongBodyType,
  FST_ERR_CTP_EMPTY_JSON_BODY: () => say('ENCKE_ERR_BODY_MISSING', 'the body is empty: send a JSON value'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    say('ENCKE_ERR_BODY_LENGTH', 'the body is not as long as its Content-Length says'),
  FST_ERR_BAD_URL: (request) => say('ENCKE_ERR_URL_ENCODING', `the URL is not well encoded (got ${clip(request.url)})`),
  FST_ERR_MAX_PARAM_LENGTH: (request) =>
    say('ENCKE_ERR_URL_TOO_LONG', `a part of the path is too long (got ${clip(request.url)})`),
}

function toEnckeError(error: FastifyError | EnckeError, request: FastifyRequest): EnckeError {
  if (error instanceof EnckeError) return error
  const translate = translations[error.code]
  if (translate !== undefined) return translate(request, error)
  if (error.statusCode === 404) return notFound(request)
  // A rate limit of the application around the plugin: clients have to hear that they may come back.
  if (error.statusCode === 429) return say('ENCKE_ERR_CLIENT_RATE', error.message)
  // A hook of that application, which lets its users in by itself.
  if (error.statusCode === 401) return say('ENCKE_ERR_TOKEN', error.message)
  if (error.statusCode === 403) return say('ENCKE_ERR_RIGHT', error.message)
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return say('ENCKE_ERR_REQUEST_MALFORMED', error.message)
  }
  return say('ENCKE_ERR_INTERNAL', 'the server failed, which is its fault and not yours; its log says how')
}

function notFound({ method, originalUrl: url }: FastifyRequest): EnckeError {
  return say(
    'ENCKE_ERR_NOT_FOUND',
    `there is nothing at ${method} ${clip(pathOf(url))}: /openapi.json lists what there is; "/" in a topic is %2F`,
  )
}

export function bodyTooLarge(request: FastifyRequest): EnckeError {
  const limit = request.routeOptions.bodyLimit
  const { topic } = { ...(request.params as object), ...(request.query as object) } as { topic?: unknown }
  const isPublish = topic !== undefined && /publish|messages/.test(request.routeOptions.url ?? '')
  const length = request.headers['content-length'] ?? 'more'
  return isPublish
    ? say(
        'ENCKE_ERR_MESSAGE_TOO_LARGE',
        `a message has at most ${limit} bytes: send less, or raise --message-bytes (got ${length})`,
      )
    : say(
        'ENCKE_ERR_BODY_TOO_LARGE',
        `the body has at most ${limit} bytes: send less, or in several requests (got ${length})`,
      )
}

export function wrongBodyType(request: FastifyRequest): EnckeError {
  const given = request.headers['content-type']
  if (given !== undefined && !/^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(?:;|$)/.test(given)) {
    return say(
      'ENCKE_ERR_BODY_TYPE',
      `Content-Type must be a media type, such as application/json (got ${clip(given)})`,
    )
  }
  const wanted = 'send application/json, or text/plain where a message is published'
  return say(
    'ENCKE_ERR_BODY_TYPE',
    given === undefined ? `${wanted} (got no Content-Type)` : `${wanted} (got ${clip(given)})`,
  )
}

function say(code: ErrorCode, message: string): EnckeError {
  return new EnckeError(code, message)
}

function pathOf(url: string): string {
  return url.split('?')[0] as string
}
