// Expect: a client that asks before it sends its body gets its 100 once everything that can be refused by the head has
// been looked at: guards, keys, limits, length and type. One that expects anything else gets 417 (RFC 9110, 10.1.1).

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { clip, EnckeError } from '../errors.ts'
import { bodyTooLarge, wrongBodyType } from './error-replies.ts'

/** Take requests with `Expect` like all others; `askForBody` tells their clients to go on. */
export function takeExpectations(app: FastifyInstance): void {
  const take = (request: IncomingMessage, response: ServerResponse) => app.server.emit('request', request, response)
  app.server.on('checkContinue', take)
  app.server.on('checkExpectation', take)
  app.addHook('onRequest', (request, _reply, done) => {
    const expected = expectationOf(request)
    if (expected === undefined || /^100-continue$/i.test(expected)) return done()
    done(new EnckeError('ENCKE_ERR_EXPECTATION', `only 100-continue may be expected (got ${clip(expected)})`))
  })
}

/** Ask the client for the body of `request` if it waits to be asked. Gives what is wrong with its head instead. */
export function askForBody(
  request: FastifyRequest,
  reply: FastifyReply,
  { takesAnyType = false } = {},
): EnckeError | undefined {
  if (expectationOf(request) === undefined) return undefined
  const { 'content-length': length, 'content-type': type = '' } = request.headers
  if (Number(length) > request.routeOptions.bodyLimit) return bodyTooLarge(request)
  if (!takesAnyType && !request.server.hasContentTypeParser((type.split(';')[0] as string).trim()))
    return wrongBodyType(request)
  reply.raw.writeContinue()
  return undefined
}

/** What the client expects. HTTP/1.0 has no expectations. */
function expectationOf({ headers, raw }: FastifyRequest): string | undefined {
  return raw.httpVersion === '1.0' ? undefined : headers.expect
}
