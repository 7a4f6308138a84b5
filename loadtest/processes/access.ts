// What the clients of the load test present of themselves, and what the server is started with so that it wants that.

import { createHmac, randomBytes } from 'node:crypto'

export const accesses = ['open', 'keys', 'tokens'] as const
export type Access = (typeof accesses)[number]

export interface Presented {
  readonly variables: Readonly<Record<string, string>>
  /** That go with each request of readers and publishers. */
  readonly headers: Readonly<Record<string, string>>
}

const rights = { publish: ['**'], subscribe: ['**'] }
const tokenSeconds = 24 * 3_600

export function presentedFor(access: Access): Presented {
  if (access === 'open') return { variables: {}, headers: {} }
  const secret = randomBytes(32).toString('base64url')
  const variables: Record<string, string> =
    access === 'keys' ? { ENCKE_PUBLISH_KEY: secret, ENCKE_SUBSCRIBE_KEY: secret } : { ENCKE_TOKEN_SECRET: secret }
  const bearer = access === 'keys' ? secret : tokenOf(secret)
  return { variables, headers: { Authorization: `Bearer ${bearer}` } }
}

function tokenOf(secret: string): string {
  const exp = Math.floor(Date.now() / 1_000) + tokenSeconds
  const parts = [
    { alg: 'HS256', typ: 'JWT' },
    { sub: 'load', exp, encke: rights },
  ]
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}
