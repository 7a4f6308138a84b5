// Errors: what is wrong with a topic or a cursor, and what a broker keeps from being done.

import type { ErrorRows } from '../errors/row.ts'

export const hubErrors = {
  ENCKE_ERR_TOPIC_NAME: {
    statusCode: 400,
    summary:
      'A topic name is not 1–200 characters of `A–Z a–z 0–9 . _ ~ - /`, or has a segment that is empty, `.` or `..`; rename the topic, and write `/` in a path as `%2F`.',
  },
  ENCKE_ERR_CURSOR_MALFORMED: {
    statusCode: 400,
    summary: 'The cursor is not one that a server gave out; send it back unchanged, or leave it out to start from now.',
  },
  ENCKE_ERR_CURSOR_REPEATED: {
    statusCode: 400,
    summary: 'The cursor holds the same topic twice; send one cursor as it was given, do not join two.',
  },
  ENCKE_ERR_TOPIC_RESERVED: {
    statusCode: 403,
    summary:
      "A topic whose name begins with `__` is the server's own: nobody else publishes to it or manages it, and most are read by nobody; use another name.",
  },
  ENCKE_ERR_TOPIC_UNKNOWN: {
    statusCode: 404,
    summary:
      'There is no topic of that name: it was never made, was removed, or has expired; publish to it, or create it.',
  },
  ENCKE_ERR_TOPIC_CLOSED: {
    statusCode: 409,
    summary: 'The topic was closed, and nothing more can be published to it; publish to another.',
  },
  ENCKE_ERR_TOPIC_CONTENT_TYPE: {
    statusCode: 409,
    summary: 'The topic was created with another content type than JSON; publish to another.',
  },
  ENCKE_ERR_TOPIC_REMOVED: {
    statusCode: 410,
    summary: 'The topic was removed, and its forks still need it, so that its name cannot be used; take another name.',
  },
  ENCKE_ERR_KEY_REUSED: {
    statusCode: 422,
    summary: 'The `Idempotency-Key` came with another body in the last 10 minutes; take a new key for each message.',
  },
  ENCKE_ERR_SERVER_BROKER: {
    statusCode: 503,
    summary:
      'The broker, which keeps the messages, cannot be reached or has not answered in time (`--broker-timeout-ms`); come back as `Retry-After` says.',
    retryAfterSeconds: 2,
  },
  ENCKE_ERR_SERVER_PUBLISHES: {
    statusCode: 503,
    summary: 'Too many publishes wait for the broker; this one was not published: try again as `Retry-After` says.',
    retryAfterSeconds: 2,
  },
  ENCKE_ERR_PUBLISH_UNKNOWN: {
    statusCode: 504,
    summary:
      'The broker has not answered in time, and the message may have been published or not; only with an `Idempotency-Key` is it safe to publish it again.',
  },
} as const satisfies ErrorRows
