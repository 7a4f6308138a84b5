import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { ConnectionLost } from '../../../server/brokers/redis/connection.ts'
import { Followings, type Surroundings } from '../../../server/brokers/redis/followings.ts'
import type { FoundRecord } from '../../../server/brokers/redis/replies.ts'
import type { Shard } from '../../../server/brokers/redis/shard.ts'
import { type TopicRecord, unbornStanding } from '../../../server/hub/index.ts'
import { Recorder } from './conformance.ts'

/** A server that takes every subscription, and believes those that name nobody or itself. */
function takingServer(name = ''): Shard {
  const done = () => Promise.resolve()
  const believes = (maker: string) => maker === '' || maker === name
  const server = { isOpen: true, subscriber: { fail() {} }, subscribe: done, unsubscribe: done, believes }
  return server as unknown as Shard
}

function followingsOn(around: Partial<Surroundings>): Followings {
  return new Followings({
    shardOf: () => undefined,
    refind: () => {},
    channelOf: (topic) => topic,
    look: () => Promise.resolve(null),
    fetch: () => Promise.reject(new Error('nothing is large')),
    now: () => 0,
    ...around,
  })
}

const recordAt = (head: number): FoundRecord => {
  const segments = [{ number: 1, first: 1 }]
  const kept = { segments, lifetime: null, retention: 'bounded', forkedFrom: null, isRemoved: false } as const
  const place = { epoch: 'e', head, headId: `id${head}`, oldest: 1, isClosed: false, segment: 1, contentType: 'a/b' }
  const record: TopicRecord = { ...place, ...kept }
  return { record, bytes: 0, ttlMs: 0 }
}

const messageAt = (offset: number, maker: string) => Buffer.from(`1m e ${offset} id${offset} 0 d ${maker}\n"data"`)

it('a follower is told once where its topic stands when another server has it, and not when the same still has it', async () => {
  let server = takingServer()
  const followings = followingsOn({ shardOf: () => server })
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

it('what a follower was to be told while the server went it is told by the next one', async () => {
  let server = takingServer()
  let look = (): Promise<FoundRecord | null> => Promise.reject(new ConnectionLost('it has gone'))
  const followings = followingsOn({ shardOf: () => server, look: () => look() })
  const recorder = new Recorder()
  followings.follow(['a'], recorder)
  await turn()
  expect(recorder.answers).toEqual([])
  server = takingServer()
  look = () => Promise.resolve(recordAt(7))
  followings.rehome()
  await turn()
  expect(recorder.answers).toMatchObject([{ topic: 'a', standing: { head: 7 } }])
  followings.close()
})

it('a large message that cannot be fetched is not forgotten: it is asked where its topic stands', async () => {
  const server = takingServer()
  let found = recordAt(1)
  const followings = followingsOn({ shardOf: () => server, look: () => Promise.resolve(found) })
  const recorder = new Recorder()
  followings.follow(['a'], recorder)
  await turn()
  found = recordAt(2)
  followings.told('a', Buffer.from('1p e 2 id2 0'), server)
  await turn()
  expect(recorder.moves).toMatchObject([{ topic: 'a', standing: { head: 2, headId: 'id2' } }])
  followings.close()
})

it('what another server has made is not told: the one that is followed is asked', async () => {
  const server = takingServer('this')
  let asked = 0
  let found = recordAt(1)
  const look = () => {
    asked += 1
    return Promise.resolve(found)
  }
  const followings = followingsOn({ shardOf: () => server, look })
  const recorder = new Recorder()
  followings.follow(['a'], recorder)
  await turn()
  followings.told('a', messageAt(2, 'other'), server)
  await turn()
  expect([recorder.told, asked]).toEqual([[], 2])
  // Where it has the message all the same, readers find it.
  found = recordAt(2)
  followings.told('a', messageAt(2, 'other'), server)
  await turn()
  expect([recorder.told, recorder.moves.at(-1)]).toMatchObject([[], { standing: { head: 2 } }])
  for (const maker of ['this', '']) followings.told('a', messageAt(3, maker), server)
  expect([recorder.told.length, asked]).toEqual([2, 3])
  // One that the topic was taken from is not heard any more.
  followings.told('a', messageAt(4, ''), takingServer())
  expect([recorder.told.length, asked]).toEqual([2, 3])
  followings.close()
})
