// Errors: what a broker has no room for.

import type { ErrorRows } from '../errors/row.ts'

export const brokerErrors = {
  ENCKE_ERR_MESSAGE_OVER_HISTORY: {
    statusCode: 413,
    summary:
      'A message, as it is stored, is larger than the whole history of a topic (`--history-bytes`); publish less, or a link to it.',
  },
  ENCKE_ERR_SERVER_TOPICS: {
    statusCode: 503,
    summary: 'The server has `--max-topics` topics and each of them has readers; come back later, or reuse topics.',
    retryAfterSeconds: 30,
  },
  ENCKE_ERR_SERVER_HISTORY: {
    statusCode: 503,
    summary:
      'All histories together fill `--history-total-bytes`, or the memory of Redis, and nothing may be dropped yet; publish again as `Retry-After` says.',
    retryAfterSeconds: 5,
  },
  ENCKE_ERR_SERVER_OUTDATED: {
    statusCode: 503,
    summary:
      'A newer server has written the topic in a way that this one can only read; publish through another, or upgrade this one.',
    retryAfterSeconds: 30,
  },
  ENCKE_ERR_STREAMS_FULL: {
    statusCode: 507,
    summary:
      'The topics that keep everything fill `--streams-total-bytes`, and nothing of them is ever dropped; remove some, or raise the option.',
  },
  ENCKE_ERR_SERVER_DISK: {
    statusCode: 507,
    summary: 'The disk of the server is full, and nothing was changed; readers go on. Make space, or remove topics.',
  },
} as const satisfies ErrorRows
