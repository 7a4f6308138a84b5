import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, describe } from 'vitest'
import { run, type Scheduler, type VirtualHost } from '../../../runtime/index.ts'
import { randomIds } from '../../../server/brokers/random-ids.ts'
import { readRedisAddress } from '../../../server/brokers/redis/address.ts'
import { RedisBroker, type RedisBrokerOptions } from '../../../server/brokers/redis/redis-broker.ts'
import { bounds, describeBroker, mostKeys, Recorder, streamBytes } from './conformance.ts'
import { RedisServer, redisIsMissing } from './redis-server.ts'

let server: RedisServer
let prefixes = 0

/** On the shared server, below a prefix of its own; the clock of its scripts is that of the host. */
function open(
  host: VirtualHost,
  scheduler: Scheduler,
  options: Partial<RedisBrokerOptions> = {},
): Promise<RedisBroker> {
  return RedisBroker.open({
    address: readRedisAddress(server.url),
    prefix: `test${(prefixes += 1)}:`,
    waitReplicas: 0,
    silenceMs: 5_000,
    history: bounds,
    topicTtlMs: 600_000,
    streamsTotalBytes: streamBytes,
    idempotencyKeys: mostKeys,
    randomId: randomIds(),
    scheduler,
    now: () => host.now(),
    shiftMs: () => host.now() - Date.now(),
    ...options,
  })
}

/** Nothing is on its way to the server, and what it has told so far has come: it tells in order. */
async function settled(broker: RedisBroker): Promise<void> {
  while (broker.inFlight > 0) await turn()
  const last = new Recorder()
  broker.follow(['the last to be told'], last)
  while (last.answers.length === 0 || broker.inFlight > 0) await turn()
  broker.unfollow(['the last to be told'], last)
}

async function closed(broker: RedisBroker): Promise<void> {
  await run(function* () {
    yield* broker.close()
  }).promise
}

describe.skipIf(redisIsMissing !== undefined)(
  `with Redis${redisIsMissing ? ` (skipped: ${redisIsMissing})` : ''},`,
  () => {
    beforeAll(async () => {
      server = await RedisServer.start()
    })

    afterAll(async () => {
      await server[Symbol.asyncDispose]()
    })

    describeBroker('the Redis broker', async (host, scheduler) => {
      const broker = await open(host, scheduler)
      return { broker, settle: () => settled(broker), close: () => closed(broker) }
    })
  },
)
