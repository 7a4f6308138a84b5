// Every error a client can meet: one table of codes, one class, one body. Each part of the server contributes its rows.
//
// Always true:
//   - a code, once released, keeps its name and its status: clients branch on the code, people read the message;
//   - the message is written where the error is thrown, and says what was given and what to do;
//   - 429 and 503 always say when to come back (Retry-After), from the table when the thrower knows no better;
//   - `docs/protocol.md` lists exactly this table (test/server/errors.test.ts compares them in both directions).
//
// The rows import nothing, and this file imports nothing else: everything in server/ imports it, also the hub, which knows
// neither Node nor HTTP.

import { accessErrors } from './access/errors.ts'
import { benchmarkErrors } from './benchmarks/errors.ts'
import { brokerErrors } from './brokers/errors.ts'
import { type ErrorRow, reasons } from './errors/row.ts'
import { httpErrors } from './http/errors.ts'
import { hubErrors } from './hub/errors.ts'
import { enckeErrors } from './protocols/encke/errors.ts'
import { streamsErrors } from './protocols/streams/errors.ts'

export { clip } from './errors/clip.ts'

export const errorTable = {
  ...hubErrors,
  ...enckeErrors,
  ...streamsErrors,
  ...httpErrors,
  ...accessErrors,
  ...brokerErrors,
  ...benchmarkErrors,
}

export type ErrorCode = keyof typeof errorTable

/** What a client reads, in Fastify's shape. */
interface ErrorBody {
  readonly statusCode: number
  readonly code: ErrorCode
  /** The HTTP reason phrase. */
  readonly error: string
  /** What was given and what to do. */
  readonly message: string
}

interface ErrorOptions {
  /** Seconds until it is worth trying again; rounded up to whole ones, at least 1. Left out: what the table says. */
  readonly retryAfterSeconds?: number
  readonly cause?: unknown
}

/** An error that is meant for a client: its code picks the status, its message reaches the client word for word. */
export class EnckeError extends Error {
  readonly code: ErrorCode
  readonly statusCode: number
  /** The value of the Retry-After header; undefined means no header. */
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    const row: ErrorRow = errorTable[code]
    const seconds = options.retryAfterSeconds ?? row.retryAfterSeconds
    this.name = 'EnckeError'
    this.code = code
    this.statusCode = row.statusCode
    this.retryAfterSeconds = seconds === undefined ? undefined : Math.max(1, Math.ceil(seconds))
  }
}

/** Give the body of the reply for `error`. Its cause and its stack stay here. */
export function errorBody(error: EnckeError): ErrorBody {
  const { statusCode, code, message } = error
  return { statusCode, code, error: reasons[errorTable[code].statusCode], message }
}
