// Publishing with an Idempotency-Key: what was sent again because its answer got lost is kept once.

import { askTwice, isFinal } from './request.js'

/** @typedef {import('./request.js').Connection} Connection */

const mostAttempts = 3
const firstPauseMs = 500

/**
 * @param {Connection} connection
 * @param {string} topic
 * @param {unknown} data
 * @param {{ key: import('./key.js').Key, idempotencyKey: string, random: () => number }} options
 */
export async function publish(connection, topic, data, { key, idempotencyKey, random }) {
  const path = `/publish?${new URLSearchParams({ topic })}`
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await askTwice(connection, path, { key, body: data ?? null, idempotencyKey })
    } catch (/** @type {any} */ error) {
      if (isFinal(error) || attempt === mostAttempts) throw error
      const ms = (error.retryAfterMs ?? 0) + random() * firstPauseMs * 2 ** attempt
      await new Promise((resolve) => connection.setTimeout(() => resolve(undefined), ms))
    }
  }
}
