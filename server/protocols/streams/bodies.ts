// The bodies of the protocol: any bytes, whole; what is JSON becomes messages.

import { isUtf8 } from 'node:buffer'
import { Readable } from 'node:stream'
import type { FastifyInstance, preParsingHookHandler } from 'fastify'
import { EnckeError } from '../../errors.ts'
import { parseJson } from '../../http/bodies.ts'
import { askForBody } from '../../http/expectations.ts'
import { type Draft, jsonType } from '../../hub/index.ts'
import { itemsOf } from './json-items.ts'

/** One append has at most so many messages. */
const mostMessages = 10_000

/** Let the routes of `app` take bodies of any type, as a Buffer: an empty one where there is none. */
export function takeBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.addHook('preParsing', readNothing)
}

// Node has ended the stream of a request that announces no body (`optimizeEmptyRequests`): a parser would wait for ever.
const readNothing: preParsingHookHandler = (request, reply, payload, done) => {
  const { 'transfer-encoding': coding, 'content-length': length = '0', 'content-encoding': encoding } = request.headers
  if (coding === undefined && Number(length) === 0) return done(null, Readable.from([]))
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    const message = 'a stream keeps the bytes that it is sent: send them without Content-Encoding'
    return done(new EnckeError('ENCKE_ERR_BODY_ENCODING', message), payload)
  }
  done(askForBody(request, reply, { takesAnyType: true }) ?? null, payload)
}

/** What a body appends to a stream of this type: none when it is empty. @throws EnckeError when it is no JSON but should be */
export function draftsOf(body: Buffer | undefined, contentType: string): readonly Draft[] {
  if (body === undefined || body.length === 0) return []
  return contentType === jsonType ? jsonDrafts(body) : [{ data: body, bytes: body.length }]
}

function jsonDrafts(body: Buffer): readonly Draft[] {
  if (!isUtf8(body)) throw new EnckeError('ENCKE_ERR_BODY_UTF8', 'the body is not UTF-8, as JSON is')
  const text = body.toString().replace(/^\uFEFF/, '')
  parseJson(text)
  const items = itemsOf(text, mostMessages)
  if (items === undefined) {
    const message = `one append has at most ${mostMessages} messages: send the others in another`
    throw new EnckeError('ENCKE_ERR_MESSAGE_COUNT', message)
  }
  return items.map((data) => ({ data, bytes: Buffer.byteLength(data) }))
}
