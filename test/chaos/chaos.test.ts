import { describe, expect, it } from 'vitest'
import { redisIsMissing } from '../server/brokers/redis-server.ts'
import { faults } from './faults.ts'
import { play } from './play.ts'

// The short part of `npm run chaos`: what takes seconds, with a small crowd.
const short = [
  'a node is killed and comes back',
  'every node drains and is replaced, one after the other',
  'all connections of a node to Redis are cut',
  'Redis is killed and comes back',
]

describe.skipIf(redisIsMissing !== undefined)('three nodes on one Redis', () => {
  it('deliver every acknowledged message once and in order while nodes, connections and Redis go and come', async () => {
    const wanted = faults.filter(({ name }) => short.includes(name))
    const seed = Math.floor(Math.random() * 2 ** 31)
    const size = { readers: 30, topics: 10, topicsPerReader: 2, publishers: 3, pauseMs: 30 }
    const { verdicts, felt } = await play(wanted, size, seed, () => {})
    expect(felt.map(({ fault }) => fault)).toEqual(short)
    expect({ seed, ...verdicts[0] }).toMatchObject({ seed, failures: [], lostByRedis: [] })
    expect(verdicts[0]?.deliveries).toBeGreaterThan(100)
  })
})
