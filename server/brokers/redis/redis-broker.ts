// The Redis broker: the truth about topics is in Redis, and any number of nodes serve it.
//
// Whatever changes a topic is one script on the server that has it; what the script publishes is all that followers hear.
// Here is what joins them: scripts, followings, forks, totals, and the servers below.

import type { Coroutine, Operation, Scheduler, Task } from '../../../runtime/index.ts'
import { sleep, until } from '../../../runtime/index.ts'
import type {
  Append,
  Appended,
  Broker,
  BrokerStatistics,
  Created,
  Creation,
  Follower,
  ForkPoint,
  Health,
  HistoryLimits,
  ListedTopic,
  Refused,
  Slice,
  TopicRecord,
} from '../../hub/index.ts'
import { Acknowledged } from './acknowledged.ts'
import type { RedisAddress } from './address.ts'
import type { Connection, TlsOptions } from './connection.ts'
import { deploymentOf } from './deployment.ts'
import { Followings, tickMs } from './followings.ts'
import { Forks } from './forks.ts'
import { Keys } from './keys.ts'
import { readingError, unconfirmed, writingError } from './redis-errors.ts'
import type { Announcement } from './replies.ts'
import { remarksOn, requireVersion } from './server-check.ts'
import type { ProbeTimes } from './shard.ts'
import { Shards } from './shards.ts'
import type { Done, TopicScriptsOptions } from './topic-scripts.ts'
import { TopicScripts } from './topic-scripts.ts'
import { countedMs, scanKeys, Totals } from './totals.ts'

export interface RedisBrokerOptions extends Omit<TopicScriptsOptions, 'shiftMs'> {
  readonly address: RedisAddress
  readonly tls?: TlsOptions | undefined
  /** What all keys and channels begin with. */
  readonly prefix: string
  /** How many replicas must have an append before it is acknowledged; 0: none. */
  readonly waitReplicas: number
  /** How long a server may take for a command before its connection is given up, in milliseconds. */
  readonly silenceMs: number
  readonly probe?: ProbeTimes
  /** What else is to be said once in the log. */
  readonly remarks?: readonly string[]
  readonly shiftMs?: () => number
  readonly scheduler: Scheduler
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
}

/** So many topics are asked for at once after another server has taken over. */
const recalledAtOnce = 500

const probeTimes: ProbeTimes = { silentMs: 10_000, patienceMs: 5_000 }

export class RedisBroker implements Broker {
  readonly answersAtOnce = false
  readonly isShared = true
  readonly remarks: readonly string[]
  readonly #options: RedisBrokerOptions
  readonly #keys: Keys
  readonly #shards: Shards
  readonly #scripts: TopicScripts
  readonly #forks: Forks
  readonly #totals: Totals
  readonly #followings: Followings
  readonly #acknowledged: Acknowledged
  readonly #upkeep: Task<never>
  /** Readings under way that others may share. */
  readonly #readings = new Map<string, Promise<Slice>>()

  private constructor(options: RedisBrokerOptions, parts: Parts) {
    this.#options = options
    this.remarks = [...parts.remarks, ...(options.remarks ?? [])]
    this.#keys = parts.keys
    this.#shards = parts.shards
    this.#scripts = parts.scripts
    this.#totals = parts.totals
    this.#followings = parts.followings
    this.#acknowledged = parts.acknowledged
    this.#forks = new Forks(parts.scripts)
    this.#upkeep = options.scheduler.run(() => this.#keepUp())
    this.#upkeep.label = 'upkeep of the Redis broker'
  }

  /** Connect. @throws ConfigError ENCKE_ERR_BROKER when the servers are too old, NotSent when they cannot be reached */
  static async open(options: RedisBrokerOptions): Promise<RedisBroker> {
    const { address, silenceMs, prefix } = options
    const tls = options.tls ?? (address.isEncrypted ? {} : undefined)
    const connecting = { credentials: address.credentials, database: address.database, tls, silenceMs }
    const keys = new Keys(prefix)
    const nodeId = options.randomId()
    const shards: Shards = new Shards(
      deploymentOf(address, connecting),
      {
        ...connecting,
        prefix,
        nodeId,
        mustBeMaster: address.kind !== 'cluster',
        probe: options.probe ?? probeTimes,
        waitReplicas: options.waitReplicas,
        told: (channel, bytes, shard) => followings.told(keys.topicOf(channel), bytes, shard),
      },
      () => {
        followings.rehome()
        void recallWritten()
      },
    )
    const scripts = new TopicScripts({ ...options, shiftMs: options.shiftMs ?? (() => 0) }, shards, keys)
    const acknowledged = new Acknowledged()
    const followings: Followings = new Followings({
      shardOf: (topic) => shards.of(topic),
      refind: () => shards.refind(),
      channelOf: (topic) => keys.channelOf(topic),
      look: (topic, connection, isUse, told) =>
        scripts.lookOn(connection, topic, isUse, acknowledged.orTold(topic, told)),
      fetch: (topic, offset) => fetchOne(scripts, topic, offset),
      now: options.now,
    })
    // Where nobody here follows a topic that was written to, nobody else may know what was lost of it.
    const recallWritten = async () => {
      const topics = acknowledged.topics.filter((topic) => followings.toldOf(topic) === null)
      for (let at = 0; at < topics.length; at += recalledAtOnce) {
        const some = topics.slice(at, at + recalledAtOnce)
        await Promise.allSettled(some.map((topic) => scripts.look(topic, false, acknowledged.orTold(topic, null))))
      }
    }
    try {
      await shards.open()
      for (const { commands } of shards.all) await requireVersion(commands)
      const remarks = await remarksOn((shards.all[0] as { commands: Connection }).commands, options.waitReplicas)
      const totals = new Totals(shards, keys)
      await totals.refresh()
      return new RedisBroker(options, { keys, shards, scripts, followings, acknowledged, totals, remarks })
    } catch (error) {
      shards.close()
      throw error
    }
  }

  get health(): Health {
    const { trouble } = this.#shards
    return trouble === undefined ? { isOk: true } : { isOk: false, ...trouble }
  }

  /** How many commands are on their way. */
  get inFlight(): number {
    return this.#shards.all.reduce((sum, { commands, subscriber }) => sum + commands.inFlight + subscriber.inFlight, 0)
  }

  append(topic: string, append: Append): Operation<Appended | Refused> {
    return this.#write(async () => {
      const told = this.#acknowledged.orTold(topic, this.#followings.toldOf(topic))
      const done = await this.#scripts.append(topic, append, this.#room, told)
      const { answer } = done
      if ('reason' in answer) return { outcome: 'refused', ...answer }
      if (answer.outcome === 'appended') this.#acknowledged.note(topic, answer.standing)
      await this.#done(done)
      return answer
    })
  }

  create(topic: string, creation: Creation): Operation<Created> {
    return this.#write(async () => {
      const done = await this.#scripts.create(topic, creation, this.#room)
      await this.#done(done)
      const { outcome, found } = done.answer
      return { outcome: outcome as Created['outcome'], record: found?.record ?? null }
    })
  }

  fork(source: string, point: ForkPoint, topic: string, creation: Partial<Creation>): Operation<Created> {
    return this.#write(async () => {
      const { created, done } = await this.#forks.make(source, point, topic, creation, this.#room)
      if (done !== null) await this.#done(done)
      return created
    })
  }

  remove(topic: string): Operation<boolean> {
    return this.#write(async () => {
      const done = await this.#scripts.remove(topic)
      await this.#done(done)
      if (done.answer === undefined) return false
      const { source } = done.answer
      if (source !== '') this.#note(await this.#forks.release(source, topic))
      return true
    })
  }

  inform(topic: string): Operation<TopicRecord | null> {
    return this.#read(async () => (await this.#scripts.look(topic, false))?.record ?? null)
  }

  list(after: string, limit: number): Operation<readonly ListedTopic[]> {
    return this.#read(async () => {
      const names = await this.#namesAfter(after, limit)
      const found = await Promise.all(names.map((name) => this.#scripts.look(name, false)))
      return found.flatMap((each, at) => (each === null ? [] : [{ topic: names[at] as string, ...each.record }]))
    })
  }

  history(topic: string, from: number, limits: HistoryLimits): Operation<Slice> {
    return this.#read(() => this.#share(topic, from, limits))
  }

  follow(topics: readonly string[], follower: Follower): void {
    this.#followings.follow(topics, follower)
  }

  unfollow(topics: readonly string[], follower: Follower): void {
    this.#followings.unfollow(topics, follower)
  }

  statistics(): BrokerStatistics {
    const { topics, messages, bytes } = this.#totals
    return { topics, messages, bytes }
  }

  *close(): Coroutine<void> {
    this.#upkeep.cancel('the broker is closed')
    this.#followings.close()
    yield* until(this.#shards.finish())
    this.#shards.close()
  }

  /** Let sources forget the forks that never came, or are gone. */
  async sweep(): Promise<void> {
    for await (const some of scanKeys(this.#shards, this.#keys.forksPattern)) {
      for (const key of some) await this.#forks.sweep(this.#keys.topicOf(key))
    }
  }

  /** How much may be added to the topics that keep everything. */
  get #room(): number {
    return Math.max(this.#options.streamsTotalBytes - this.#totals.heldBytes, 0)
  }

  /** What was written is counted, and acknowledged once as many replicas have it as they should. */
  async #done({ change, shard }: Done<unknown>): Promise<void> {
    if (change === null) return
    this.#note(change)
    const { waitReplicas } = this.#options
    if (waitReplicas === 0) return
    const confirmed = await shard.replicated()
    if (confirmed < waitReplicas) throw unconfirmed(confirmed, waitReplicas)
  }

  #note(change: Done<unknown>['change']): void {
    if (change !== null) this.#totals.note(change)
  }

  /** A herd that reads from one place after a reconnect asks once, unless something was told of the topic meanwhile. */
  async #share(topic: string, from: number, limits: HistoryLimits): Promise<Slice> {
    const arrivals = this.#followings.arrivalsOf(topic)
    const key = `${topic} ${from} ${limits.messages} ${limits.bytes} ${arrivals}`
    const under = arrivals === undefined ? undefined : this.#readings.get(key)
    if (under !== undefined) return await under
    const reading = this.#scripts.history(topic, from, limits).then(({ slice, change }) => {
      this.#totals.note(change)
      return slice
    })
    this.#readings.set(key, reading)
    try {
      return await reading
    } finally {
      this.#readings.delete(key)
    }
  }

  /** One pass keeps `limit` names: sorting all would hold others up. */
  async #namesAfter(after: string, limit: number): Promise<readonly string[]> {
    const names = new Set<string>()
    for await (const some of scanKeys(this.#shards, this.#keys.recordPattern)) {
      for (const key of some) {
        const name = this.#keys.topicOf(key)
        if (name > after) names.add(name)
      }
      if (names.size <= limit * 2) continue
      for (const late of [...names].sort(byCharacters).slice(limit)) names.delete(late)
    }
    return [...names].sort(byCharacters).slice(0, limit)
  }

  *#keepUp(): Coroutine<never> {
    for (let refreshedAt = this.#options.now(); ; ) {
      yield* sleep(tickMs)
      this.#followings.tick()
      if (this.#options.now() - refreshedAt < countedMs) continue
      refreshedAt = this.#options.now()
      // A server that is away says so elsewhere; the next count comes.
      yield* until(this.#refresh().catch(() => {}))
    }
  }

  async #refresh(): Promise<void> {
    if (await this.#totals.refresh()) await this.sweep()
  }

  *#write<T>(work: () => Promise<T>): Coroutine<T> {
    return yield* until(
      work().catch((error) => {
        throw writingError(error)
      }),
    )
  }

  *#read<T>(work: () => Promise<T>): Coroutine<T> {
    return yield* until(
      work().catch((error) => {
        throw readingError(error)
      }),
    )
  }
}

interface Parts {
  readonly keys: Keys
  readonly shards: Shards
  readonly scripts: TopicScripts
  readonly followings: Followings
  readonly acknowledged: Acknowledged
  readonly totals: Totals
  readonly remarks: readonly string[]
}

async function fetchOne(scripts: TopicScripts, topic: string, offset: number): Promise<Announcement> {
  const { slice } = await scripts.history(topic, offset, { messages: 1, bytes: 0 })
  const [message] = slice.messages
  // It may have been dropped again, or be another one's offset by now: where the topic stands says more.
  return message?.offset === offset ? { what: 'message', message, epoch: slice.epoch } : { what: 'other' }
}

function byCharacters(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
