import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Followings } from '../../../server/brokers/redis/followings.ts'
import type { Shard } from '../../../server/brokers/redis/shard.ts'
import { unbornStanding } from '../../../server/hub/index.ts'
import { Recorder } from './conformance.ts'

/** A server that takes every subscription. */
function takingServer(): Shard {
  const done = () => Promise.resolve()
  return { isOpen: true, subscriber: {}, subscribe: done, unsubscribe: done } as unknown as Shard
}

it('a follower is told once where its topic stands when another server has it, and not when the same still has it', async () => {
  let server = takingServer()
  const followings = new Followings({
    shardOf: () => server,
    refind: () => {},
    channelOf: (topic) => topic,
    look: () => Promise.resolve(null),
    fetch: () => Promise.reject(new Error('nothing is large')),
    now: () => 0,
  })
  const recorder = new Recorder()
  followings.follow(['a'], recorder)
  await turn()
  expect([recorder.answers.length, recorder.moves]).toEqual([1, []])
  server = takingServer()
  for (let times = 0; times < 2; times += 1) {
    followings.rehome()
    await turn()
  }
  expect(recorder.moves).toEqual([{ topic: 'a', standing: unbornStanding }])
  followings.close()
})
