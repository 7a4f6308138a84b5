// The headers of a request that waits.

import type { IncomingMessage } from 'node:http'

const noHeaders = Object.freeze({})

const noRawHeaders = Object.freeze([]) as unknown as string[]

/**
 * Forget them. A browser sends a kilobyte, and they are kept twice, as they came and by name: a sixth of a poll that waits.
 * Call it once everything that reads them has done so: the guards, the keys and the handler.
 */
export function letGoOfHeaders(request: IncomingMessage): void {
  request.rawHeaders = noRawHeaders
  request.headers = noHeaders
}
