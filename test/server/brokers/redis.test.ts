import { afterAll, beforeAll, describe } from 'vitest'
import { describeBroker } from './conformance.ts'
import { openForSuite } from './redis-for-suite.ts'
import { RedisServer, redisIsMissing } from './redis-server.ts'

const why = redisIsMissing === undefined ? '' : ` (skipped: ${redisIsMissing})`

describe.skipIf(redisIsMissing !== undefined)(`on one Redis${why},`, () => {
  let server: RedisServer

  beforeAll(async () => {
    server = await RedisServer.start()
  })

  afterAll(() => server[Symbol.asyncDispose]())

  describeBroker('the Redis broker', (host, scheduler) => openForSuite(server.url, host, scheduler))
})
