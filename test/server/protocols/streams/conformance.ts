// The public suite of the protocol, unmodified, on a server with a broker of its own.

import { runConformanceTests } from '@durable-streams/server-conformance-tests'
import { afterAll, beforeAll } from 'vitest'
import type { Parts } from '../../../../server/app.ts'
import { Served } from '../../http/served.ts'

const holdSeconds = 2

/** Its tests, with the server that `open` gives flags and parts for. */
export function testConformance(open: () => Promise<{ readonly flags: string[]; readonly parts?: Parts }>): void {
  const server = { baseUrl: '' }
  let served: Served

  beforeAll(async () => {
    const { flags, parts } = await open()
    const limits = ['--client-limits', 'off', '--wait-default-seconds', `${holdSeconds}`]
    served = await Served.start([...limits, '--origins', 'https://example.com', ...flags], parts)
    server.baseUrl = served.origin
  })
  afterAll(() => served[Symbol.asyncDispose]())

  const options = { longPollTimeoutMs: holdSeconds * 1_000 }
  // Its address is known once it listens, and the suite asks for it in its tests.
  runConformanceTests(
    Object.defineProperty(options, 'baseUrl', { get: () => server.baseUrl }) as typeof options & typeof server,
  )
}
