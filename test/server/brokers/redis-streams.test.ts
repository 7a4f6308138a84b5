// The public suite of Durable Streams on Redis.

import { afterAll, beforeAll, describe } from 'vitest'
import { testConformance } from '../protocols/streams/conformance.ts'
import { RedisServer, redisIsMissing } from './redis-server.ts'

describe.skipIf(redisIsMissing !== undefined)('Durable Streams on the Redis broker', () => {
  let redis: RedisServer

  beforeAll(async () => {
    redis = await RedisServer.start()
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  testConformance(async () => ({ flags: ['--broker', redis.url] }))
})
