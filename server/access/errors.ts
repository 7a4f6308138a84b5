// Errors: who may not, and who asks for too much.

import type { ErrorRows } from '../errors/row.ts'

export const accessErrors = {
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
  ENCKE_ERR_TOKEN_MISSING: {
    statusCode: 401,
    summary:
      'This server wants a token, and there is none; get one from the application, and send it as `Authorization: Bearer …` or in the cookie `encke_token`.',
  },
  ENCKE_ERR_TOKEN: {
    statusCode: 401,
    summary:
      'The token cannot be used: its signature, its audience, its issuer, its begin or one of its claims does not fit, and the message says which; get another.',
  },
  ENCKE_ERR_TOKEN_EXPIRED: {
    statusCode: 401,
    summary: 'The token has expired; get a new one from where it came from, and ask again with the same cursor.',
  },
  ENCKE_ERR_RIGHT: {
    statusCode: 403,
    summary: 'The token is sound and does not allow this, or not for this topic; get one whose claim `encke` does.',
  },
  ENCKE_ERR_ORIGIN: {
    statusCode: 403,
    summary:
      'A page of a foreign origin asked for a change; if it should be allowed to, add its origin to `ENCKE_ORIGINS`.',
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
  ENCKE_ERR_SERVER_KEYS: {
    statusCode: 503,
    summary:
      'The keys that tokens are verified with (`--token-jwks`) could not be fetched since the start; come back as `Retry-After` says.',
    retryAfterSeconds: 5,
  },
  ENCKE_ERR_SERVER_WAITING: {
    statusCode: 503,
    summary: 'The server has `--max-waiting` requests waiting; come back as `Retry-After` says, or poll with `wait=0`.',
    retryAfterSeconds: 5,
  },
} as const satisfies ErrorRows
