// Errors: what is wrong with a request, whatever it asks for, and what the server cannot do now.

import type { ErrorRows } from '../errors/row.ts'

export const httpErrors = {
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
  ENCKE_ERR_BODY_TOO_LARGE: {
    statusCode: 413,
    summary:
      'The body of `POST /poll` is larger than `--poll-body-bytes`, one of several messages than `--append-bytes`, or that of an admin request than it may be; ask for fewer topics, or send fewer messages.',
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
  ENCKE_ERR_EXPECTATION: {
    statusCode: 417,
    summary: 'The request has an `Expect` other than `100-continue`; leave it out.',
  },
  ENCKE_ERR_HEADERS_TOO_LARGE: {
    statusCode: 431,
    summary:
      'The headers and the URL together are larger than any valid request needs; drop cookies, use `POST /poll`.',
  },
  ENCKE_ERR_INTERNAL: {
    statusCode: 500,
    summary: 'Something went wrong that is not the fault of the request; the log has the details, the reply does not.',
  },
  ENCKE_ERR_SERVER_DRAINING: {
    statusCode: 503,
    summary: 'The server is going away: it starts no benchmark, and `/readyz` says so; ask whoever answers next.',
    retryAfterSeconds: 5,
  },
} as const satisfies ErrorRows
