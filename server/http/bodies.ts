// Reading bodies: whole first, then as strict UTF-8, then as what their type says.
//
// A body may be cut anywhere on its way, also in the middle of a character: nothing is decoded before all of it is here.

import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance, FastifyRequest, preParsingHookHandler } from 'fastify'
import { clip, EnckeError } from '../errors.ts'
import type { Draft } from '../hub/index.ts'
import { askForBody } from './expectations.ts'

const byteOrderMark = '\uFEFF'

/** In bytes. */
const longestCharacter = 4

/** Let the routes of `app` take JSON bodies, parsed. */
export function takeJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    answer(done, () => {
      checkParts(body as Buffer)
      return parseJson(jsonText(request.headers, body as Buffer))
    })
  })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route takes a request that says nothing at all: neither a body nor a type for one. */
    readonly isBodyOptional?: boolean
  }
}

/**
 * Refuse requests without a body on every route whose schema has one. Call it before the routes are registered.
 *
 * A request that announces no body must never reach a parser: Node has ended its stream already (`optimizeEmptyRequests`),
 * so that the parser would wait for ever, and with it what is pipelined behind.
 */
export function wantBodies(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (route.schema?.body !== undefined) route.preParsing = [route.preParsing ?? [], wantBody].flat()
  })
}

const wantBody: preParsingHookHandler = (request, reply, payload, done) => {
  const { headers } = request
  const { 'content-type': type, 'content-length': length, 'transfer-encoding': coding } = headers
  // A text of no length is a message; no JSON value is that short.
  const isThere =
    coding !== undefined || Number(length) > 0 || (length !== undefined && /^text\/plain/i.test(type ?? ''))
  if (isThere) return done(askForBody(request, reply) ?? null, payload)
  if (type === undefined && request.routeOptions.config.isBodyOptional) return done(null, payload)
  const problem = type === undefined ? 'there is no body: send one' : 'the body is empty: send a JSON value'
  done(new EnckeError('ENCKE_ERR_BODY_MISSING', `${problem}, with its Content-Type and its length`))
}

/**
 * Let the routes of `app` take messages: JSON of any kind, or plain text, which becomes a JSON string. Whether a body that
 * `isList` is JSON, its reader says.
 */
export function takeDrafts(app: FastifyInstance, isList: (request: FastifyRequest) => boolean): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    answer(done, () => {
      if (!isList(request)) return jsonDraft(request.headers, body as Buffer)
      return draftOf(jsonText(request.headers, body as Buffer).trim())
    })
  })
  app.addContentTypeParser('text/plain', { parseAs: 'buffer' }, (request, body, done) => {
    answer(done, () => textDraft(request.headers, body as Buffer))
  })
}

/** The message that a body with these headers is, as the routes of `takeDrafts` read it. @throws EnckeError as they do */
export function draftIn(headers: IncomingHttpHeaders, body: Buffer): Draft {
  const isJson = /^application\/json/i.test(headers['content-type'] ?? '')
  return isJson ? jsonDraft(headers, body) : textDraft(headers, body)
}

function jsonDraft(headers: IncomingHttpHeaders, body: Buffer): Draft {
  return draftOf(checkedJson(jsonText(headers, body)))
}

function textDraft(headers: IncomingHttpHeaders, body: Buffer): Draft {
  return draftOf(JSON.stringify(decode(headers, body)))
}

/** More objects, lists and properties than any request has. */
const mostParts = 1_000

/** A body of so many bytes is parsed in no time, whatever it holds. */
const fewBytes = 8 * 1024

const [quote, backslash, colon, bracket, brace] = Buffer.from('"\\:[{')

/** Refuse before it is parsed what would take tens of milliseconds: tens of thousands of properties, or of levels. */
function checkParts(body: Buffer): void {
  if (body.length <= fewBytes) return
  let parts = 0
  let isText = false
  for (let at = 0; at < body.length && parts <= mostParts; at += 1) {
    const byte = body[at]
    if (byte === quote) isText = !isText
    else if (byte === backslash) at += 1
    else if (!isText && (byte === colon || byte === bracket || byte === brace)) parts += 1
  }
  if (parts <= mostParts) return
  const message = `the body has more than ${mostParts} objects, lists and properties: /openapi.json says what it may have`
  throw new EnckeError('ENCKE_ERR_VALIDATION', message)
}

type Done = (error: Error | null, body?: unknown) => void

function answer(done: Done, read: () => unknown): void {
  let body: unknown
  try {
    body = read()
  } catch (error) {
    done(error as Error)
    return
  }
  done(null, body)
}

function draftOf(data: string): Draft {
  return { data, bytes: Buffer.byteLength(data) }
}

function jsonText(headers: IncomingHttpHeaders, body: Buffer): string {
  if (body.length === 0) {
    throw new EnckeError('ENCKE_ERR_BODY_MISSING', 'the body is empty: send a JSON value, such as {"hello":"world"}')
  }
  const text = decode(headers, body)
  // A byte order mark is part of a text, and no part of JSON.
  return text.startsWith(byteOrderMark) ? text.slice(1) : text
}

/** The text itself goes on to the readers, so that no number loses digits. White space around it does not. */
function checkedJson(text: string): string {
  parseJson(text)
  return text.trim()
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new EnckeError('ENCKE_ERR_BODY_JSON', `the body is not JSON: ${(error as Error).message} (got ${clip(text)})`)
  }
}

function decode(headers: IncomingHttpHeaders, body: Buffer): string {
  checkEncoding(headers)
  if (!isUtf8(body)) throw new EnckeError('ENCKE_ERR_BODY_UTF8', `the body is not UTF-8: ${around(body)}`)
  return body.toString()
}

function checkEncoding(headers: IncomingHttpHeaders): void {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new EnckeError(
      'ENCKE_ERR_BODY_ENCODING',
      `send the body as it is, without Content-Encoding (got ${clip(encoding)})`,
    )
  }
  const charset = /;\s*charset="?([^";\s]+)/i.exec(headers['content-type'] ?? '')?.[1]
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)) {
    throw new EnckeError('ENCKE_ERR_BODY_ENCODING', `send the body as UTF-8 (got charset ${clip(charset)})`)
  }
}

/** The first bytes that are not UTF-8, for the message. */
function around(body: Buffer): string {
  const at = firstMisfit(body)
  const hex = [...body.subarray(at, at + 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  return `the bytes ${hex} at ${at} are no character`
}

/**
 * Where the first character begins that is none, found by halves.
 *
 * What is before `good` is UTF-8, and what is before `bad` is not.
 */
function firstMisfit(body: Buffer): number {
  let good = 0
  let bad = body.length
  while (bad - good > 2 * longestCharacter) {
    const middle = beginOfCharacter(body, good + ((bad - good) >> 1))
    if (isUtf8(body.subarray(good, middle))) good = middle
    else bad = middle
  }
  for (let end = good + 1; end < bad; end += 1) if (isUtf8(body.subarray(good, end))) good = end
  return good
}

/** The begin of the character that the byte at `at` belongs to; `at` itself when it belongs to none. */
function beginOfCharacter(body: Buffer, at: number): number {
  for (let begin = at; begin > at - longestCharacter && begin > 0; begin -= 1) {
    if (((body[begin] as number) & 0xc0) !== 0x80) return begin
  }
  return at
}
