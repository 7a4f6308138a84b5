// Every error a client can meet: one table of codes, one class, one body.
//
// Always true:
//   - a code, once released, keeps its name and its status: clients branch on the code, people read the message;
//   - the message is written where the error is thrown, and says what was given and what to do;
//   - 429 and 503 always say when to come back (Retry-After), from the table when the thrower knows no better;
//   - `server/README.md` lists exactly this table (test/server/errors.test.ts compares them in both directions).
//
// This file imports nothing, because everything in server/ imports it, also the hub, which knows neither Node nor HTTP.

/** The reason phrases of the statuses used below, as RFC 9110 and Node spell them. */
const reasons = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Payload Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const

interface ErrorRow {
  readonly statusCode: keyof typeof reasons
  /** One sentence for the documents: when it happens and what to do. */
  readonly summary: string
  /** What Retry-After says unless the thrower knows better. */
  readonly retryAfterSeconds?: number
}

// A name is the thing that is wrong, then, where one word is not enough, how: ENCKE_ERR_<thing>[_<how>].
// CLIENT_… at a limit is about one client (429), SERVER_… about the whole server (503).
export const errorTable = {
  ENCKE_ERR_TOPIC_NAME: {
    statusCode: 400,
    summary:
      'A topic name is not 1–200 characters of `A–Z a–z 0–9 . _ ~ - /`, or has a segment that is empty, `.` or `..`; rename the topic, and write `/` in a path as `%2F`.',
  },
  ENCKE_ERR_TOPIC_MISSING: {
    statusCode: 400,
    summary: 'The request names no topic; give at least one, as `?topic=` or in `topics`.',
  },
  ENCKE_ERR_TOPIC_COUNT: {
    statusCode: 400,
    summary:
      'One request names more topics than `--topics-per-get` or `--topics-per-poll` allows; use `POST /poll`, or several polls.',
  },
  ENCKE_ERR_CURSOR_MALFORMED: {
    statusCode: 400,
    summary: 'The cursor is not one that a server gave out; send it back unchanged, or leave it out to start from now.',
  },
  ENCKE_ERR_CURSOR_REPEATED: {
    statusCode: 400,
    summary: 'The cursor holds the same topic twice; send one cursor as it was given, do not join two.',
  },
  ENCKE_ERR_WAIT_VALUE: {
    statusCode: 400,
    summary: '`wait` is not a number of seconds, 0 or more; 0 answers at once.',
  },
  ENCKE_ERR_LIMIT_VALUE: {
    statusCode: 400,
    summary: '`limit` is not a whole number, 1 or more.',
  },
  ENCKE_ERR_FROM_VALUE: {
    statusCode: 400,
    summary: '`from` is neither `now` nor `earliest`; choose one, or leave it out for `now`.',
  },
  ENCKE_ERR_CLIENT_VALUE: {
    statusCode: 400,
    summary: '`client` is not a short random name of letters, digits, `-` and `_`; make one per page, or leave it out.',
  },
  ENCKE_ERR_PARAMETER_UNKNOWN: {
    statusCode: 400,
    summary: 'The query has a parameter that this route does not know; check its spelling, or leave it out.',
  },
  ENCKE_ERR_PARAMETER_REPEATED: {
    statusCode: 400,
    summary: 'A query parameter other than `topic` is given more than once; give it once.',
  },
  ENCKE_ERR_VALIDATION: {
    statusCode: 400,
    summary:
      'Another part of the request does not fit its schema; the message names the field, `/openapi.json` has the schema.',
  },
  ENCKE_ERR_URL_ENCODING: {
    statusCode: 400,
    summary: 'The URL holds a `%` that is not a percent-encoded UTF-8 byte; encode it with `encodeURIComponent`.',
  },
  ENCKE_ERR_REQUEST_MALFORMED: {
    statusCode: 400,
    summary: 'The bytes on the connection are not an HTTP request that can be read; the connection is closed.',
  },
  ENCKE_ERR_BODY_MISSING: {
    statusCode: 400,
    summary: 'The route needs a body and got none, or an empty one as JSON; send one with its `Content-Type`.',
  },
  ENCKE_ERR_BODY_JSON: {
    statusCode: 400,
    summary: 'The body is not JSON although it is sent as `application/json`; mend it, or send `text/plain`.',
  },
  ENCKE_ERR_BODY_UTF8: {
    statusCode: 400,
    summary: 'The body is not valid UTF-8; encode it so, or send binary data as base64.',
  },
  ENCKE_ERR_BODY_LENGTH: {
    statusCode: 400,
    summary: 'The body is longer or shorter than its `Content-Length`; let the HTTP client compute that header.',
  },
  ENCKE_ERR_BENCHMARK_PARAMETERS: {
    statusCode: 400,
    summary:
      'A size of the benchmark is outside its range, or the combination is too much work; the message has the bounds.',
  },
  ENCKE_ERR_BENCHMARK_MODEL: {
    statusCode: 400,
    summary:
      'The concurrency model is unknown, or cannot run this benchmark so; the message lists the models, or why not.',
  },
  ENCKE_ERR_ADMIN_TOKEN: {
    statusCode: 401,
    summary:
      'An admin route was asked for without `Authorization: Bearer <admin token>`, or with a wrong token; it is `ENCKE_ADMIN_TOKEN` or printed at start.',
  },
  ENCKE_ERR_PUBLISH_KEY: {
    statusCode: 401,
    summary: 'This server wants a key from publishers, and it is missing or wrong; ask its operator for one.',
  },
  ENCKE_ERR_SUBSCRIBE_KEY: {
    statusCode: 401,
    summary: 'This server wants a key from subscribers, and it is missing or wrong; ask its operator for one.',
  },
  ENCKE_ERR_ORIGIN: {
    statusCode: 403,
    summary:
      'A page of a foreign origin asked for a change; if it should be allowed to, add its origin to `ENCKE_ORIGINS`.',
  },
  ENCKE_ERR_NOT_FOUND: {
    statusCode: 404,
    summary: 'There is no such route; `/openapi.json` lists them all.',
  },
  ENCKE_ERR_METHOD: {
    statusCode: 405,
    summary: 'The route exists, but not with this method; the `Allow` header lists those it has.',
  },
  ENCKE_ERR_REQUEST_TIMEOUT: {
    statusCode: 408,
    summary: 'The request took too long to arrive; send it again, on a new connection.',
  },
  ENCKE_ERR_BENCHMARK_BUSY: {
    statusCode: 409,
    summary: 'A benchmark is running, and only one runs at a time; the message says which: wait for it, or cancel it.',
  },
  ENCKE_ERR_MESSAGE_TOO_LARGE: {
    statusCode: 413,
    summary: 'A published message is larger than `--message-bytes`; publish less, or a link to it.',
  },
  ENCKE_ERR_MESSAGE_OVER_HISTORY: {
    statusCode: 413,
    summary:
      'A message, as it is stored, is larger than the whole history of a topic (`--history-bytes`); publish less, or a link to it.',
  },
  ENCKE_ERR_BODY_TOO_LARGE: {
    statusCode: 413,
    summary:
      'The body of `POST /poll` is larger than `--poll-body-bytes`, or that of an admin request than it may be; ask for fewer topics.',
  },
  ENCKE_ERR_URL_TOO_LONG: {
    statusCode: 414,
    summary: 'The URL is longer than any valid request needs; use `POST /poll` to ask for many topics.',
  },
  ENCKE_ERR_BODY_TYPE: {
    statusCode: 415,
    summary:
      'The `Content-Type` is missing or not one of the route; send `application/json`, or `text/plain` to publish.',
  },
  ENCKE_ERR_BODY_ENCODING: {
    statusCode: 415,
    summary: 'The body has a `Content-Encoding` or a charset that is not read here; send it uncompressed, as UTF-8.',
  },
  ENCKE_ERR_HOST: {
    statusCode: 421,
    summary:
      'The `Host` is neither a loopback name, nor an IP address, nor in `ENCKE_PUBLIC_HOSTS`; if people reach the server by that name, add it there.',
  },
  ENCKE_ERR_CLIENT_RATE: {
    statusCode: 429,
    summary: 'One client sends more than `--requests-per-second`; wait as `Retry-After` says, then send more slowly.',
    retryAfterSeconds: 1,
  },
  ENCKE_ERR_CLIENT_WAITING: {
    statusCode: 429,
    summary:
      'One client has `--max-waiting-per-client` requests waiting already; ask for several topics in one poll, or share one poll.',
    retryAfterSeconds: 5,
  },
  ENCKE_ERR_HEADERS_TOO_LARGE: {
    statusCode: 431,
    summary:
      'The headers and the URL together are larger than any valid request needs; drop cookies, use `POST /poll`.',
  },
  ENCKE_ERR_BENCHMARK_FAILED: {
    statusCode: 500,
    summary:
      'A benchmark broke one of its own invariants, so its times are not reported; this is a bug: please report it.',
  },
  ENCKE_ERR_INTERNAL: {
    statusCode: 500,
    summary: 'Something went wrong that is not the fault of the request; the log has the details, the reply does not.',
  },
  ENCKE_ERR_SERVER_WAITING: {
    statusCode: 503,
    summary: 'The server has `--max-waiting` requests waiting; come back as `Retry-After` says, or poll with `wait=0`.',
    retryAfterSeconds: 5,
  },
  ENCKE_ERR_SERVER_TOPICS: {
    statusCode: 503,
    summary:
      'The server has `--max-topics` topics and somebody waits on each of them; come back later, or reuse topics.',
    retryAfterSeconds: 30,
  },
  ENCKE_ERR_SERVER_HISTORY: {
    statusCode: 503,
    summary:
      'All histories together fill `--history-total-bytes` and nothing may be dropped yet; publish again as `Retry-After` says.',
    retryAfterSeconds: 5,
  },
  ENCKE_ERR_SERVER_DRAINING: {
    statusCode: 503,
    summary: 'The server is going away: it starts no benchmark, and `/readyz` says so; ask whoever answers next.',
    retryAfterSeconds: 5,
  },
} as const satisfies Record<`ENCKE_ERR_${string}`, ErrorRow>

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

/** How much of a given value a message repeats. */
const CLIP_LENGTH = 60

// Control and format characters, lone surrogates, line separators: they would forge log lines, steer a terminal or hide.
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u

/**
 * Quote a given value for a message: as JSON, on one line, printable, cut after about 60 characters.
 *
 * Takes anything and never throws. A string that was cut is followed by its length.
 */
export function clip(value: unknown): string {
  try {
    return typeof value === 'string' ? clipString(value) : clipOther(value)
  } catch {
    return 'a value that cannot be shown'
  }
}

function clipString(text: string): string {
  const { kept, isWhole } = cut(text, quoteCharacter)
  return isWhole ? `"${kept}"` : `"${kept}"… (${text.length} characters)`
}

function clipOther(value: unknown): string {
  const { kept, isWhole } = cut(showOther(value))
  return isWhole ? kept : `${kept}…`
}

function showOther(value: unknown): string {
  if (typeof value === 'object') return JSON.stringify(value) ?? 'undefined'
  return typeof value === 'function' ? 'a function' : String(value)
}

function quoteCharacter(character: string): string {
  return character === '"' || character === '\\' ? `\\${character}` : escapeUnprintable(character)
}

function escapeUnprintable(character: string): string {
  if (!UNPRINTABLE.test(character)) return character
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}

/** Write characters of `text` until the next one would not fit: an escape or a surrogate pair is never cut in two. */
function cut(text: string, write = escapeUnprintable): { kept: string; isWhole: boolean } {
  let kept = ''
  for (const character of text) {
    const written = write(character)
    if (kept.length + written.length > CLIP_LENGTH) return { kept, isWhole: false }
    kept += written
  }
  return { kept, isWhole: true }
}
