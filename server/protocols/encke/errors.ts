// Errors: what is wrong with a poll or a publish.

import type { ErrorRows } from '../../errors/row.ts'

export const enckeErrors = {
  ENCKE_ERR_TOPIC_MISSING: {
    statusCode: 400,
    summary: 'The request names no topic; give at least one, as `?topic=` or in `topics`.',
  },
  ENCKE_ERR_TOPIC_COUNT: {
    statusCode: 400,
    summary:
      'One request names more topics than `--topics-per-get` or `--topics-per-poll` allows; use `POST /poll`, or several requests.',
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
    summary: '`from` is none of `now`, `earliest` and `latest`; choose one, or leave it out for `now`.',
  },
  ENCKE_ERR_CLIENT_VALUE: {
    statusCode: 400,
    summary: '`client` is not a short random name of letters, digits, `-` and `_`; make one per page, or leave it out.',
  },
  ENCKE_ERR_TURN_VALUE: {
    statusCode: 400,
    summary: '`turn` is not that of a reply, a whole number; send the last one, or leave it out.',
  },
  ENCKE_ERR_PRESENCE_NAME: {
    statusCode: 400,
    summary:
      '`presence` is not a name of 1 to 100 characters without control characters; an empty one leaves, and needs the `client` that leaves.',
  },
  ENCKE_ERR_KEY_VALUE: {
    statusCode: 400,
    summary:
      'The `Idempotency-Key` is not one of 1 to 255 printable ASCII characters without blanks; make a random one for each message.',
  },
  ENCKE_ERR_MESSAGE_COUNT: {
    statusCode: 413,
    summary: 'One publish has more than 10,000 messages; send the others in another.',
  },
  ENCKE_ERR_MESSAGE_TOO_LARGE: {
    statusCode: 413,
    summary: 'A published message is larger than `--message-bytes`; publish less, or a link to it.',
  },
} as const satisfies ErrorRows
