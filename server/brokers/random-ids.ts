// Ids for messages and epochs.

import { randomBytes } from 'node:crypto'

/** Ids of 96 random bits; the bytes are drawn many at a time, because each draw is a system call. */
export function randomIds(): () => string {
  const idBytes = 12
  let pool = Buffer.alloc(0)
  let at = 0
  return () => {
    if (at === pool.length) {
      pool = randomBytes(idBytes * 512)
      at = 0
    }
    at += idBytes
    return pool.toString('base64url', at - idBytes, at)
  }
}
