import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Coroutine, run } from '../../../runtime/index.ts'
import { openBroker } from '../../../server/brokers/open-broker.ts'
import { readRedisAddress } from '../../../server/brokers/redis/address.ts'
import { Connection } from '../../../server/brokers/redis/connection.ts'
import { requireVersion } from '../../../server/brokers/redis/server-check.ts'
import { Shard } from '../../../server/brokers/redis/shard.ts'
import { slotOf } from '../../../server/brokers/redis/slots.ts'
import { TopicScripts } from '../../../server/brokers/redis/topic-scripts.ts'
import { ConfigError } from '../../../server/config/config-error.ts'
import { type TopicRecord, unbornStanding } from '../../../server/hub/index.ts'
import { TcpProxy } from '../../chaos/tcp-proxy.ts'
import { ServerProcess } from '../server-process.ts'
import { draftOf, Recorder } from './conformance.ts'
import { eventually, RedisNode, until } from './redis-harness.ts'
import { freePort, RedisServer, redisIsMissing } from './redis-server.ts'

const opensslIsMissing = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return false
  } catch {
    return true
  }
})()

const soon = { probe: { silentMs: 300, patienceMs: 100 } }

/** A master that nodes reach through a proxy, and its replica, which takes over without what the master has acknowledged last. */
class Failover implements AsyncDisposable {
  readonly replica: RedisServer
  readonly #master: RedisServer
  readonly #proxy: TcpProxy

  private constructor(master: RedisServer, replica: RedisServer, proxy: TcpProxy) {
    this.#master = master
    this.replica = replica
    this.#proxy = proxy
  }

  static async prepared(): Promise<Failover> {
    const master = await RedisServer.start()
    const replica = await RedisServer.start({ flags: ['--replicaof', '127.0.0.1', `${master.port}`] })
    await until(() => replica.ask('info', 'replication').includes('master_link_status:up'))
    return new Failover(master, replica, await TcpProxy.start(master.port))
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#proxy.port}`
  }

  /** From now on the replica hears of nothing more; of this topic it has so many. */
  async losing(topic: string, head: number, prefix = 'test:'): Promise<void> {
    await until(() => this.replica.ask('hget', `${prefix}m:{${topic}}`, 'h') === `${head}`)
    this.replica.ask('replicaof', 'no', 'one')
  }

  happens(): void {
    this.#proxy.target = this.replica.port
    this.#proxy.cut()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const thing of [this.#proxy, this.#master, this.replica]) await thing[Symbol.asyncDispose]()
  }
}

describe.skipIf(redisIsMissing !== undefined)('several nodes on one Redis', () => {
  it('serve the same topics: what one appends the other tells and reads', async () => {
    await using server = await RedisServer.start()
    await using one = await RedisNode.open(server.url)
    await using other = await RedisNode.open(server.url)
    const recorder = new Recorder()
    expect(await other.follow('a', recorder)).toEqual(unbornStanding)
    const { epoch } = await one.publish('a', '1')
    await other.publish('a', '2')
    await until(() => recorder.told.length === 2)
    expect(recorder.told.map(({ message, epoch }) => [message.offset, message.data, epoch])).toEqual([
      [1, '1', epoch],
      [2, '2', epoch],
    ])
    expect(await other.dataOf('a')).toEqual(['1', '2'])
    const key = { text: 'k', bodyHash: 'h' }
    await one.append('a', { messages: [draftOf('3')], key })
    expect((await other.append('a', { messages: [draftOf('3')], key })).outcome).toBe('replayed')
    await one.remove('a')
    await until(() => recorder.moves.at(-1)?.standing.epoch === unbornStanding.epoch)
  })

  it('do not see what has another prefix, whatever characters it has', async () => {
    await using server = await RedisServer.start()
    await using one = await RedisNode.open(server.url, { prefix: 'a*[?]\\' })
    await using other = await RedisNode.open(server.url, { prefix: 'ab[?]\\' })
    await one.publish('a', '1')
    expect([await other.inform('a'), await other.list(), await one.list()]).toEqual([null, [], ['a']])
  })

  it('are told of a large message by its position, and tell it whole and in its order', async () => {
    await using server = await RedisServer.start()
    await using node = await RedisNode.open(server.url)
    const recorder = new Recorder()
    await node.follow('a', recorder)
    const large = `"${'x'.repeat(40_000)}"`
    await node.append('a', { messages: ['1', large, '3', large, '5'].map(draftOf) })
    await until(() => recorder.told.length === 5)
    expect(recorder.told.map(({ message }) => message.data)).toEqual(['1', large, '3', large, '5'])
  })

  it('are not set back by an answer that was crossed by messages', async () => {
    await using server = await RedisServer.start()
    await using node = await RedisNode.open(server.url)
    const [recorder, other] = [new Recorder(), new Recorder()]
    await node.follow('a', recorder)
    const publishing: Promise<unknown>[] = []
    for (let number = 1; number <= 300; number += 1) {
      publishing.push(node.publish('a', `${number}`))
      node.broker.follow(['a'], other)
      if (number % 10 === 0) await Promise.race(publishing.slice(-5))
    }
    await Promise.all(publishing)
    await until(() => recorder.told.length === 300)
    expect(recorder.offsets('a')).toEqual(Array.from({ length: 300 }, (_, index) => index + 1))
    expect(recorder.moves).toEqual([])
  })

  it('let all that belongs to a topic end at one time, by the clock of the server', async () => {
    await using server = await RedisServer.start()
    await using node = await RedisNode.open(server.url)
    const ends = (topic: string) =>
      ['m', 's', 'p', 'q'].map((kind) => server.ask('pexpiretime', `test:${kind}:{${topic}}`))
    const producer = { id: 'p', epoch: 1, sequence: 0 }
    await node.create('lasting', { lifetime: { ttlMs: 60_000 } })
    for (const [topic, ms] of [['a', 600_000] as const, ['lasting', 60_000] as const]) {
      await node.append(topic, { messages: [draftOf('1')], producer })
      await node.append(topic, { messages: [draftOf('2')] })
      const [first, ...others] = ends(topic)
      expect(others).toEqual([first, first, first])
      const [seconds] = server.ask('time').split('\n')
      expect(Math.abs(Number(first) - Number(seconds) * 1_000 - ms)).toBeLessThan(ms / 2)
    }
  })

  it('know their scripts again after the server has forgotten them', async () => {
    await using server = await RedisServer.start()
    await using node = await RedisNode.open(server.url)
    await node.publish('a', '1')
    server.ask('script', 'flush')
    await node.publish('a', '2')
    expect(await node.dataOf('a')).toEqual(['1', '2'])
  })

  it('say in what state they are when Redis goes, take no publish meanwhile, and tell where topics stand once it is back', async () => {
    await using server = await RedisServer.start({ flags: ['--appendonly', 'yes', '--appendfsync', 'always'] })
    await using node = await RedisNode.open(server.url)
    const [recorder, late] = [new Recorder(), new Recorder()]
    await node.publish('a', '1')
    await node.publish('gone', '1')
    for (const topic of ['a', 'gone']) await node.follow(topic, recorder)
    await server.kill()
    await until(() => !node.broker.health.isOk)
    await expect(node.publish('a', '2')).rejects.toMatchObject({ code: 'ENCKE_ERR_SERVER_BROKER', statusCode: 503 })
    node.broker.follow(['late'], late)
    await server.start()
    server.ask('del', 'test:m:{gone}')
    // Also a topic of which nothing was missed: only the broker knows that.
    const told = (topic: string) => recorder.moves.some((move) => move.topic === topic)
    await until(() => node.broker.health.isOk && told('a') && told('gone') && late.answers.length === 1)
    const { epoch } = await node.publishAtLast('a', '2')
    await until(() => recorder.told.length === 1)
    expect(epoch).toBe((await node.inform('a'))?.epoch)
    expect(recorder.told[0]?.message).toMatchObject({ offset: 2, data: '2' })
    await node.publish('late', '1')
    await until(() => late.told.length === 1)
  })

  it('do not sleep when the connection that tells them leads nowhere any more', async () => {
    await using server = await RedisServer.start()
    await using proxy = await TcpProxy.start(server.port)
    await using node = await RedisNode.open(`redis://127.0.0.1:${proxy.port}`, soon)
    const recorder = new Recorder()
    await node.follow('a', recorder)
    expect(proxy.deafenSubscribers()).toBe(1)
    const { head } = await node.publish('a', '1')
    await until(() => !node.broker.health.isOk)
    await until(() => node.broker.health.isOk && recorder.moves.some(({ standing }) => standing.head === head))
    await node.publish('a', '2')
    await until(() => recorder.told.length === 1)
  })

  it('give a server up that is paused, and say that the outcome of what it was sent is unknown', async () => {
    await using server = await RedisServer.start()
    // No probe finds it: what is asked has to.
    const probe = { silentMs: 3_600_000, patienceMs: 3_600_000 }
    await using node = await RedisNode.open(server.url, { silenceMs: 300, probe })
    await node.publish('a', '1')
    server.signal('SIGSTOP')
    await expect(node.publish('a', '2')).rejects.toMatchObject({ code: 'ENCKE_ERR_PUBLISH_UNKNOWN' })
    expect(node.broker.health.isOk).toBe(false)
    server.signal('SIGCONT')
    await until(() => node.broker.health.isOk)
    const { head } = await node.publish('a', '3')
    expect(head).toBe(2)
  })

  it('give a server that was asked for nothing for long as much time to take a subscription as for anything else', async () => {
    await using server = await RedisServer.start()
    const options = { credentials: {}, database: 0, tls: undefined, silenceMs: 60_000 }
    const connection = await Connection.open({ host: '127.0.0.1', port: server.port }, options)
    onTestFinished(() => connection.close())
    await connection.call(['PING'])
    const anHour = 3_600_000
    const now = performance.now.bind(performance)
    const later = vi.spyOn(performance, 'now').mockImplementation(() => now() + anHour)
    onTestFinished(() => later.mockRestore())
    const subscribing = connection.subscribe('test:c:{a}', () => {})
    expect(connection.inFlight).toBe(1)
    expect(connection.keptUntil - performance.now()).toBeGreaterThan(50_000)
    await subscribing
  })

  it('have nothing done by a server that was paused once they have given it up', async () => {
    await using server = await RedisServer.start()
    const probe = { silentMs: 3_600_000, patienceMs: 3_600_000 }
    await using reader = await RedisNode.open(server.url, { silenceMs: 3_600_000, probe })
    await using publisher = await RedisNode.open(server.url, { silenceMs: 1_000, probe })
    const recorder = new Recorder()
    await reader.follow('a', recorder)
    await reader.publish('a', '1')
    server.signal('SIGSTOP')
    await expect(publisher.publish('a', '"late"')).rejects.toMatchObject({ code: 'ENCKE_ERR_PUBLISH_UNKNOWN' })
    server.signal('SIGCONT')
    for (const data of ['2', '3']) await reader.publish('a', data)
    await until(() => recorder.told.at(-1)?.message.data === '3')
    expect(recorder.told.map(({ message }) => message.data)).toEqual(['1', '2', '3'])
  })

  it('publish on when the clock of the server is not what they thought', async () => {
    await using server = await RedisServer.start()
    await using node = await RedisNode.open(server.url)
    const { hasTime } = Shard.prototype
    const mistaken = vi.spyOn(Shard.prototype, 'hasTime').mockImplementationOnce(function (this: Shard, ms) {
      hasTime.call(this, ms - 3_600_000)
    })
    onTestFinished(() => mistaken.mockRestore())
    await using other = await RedisNode.open(server.url)
    expect([await node.publish('a', '1'), await other.publish('a', '2')]).toMatchObject([{ head: 1 }, { head: 2 }])
    expect(mistaken.mock.calls.length).toBeGreaterThan(1)
  })

  it('believe a server that has begun another of its lives, as it does when it gets its first replica', async () => {
    await using server = await RedisServer.start()
    await using node = await RedisNode.open(server.url)
    const recorder = new Recorder()
    await node.follow('a', recorder)
    await node.publish('a', '1')
    await using replica = await RedisServer.start({ flags: ['--replicaof', '127.0.0.1', `${server.port}`] })
    await until(() => replica.ask('info', 'replication').includes('master_link_status:up'))
    const knows = (head: number) =>
      recorder.told.some(({ message }) => message.offset === head) ||
      recorder.moves.some(({ standing }) => standing.head === head)
    await node.publish('a', '2')
    await until(() => knows(2))
    await node.publish('a', '3')
    await until(() => knows(3))
    await node.publish('a', '4')
    await until(() => recorder.told.at(-1)?.message.data === '4')
  })

  it('understand what an older version announces, and announce so that it understands them', async () => {
    await using server = await RedisServer.start()
    await using node = await RedisNode.open(server.url)
    const recorder = new Recorder()
    await node.follow('a', recorder)
    await node.publish('a', '1')
    const { epoch, segments } = (await node.inform('a')) as TopicRecord
    server.ask('spublish', 'test:c:{a}', `1m ${epoch} 2 old 1700000000000 d\n"old"`)
    server.ask('spublish', 'test:c:{a}', `1s ${epoch} 3 older 1 1 ${segments[0]?.number} text/plain`)
    await until(() => recorder.moves.length === 1)
    expect(recorder.told.at(-1)).toMatchObject({ message: { offset: 2, id: 'old', data: '"old"' }, epoch })
    expect(recorder.moves[0]?.standing).toMatchObject({ head: 3, headId: 'older', contentType: 'text/plain' })
    // What it reads: everything before the first end of a line, word by word, and behind that the data of a message.
    const heard: string[] = []
    const options = { credentials: {}, database: 0, tls: undefined, silenceMs: 60_000 }
    const connection = await Connection.open({ host: '127.0.0.1', port: server.port }, options)
    onTestFinished(() => connection.close())
    await connection.subscribe('test:c:{b}', (bytes) => void heard.push(`${bytes}`))
    await node.append('b', { messages: ['1', `"${'x'.repeat(20_000)}"`].map(draftOf), close: true })
    await until(() => heard.length === 3)
    const found = (await node.inform('b')) as TopicRecord
    const [message, large, standing] = heard.map((text) => text.split('\n').map((line) => line.split(' ')))
    expect(message?.[0]?.slice(0, 6)).toEqual(['1m', found.epoch, '1', expect.any(String), expect.any(String), 'd'])
    expect(message?.[1]).toEqual(['1'])
    expect(large?.[0]).toEqual(['1p', found.epoch, '2', found.headId, expect.any(String)])
    expect(standing?.[0]?.slice(0, 6)).toEqual(['1s', found.epoch, '2', found.headId, '1', '1'])
    expect(standing?.[0]?.slice(6)).toEqual([`${found.segment}`, 'application/json'])
    // Its maker is named where it does not look.
    expect([message?.[0]?.[6], large?.[1]?.[0], standing?.[1]?.[0]]).toEqual(Array(3).fill(message?.[0]?.[6]))
    expect(server.ask('info', 'replication')).toContain(`master_replid:${message?.[0]?.[6]}`)
  })

  it('keep the offsets of what a failover has lost: who had it has missed nothing, and the next one comes behind', async () => {
    await using failover = await Failover.prepared()
    await using node = await RedisNode.open(failover.url)
    const recorder = new Recorder()
    await node.follow('a', recorder)
    for (const data of ['1', '2', '3']) await node.publish('a', data)
    await failover.losing('a', 3)
    const { epoch, headId } = await node.publish('a', '"lost"')
    await until(() => recorder.told.length === 4)
    failover.happens()
    await until(() => recorder.moves.length > 0)
    const after = await node.publishAtLast('a', '"again"')
    expect(recorder.moves[0]?.standing).toMatchObject({ epoch, head: 4, headId })
    expect(after).toMatchObject({ epoch, head: 5 })
    const segments = (await node.inform('a'))?.segments
    expect(segments).toMatchObject([{ first: 1 }, { first: 4 }])
    await until(() => recorder.told.at(-1)?.message.data === '"again"')
    // No slice has a hole.
    expect((await node.history('a')).messages.map(({ offset }) => offset)).toEqual([1, 2, 3])
    expect((await node.history('a', 4)).messages.map(({ offset }) => offset)).toEqual([5])
    expect(await node.fork('a', 'fork')).toMatchObject({ outcome: 'created', record: { head: 5 } })
    expect((await node.history('fork', 4)).messages.map(({ offset }) => offset)).toEqual([5])
  })

  it('know what a failover has lost of what they have written, also where nobody follows it', async () => {
    await using failover = await Failover.prepared()
    await using node = await RedisNode.open(failover.url)
    await node.publish('a', '1')
    await failover.losing('a', 1)
    await node.publish('a', '"lost"')
    failover.happens()
    await until(() => failover.replica.ask('hget', 'test:m:{a}', 'h') === '2')
    await using other = await RedisNode.open(failover.replica.url)
    expect(await other.publish('a', '3')).toMatchObject({ head: 3 })
  })

  it('set readers back where others have gone on with the offsets of what a failover has lost', async () => {
    await using failover = await Failover.prepared()
    await using node = await RedisNode.open(failover.url)
    const recorder = new Recorder()
    await node.follow('a', recorder)
    await node.publish('a', '1')
    await failover.losing('a', 1)
    const { headId } = await node.publish('a', '"lost"')
    await node.publish('a', '"lost, too"')
    await using other = await RedisNode.open(failover.replica.url)
    const after = await other.publish('a', '"again"')
    expect(after.head).toBe(2)
    failover.happens()
    await until(() => recorder.moves.at(-1)?.standing.headId === after.headId)
    expect(after.headId).not.toBe(headId)
    expect((await node.publish('a', '3')).head).toBe(3)
    expect((await node.inform('a'))?.segments).toMatchObject([{ first: 1 }, { first: 2 }])
  })

  it('tell readers how many messages a failover has lost that they had yet to read, once', async () => {
    await using failover = await Failover.prepared()
    await using server = await ServerProcess.serving(['--broker', failover.url])
    let { origin } = server
    const ask = (path: string, init?: RequestInit) => fetch(`${origin}${path}`, init)
    const json = { 'content-type': 'application/json' }
    const publish = async (data: string) => {
      const { status } = await ask('/publish?topic=a', { method: 'POST', headers: json, body: data })
      if (status !== 201) throw new Error(`${status}`)
    }
    const poll = async (from: string) => {
      const reply = await ask(`/messages?topic=a&wait=0&${from}`)
      return (await reply.json()) as { cursor: string; messages: { data: number }[]; topics: { a: unknown } }
    }
    const told = async (from: string) => {
      const { messages, topics, cursor } = await poll(from)
      return { messages: messages.map(({ data }) => data), about: topics.a, next: `cursor=${cursor}` }
    }
    const stream = async (offset: string) => {
      const reply = await ask(`/v1/stream/a?offset=${offset}`)
      return { status: reply.status, body: await reply.text(), next: reply.headers.get('stream-next-offset') ?? '' }
    }
    await publish('1')
    await publish('2')
    const behind = `cursor=${(await poll('from=earliest')).cursor}`
    const streaming = (await stream('-1')).next
    await failover.losing('a', 2, 'encke:')
    await publish('3')
    await publish('4')
    const ahead = `cursor=${(await poll('from=earliest')).cursor}`
    failover.happens()
    await until(() => failover.replica.ask('hget', 'encke:m:{a}', 'h') === '4')
    // That node has at hand what was lost, and gives it to its readers. Another has not.
    expect(await told(behind)).toMatchObject({ messages: [3, 4], about: { verdict: 'ok' } })
    await using other = await ServerProcess.serving(['--broker', failover.url])
    ;({ origin } = other)
    const missed = await told(behind)
    expect(missed).toMatchObject({ messages: [], about: { verdict: 'gap', missed: 2 } })
    expect(await told(missed.next)).toMatchObject({ messages: [], about: { verdict: 'ok' } })
    expect(await told(ahead)).toMatchObject({ messages: [], about: { verdict: 'ok' } })
    expect(await told('from=latest')).toMatchObject({ messages: [], about: { verdict: 'ok' } })
    expect((await stream(streaming)).status).toBe(410)
    await eventually(() => publish('5'))
    for (const at of [missed.next, ahead])
      expect(await told(at)).toMatchObject({ messages: [5], about: { verdict: 'ok' } })
    expect(await told(behind)).toMatchObject({ messages: [5], about: { verdict: 'gap', missed: 2 } })
    const earliest = await told('from=earliest')
    expect(earliest).toMatchObject({ messages: [1, 2], about: { verdict: 'ok' } })
    expect(await told(earliest.next)).toMatchObject({ messages: [5], about: { verdict: 'gap', missed: 2 } })
    // Who begins anew in a stream gets past what is lost.
    expect((await stream(streaming)).status).toBe(410)
    const begun = await stream('-1')
    expect(begun).toMatchObject({ status: 200, body: '[1,2]' })
    expect(await stream(begun.next)).toMatchObject({ status: 200, body: '[5]' })
  }, 60_000)

  it('acknowledge only what replicas have confirmed, where they are asked to', async () => {
    await using server = await RedisServer.start()
    await using node = await RedisNode.open(server.url, { waitReplicas: 1, silenceMs: 5_000 })
    await expect(node.publish('a', '1')).rejects.toMatchObject({ code: 'ENCKE_ERR_PUBLISH_UNKNOWN' })
    await using replica = await RedisServer.start({ flags: ['--replicaof', '127.0.0.1', `${server.port}`] })
    await until(() => replica.ask('info', 'replication').includes('master_link_status:up'))
    const published = await Promise.all(['2', '3', '4'].map((data) => node.publishAtLast('a', data)))
    expect(published.map(({ head }) => head).sort()).toEqual([2, 3, 4])
    expect(replica.ask('hget', 'test:m:{a}', 'h')).toBe('4')
  })

  it('say what they cannot write, and go on reading', async () => {
    await using server = await RedisServer.start()
    await using node = await RedisNode.open(server.url)
    await node.publish('a', '1')
    server.ask('config', 'set', 'maxmemory', '1')
    await expect(node.publish('a', '2')).rejects.toMatchObject({ code: 'ENCKE_ERR_SERVER_HISTORY' })
    server.ask('config', 'set', 'maxmemory', '0')
    server.ask('config', 'set', 'min-replicas-to-write', '1')
    await expect(node.publish('a', '2')).rejects.toMatchObject({ code: 'ENCKE_ERR_SERVER_BROKER', statusCode: 503 })
    server.ask('config', 'set', 'min-replicas-to-write', '0')
    server.ask('hset', 'test:m:{a}', 'V', '2')
    await expect(node.publish('a', '2')).rejects.toMatchObject({ code: 'ENCKE_ERR_SERVER_OUTDATED' })
    await expect(node.remove('a')).rejects.toMatchObject({ code: 'ENCKE_ERR_SERVER_OUTDATED' })
    expect(await node.dataOf('a')).toEqual(['1'])
  })

  it('forget a fork that was begun and never came, and a source that only such a one has held', async () => {
    await using server = await RedisServer.start()
    await using node = await RedisNode.open(server.url)
    await node.create('source', { messages: [draftOf('1')] })
    await node.fork('source', 'fork')
    server.ask('hset', 'test:f:{source}', 'never came', '0')
    await node.remove('source')
    server.ask('del', 'test:m:{fork}', 'test:s:{fork}')
    expect((await node.inform('source'))?.isRemoved).toBe(true)
    server.ask('del', 'test:totals')
    await node.broker.sweep()
    expect(await node.inform('source')).toBeNull()
  })

  it('make no fork of a copy that is not whole, but copy again', async () => {
    await using server = await RedisServer.start()
    await using node = await RedisNode.open(server.url)
    await node.create('source', { messages: ['1', '2', '3'].map(draftOf) })
    const { create } = TopicScripts.prototype
    let drafts = 0
    const making = vi.spyOn(TopicScripts.prototype, 'create').mockImplementation(function (
      this: TopicScripts,
      ...given
    ) {
      if ((given[3]?.drafted ?? 0) > 0 && (drafts += 1) === 1) server.ask('xdel', 'test:d:{fork}', '2-0')
      return create.apply(this, given)
    })
    onTestFinished(() => making.mockRestore())
    expect(await node.fork('source', 'fork')).toMatchObject({ outcome: 'created', record: { head: 3 } })
    expect([await node.dataOf('fork'), drafts]).toEqual([['1', '2', '3'], 2])
  })

  it('read and go on with what version 1 has written', async () => {
    await using server = await RedisServer.start()
    const record =
      'V 1 e AAAAAAAAAAA h 2 o 1 b 2 i second a 1700000000000 c application/json x 0 l  k w g 1700000000000000:1 r x w 7 u 1700000000000'
    server.ask('hset', 'test:m:{old}', ...record.split(' '))
    server.ask('xadd', 'test:s:{old}', '1-0', 'i', 'first', 't', '1700000000000', 'd', '1')
    server.ask('xadd', 'test:s:{old}', '2-0', 'i', 'second', 't', '1700000000001', 'd', '2')
    server.ask('hset', 'test:p:{old}', 'p', '3 4')
    await using node = await RedisNode.open(server.url)
    expect(await node.history('old')).toMatchObject({ epoch: 'AAAAAAAAAAA', head: 2, headId: 'second', oldest: 1 })
    const producer = { id: 'p', epoch: 3, sequence: 5 }
    expect(await node.append('old', { messages: [draftOf('3')], producer, sequence: '8' })).toMatchObject({
      outcome: 'appended',
      standing: { head: 3 },
    })
    expect(await node.dataOf('old')).toEqual(['1', '2', '3'])
  })

  it('say once what 201 promises with this configuration', async () => {
    await using server = await RedisServer.start({ flags: ['--maxmemory-policy', 'allkeys-lru'] })
    await using node = await RedisNode.open(server.url)
    expect(node.broker.remarks).toEqual([
      expect.stringContaining('201 means that a message is in the memory of Redis (appendonly is off'),
      expect.stringContaining('maxmemory-policy is allkeys-lru'),
      expect.stringContaining('maxmemory is not set: nothing bounds what all topics take together'),
    ])
    server.ask('config', 'set', 'appendonly', 'yes')
    server.ask('config', 'set', 'maxmemory-policy', 'noeviction')
    server.ask('config', 'set', 'maxmemory', '1gb')
    await using other = await RedisNode.open(server.url)
    expect(other.broker.remarks).toEqual([expect.stringContaining('appendfsync everysec: a crash of the machine')])
    const bounded = await openBroker(server.url, { historyTotalBytes: 2_000_000, maxTopics: 7 })
    expect(bounded.remarks?.[1]).toMatch(/^--history-total-bytes and --max-topics bound nothing in Redis/)
    await run(() => bounded.close()[Symbol.iterator]() as Coroutine<void>).promise
  })

  it.skipIf(opensslIsMissing)('speak TLS, and show a certificate of their own', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'encke-tls-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', cert, ...names], { stdio: 'ignore' })
    const tlsPort = await freePort()
    const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert]
    await using _server = await RedisServer.start({ flags: ['--tls-port', `${tlsPort}`, ...files] })
    const url = `rediss://127.0.0.1:${tlsPort}`
    const broker = await openBroker(url, { redisCa: cert, redisCert: cert, redisKey: key })
    expect(broker.health).toEqual({ isOk: true })
    await run(() => broker.close()[Symbol.iterator]() as Coroutine<void>).promise
    await expect(openBroker(url, { redisCa: cert })).rejects.toMatchObject({ code: 'ENCKE_ERR_BROKER' })
    await expect(openBroker(url)).rejects.toThrow(/self-signed|certificate/)
  })

  it('follow no topic whose channel they may not hear, however often they are asked to', async () => {
    await using server = await RedisServer.start()
    server.ask('acl', 'setuser', 'half', 'on', '>pw', '~*', '&test:probe*', '+@all')
    await using node = await RedisNode.open(server.url.replace('//', '//half:pw@'))
    const refused: string[] = []
    const recorder = Object.assign(new Recorder(), { notLocated: (topic: string) => refused.push(topic) })
    for (let times = 1; times <= 3; times += 1) {
      node.broker.follow(['a'], recorder)
      await until(() => refused.length === times)
    }
    expect([recorder.answers, node.broker.health]).toEqual([[], { isOk: true }])
    server.ask('acl', 'setuser', 'half', '&*')
    expect((await node.follow('a', recorder)).head).toBe(0)
  })

  it('need the password, and say no word of it', async () => {
    await using server = await RedisServer.start({ flags: ['--requirepass', 'secret'] })
    await using node = await RedisNode.open(server.url.replace('//', '//:secret@'))
    expect((await node.publish('a', '1')).head).toBe(1)
    const wrong = await openBroker(server.url.replace('//', '//:geheim@')).catch((error: unknown) => error)
    expect(wrong).toBeInstanceOf(ConfigError)
    expect((wrong as Error).message).not.toContain('geheim')
  })
})

describe('the address of a Redis', () => {
  it('has one host, sentinels with the name of their master, or nodes of a cluster', () => {
    expect(readRedisAddress('rediss://u:p%40w@h:1/2')).toMatchObject({
      kind: 'single',
      endpoints: [{ host: 'h', port: 1 }],
      credentials: { username: 'u', password: 'p@w' },
      database: 2,
      isEncrypted: true,
    })
    expect(readRedisAddress('redis-sentinel://a,[::1]:2/main/3?sentinelPassword=s')).toMatchObject({
      endpoints: [
        { host: 'a', port: 26_379 },
        { host: '::1', port: 2 },
      ],
      masterName: 'main',
      database: 3,
      sentinelCredentials: { password: 's' },
    })
    expect(readRedisAddress('redis-cluster://a:1,b:2?tls=1')).toMatchObject({ kind: 'cluster', isEncrypted: true })
  })

  it.each([
    'redis:',
    'redis://:secret@',
    'redis://:secret@a,b',
    'redis://:secret@a/x',
    'redis-sentinel://:secret@a',
    'redis-cluster://:secret@a/1',
    'redis://:secret@a:99999',
    'redis://:secret%@a',
  ])('%s is refused in a line that repeats no password', (address) => {
    expect(() => readRedisAddress(address)).toThrow(ConfigError)
    expect(() => readRedisAddress(address)).not.toThrow(/secret/)
  })

  it('where nothing answers is a complaint and no stack', async () => {
    await expect(openBroker('redis://:secret@127.0.0.1:1')).rejects.toMatchObject({
      code: 'ENCKE_ERR_BROKER',
      message: expect.stringMatching(/^127\.0\.0\.1:1 cannot be reached: (?!.*secret)/),
    })
  })

  it('with files of certificates must speak TLS', async () => {
    await expect(openBroker('redis://a', { redisCa: '/nowhere' })).rejects.toMatchObject({ code: 'ENCKE_ERR_BROKER' })
    await expect(openBroker('rediss://a', { redisCert: '/nowhere' })).rejects.toThrow('belong together')
    await expect(openBroker('rediss://a', { redisCa: '/nowhere' })).rejects.toThrow('--redis-ca cannot be read')
  })
})

describe('a server', () => {
  const saying = (info: string) =>
    ({ endpoint: { host: 'h', port: 1 }, call: async () => info }) as unknown as Connection

  it.each(['redis_version:6.2.14', 'redis_version:6.9.9\r\nserver_name:valkey', 'nothing'])(
    'that says %j is too old',
    async (info) => {
      await expect(requireVersion(saying(info))).rejects.toMatchObject({ code: 'ENCKE_ERR_BROKER' })
    },
  )

  it.each([
    'redis_version:7.0.0',
    'redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1',
    'redis_version:10.0.1',
  ])('that says %j will do', async (info) => {
    await expect(requireVersion(saying(info))).resolves.toBeUndefined()
  })

  it('has the slot of a topic where a cluster has it', () => {
    // As `CLUSTER KEYSLOT` says.
    expect([slotOf('123456789'), slotOf('foo'), slotOf('a/b')]).toEqual([12_739, 12_182, slotOf('a/b')])
  })
})
