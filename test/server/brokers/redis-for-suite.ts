// A Redis broker for the conformance suite: the clock of its scripts is that of the suite, and it says when it is quiet.

import { setImmediate as turn } from 'node:timers/promises'
import { run, type Scheduler, type VirtualHost } from '../../../runtime/index.ts'
import { randomIds } from '../../../server/brokers/random-ids.ts'
import { readRedisAddress } from '../../../server/brokers/redis/address.ts'
import type { RedisBroker } from '../../../server/brokers/redis/redis-broker.ts'
import { bounds, mostKeys, Recorder, streamBytes } from './conformance.ts'
import { openAtLast } from './redis-harness.ts'

let prefixes = 0

export async function openForSuite(url: string, host: VirtualHost, scheduler: Scheduler) {
  const broker = await openAtLast({
    address: readRedisAddress(url),
    prefix: `suite${(prefixes += 1)}:`,
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
  })
  return { broker, settle: () => settled(broker), close: () => closed(broker) }
}

// One for each server of a cluster, most probably: each tells in its own order.
const last = Array.from({ length: 12 }, (_, index) => `the-last-to-be-told-${index}`)

/** Nothing is on its way to the servers, and what they have told so far has come: each tells in order. */
async function settled(broker: RedisBroker): Promise<void> {
  while (broker.inFlight > 0) await turn()
  const recorder = new Recorder()
  broker.follow(last, recorder)
  while (recorder.answers.length < last.length || broker.inFlight > 0) await turn()
  broker.unfollow(last, recorder)
}

async function closed(broker: RedisBroker): Promise<void> {
  await run(function* () {
    yield* broker.close()
  }).promise
}
