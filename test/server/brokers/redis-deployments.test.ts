import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { Connection } from '../../../server/brokers/redis/connection.ts'
import { describeBroker, draftOf, Recorder } from './conformance.ts'
import { Cluster, Sentinels } from './redis-deployments.ts'
import { openForSuite } from './redis-for-suite.ts'
import { RedisNode, until } from './redis-harness.ts'
import { redisIsMissing } from './redis-server.ts'

const isMissing = redisIsMissing !== undefined

describe.skipIf(isMissing)('on a cluster of three masters', () => {
  let cluster: Cluster

  beforeAll(async () => {
    cluster = await Cluster.start(0)
  })

  afterAll(() => cluster[Symbol.asyncDispose]())

  describeBroker('the Redis broker', (host, scheduler) => openForSuite(cluster.url, host, scheduler))

  it('a topic whose slot moves is told of by its new server, and nothing of it is lost', async () => {
    await using node = await RedisNode.open(cluster.url, { prefix: 'moving:' })
    const recorder = new Recorder()
    const topics = ['a', 'b', 'c', 'd']
    for (const topic of topics) {
      await node.publish(topic, '1')
      await node.follow(topic, recorder)
    }
    // One that is not told of anything there learns it by being sent away.
    await using quiet = await RedisNode.open(cluster.url, { prefix: 'moving:' })
    cluster.migrate('a')
    const { epoch, head } = await quiet.publish('a', '2')
    expect([epoch, head]).toEqual([(await node.inform('a'))?.epoch, 2])
    await until(() => recorder.offsets('a', 1).length > 0 || recorder.moves.some(({ standing }) => standing.head === 2))
    for (const topic of topics) await node.publishAtLast(topic, '3')
    await until(() => topics.every((topic) => recorder.offsets(topic, 1).length > 0))
    expect(await node.dataOf('a')).toEqual(['1', '2', '3'])
  })

  it('a connection that was told of a topic ends when its slot moves', async () => {
    const { port } = cluster.masterOf('leaving')
    const options = { credentials: {}, database: 0, tls: undefined, silenceMs: 60_000 }
    const connection = await Connection.open({ host: '127.0.0.1', port }, options)
    onTestFinished(() => connection.close())
    const ended = new Promise<Error>((resolve) => {
      connection.onEnd = resolve
    })
    await connection.subscribe('any:{leaving}', () => {})
    cluster.migrate('leaving')
    expect((await ended).message).toBe('a slot has moved')
  })

  it('a fork may have another server than its source', async () => {
    await using node = await RedisNode.open(cluster.url, { prefix: 'forking:' })
    const data = Array.from({ length: 2_500 }, (_, index) => `${index}`)
    await node.create('source', { messages: data.map(draftOf) })
    const forks = ['f1', 'f2', 'f3', 'f4', 'f5']
    const made = await Promise.all(forks.map((fork) => node.fork('source', fork)))
    expect(made.map((each) => (each as { outcome: string }).outcome)).toEqual(forks.map(() => 'created'))
    for (const fork of forks) expect((await node.inform(fork))?.head).toBe(2_500)
    const again = await Promise.all([1, 2, 3].map(() => node.fork('source', 'f1')))
    expect(again.map((each) => (each as { outcome: string }).outcome)).toEqual(['existed', 'existed', 'existed'])
  })
})

describe.skipIf(isMissing)('when a master of a cluster is paused, is replaced, and wakes', () => {
  it('nobody hears what it does before it is told that it is no master any more', async () => {
    await using cluster = await Cluster.start(1)
    await using node = await RedisNode.open(cluster.url)
    // Its node would have waited for it: what it is asked is not too late.
    const probe = { silentMs: 3_600_000, patienceMs: 3_600_000 }
    await using patient = await RedisNode.open(cluster.url, { silenceMs: 3_600_000, probe })
    const recorder = new Recorder()
    await node.follow('a', recorder)
    await node.publish('a', '1')
    const master = cluster.masterOf('a')
    master.signal('SIGSTOP')
    const lost = patient.publish('a', '"lost"').catch(() => null)
    await node.publishAtLast('a', '"again"')
    await until(() => recorder.told.at(-1)?.message.data === '"again"')
    master.signal('SIGCONT')
    await until(() => master.ask('info', 'replication').includes('master_link_status:up'))
    await node.publishAtLast('a', '"last"')
    await until(() => recorder.told.at(-1)?.message.data === '"last"')
    expect(recorder.told.map(({ message }) => message.data)).not.toContain('"lost"')
    await lost
  })
})

describe.skipIf(isMissing)('when a master is killed', () => {
  it('under Sentinel, its replica is found, and followers hear of what comes', async () => {
    await using sentinels = await Sentinels.start()
    await using node = await RedisNode.open(sentinels.url)
    const recorder = new Recorder()
    await node.follow('a', recorder)
    const { epoch } = await node.publish('a', '1')
    await sentinels.master.kill()
    await until(() => !node.broker.health.isOk)
    const after = await node.publishAtLast('a', '2')
    expect(after.epoch).toBe(epoch)
    await until(() => recorder.told.some(({ message }) => message.data === '2'))
    await until(() => node.broker.health.isOk)
  })

  it('in a cluster, its replica takes over, and the topics of the others never notice', async () => {
    await using cluster = await Cluster.start(1)
    await using node = await RedisNode.open(cluster.url)
    const recorder = new Recorder()
    const topics = Array.from({ length: 30 }, (_, index) => `t${index}`)
    for (const topic of topics) await node.follow(topic, recorder)
    for (const topic of topics) await node.publish(topic, '1')
    const victim = cluster.masterOf('t0')
    const others = topics.filter((topic) => cluster.masterOf(topic) !== victim)
    await victim.kill()
    for (const topic of others.slice(0, 5)) await node.publish(topic, '2')
    for (const topic of topics) await node.publishAtLast(topic, '"last"')
    const heard = (topic: string) =>
      recorder.told.some(({ message }) => message.topic === topic && message.data === '"last"')
    await until(() => topics.every(heard))
    await until(() => node.broker.health.isOk)
  })
})
