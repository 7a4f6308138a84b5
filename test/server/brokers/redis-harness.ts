// What tests of the Redis broker share: one on real time, its operations as promises, and waiting for what must come.

import { setTimeout as wait } from 'node:timers/promises'
import { type Coroutine, run, Scheduler } from '../../../runtime/index.ts'
import { randomIds } from '../../../server/brokers/random-ids.ts'
import { readRedisAddress } from '../../../server/brokers/redis/address.ts'
import { RedisBroker, type RedisBrokerOptions } from '../../../server/brokers/redis/redis-broker.ts'
import type {
  Append,
  Appended,
  Broker,
  Creation,
  Refused,
  Slice,
  Standing,
  TopicRecord,
} from '../../../server/hub/index.ts'
import { jsonType } from '../../../server/hub/index.ts'
import { draftOf, type Recorder } from './conformance.ts'

const kept = { messages: 1_000, bytes: 1024 * 1024, ageMs: 600_000 }

/** A broker, with its operations as promises. */
export class RedisNode implements AsyncDisposable {
  readonly broker: RedisBroker

  private constructor(broker: RedisBroker) {
    this.broker = broker
  }

  static async open(url: string, options: Partial<RedisBrokerOptions> = {}): Promise<RedisNode> {
    // On a busy machine a server may take longer to let somebody in than a node waits.
    const broker = await openAtLast({
      address: readRedisAddress(url),
      prefix: 'test:',
      waitReplicas: 0,
      silenceMs: 1_000,
      history: kept,
      topicTtlMs: 600_000,
      streamsTotalBytes: 1024 * 1024,
      idempotencyKeys: 100,
      randomId: randomIds(),
      scheduler: new Scheduler(),
      now: () => performance.now(),
      ...options,
    })
    return new RedisNode(broker)
  }

  append(topic: string, append: Partial<Append>): Promise<Appended | Refused> {
    return play(this.broker, (broker) => broker.append(topic, { messages: [], ...append }))
  }

  /** Publish one message, and give where the topic stands then. */
  async publish(topic: string, data: string): Promise<Standing> {
    const answer = await this.append(topic, { messages: [draftOf(data)] })
    if (answer.outcome !== 'appended') throw new Error(`it was ${answer.outcome}`)
    return answer.standing
  }

  /** Publish until it is taken: servers are being replaced. */
  publishAtLast(topic: string, data: string): Promise<Standing> {
    return eventually(() => this.publish(topic, data))
  }

  create(topic: string, creation: Partial<Creation> = {}) {
    const whole = { contentType: jsonType, lifetime: null, messages: [], isClosed: false, ...creation }
    return play(this.broker, (broker) => broker.create(topic, whole))
  }

  fork(source: string, topic: string) {
    return play(this.broker, (broker) => broker.fork(source, 'head', topic, {}))
  }

  remove(topic: string): Promise<boolean> {
    return play(this.broker, (broker) => broker.remove(topic))
  }

  inform(topic: string): Promise<TopicRecord | null> {
    return play(this.broker, (broker) => broker.inform(topic))
  }

  history(topic: string, from = 1): Promise<Slice> {
    return play(this.broker, (broker) => broker.history(topic, from, { messages: 1_000, bytes: 10_000_000 }))
  }

  async list(): Promise<string[]> {
    const found = await play<readonly { topic: string }[]>(this.broker, (broker) => broker.list('', 1_000))
    return found.map(({ topic }) => topic)
  }

  async dataOf(topic: string): Promise<unknown[]> {
    return (await this.history(topic)).messages.map(({ data }) => data)
  }

  async follow(topic: string, recorder: Recorder): Promise<Standing> {
    const before = recorder.answers.length
    this.broker.follow([topic], recorder)
    const found = () => recorder.answers.slice(before).find((answer) => answer.topic === topic)
    await until(() => found() !== undefined)
    return (found() as { standing: Standing }).standing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await play(this.broker, (broker) => broker.close())
  }
}

/** Open a broker, also where the servers are slow: one that cannot be reached in time is tried again. */
export function openAtLast(options: RedisBrokerOptions): Promise<RedisBroker> {
  return eventually(() => RedisBroker.open(options))
}

function play<T>(broker: RedisBroker, ask: (broker: Broker) => ReturnType<Broker['append']> | unknown): Promise<T> {
  return run(function* (): Coroutine<T> {
    return (yield* ask(broker) as ReturnType<Broker['append']>) as T
  }).promise
}

/** Look every few milliseconds until something is so. */
export async function until(isSo: () => boolean, withinMs = 60_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`it never came to this: ${isSo}`)
    await wait(5)
  }
}

/** Try until it works. */
export async function eventually<T>(attempt: () => Promise<T>, withinMs = 60_000): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await wait(20)
    }
  }
}
