// Publishing and reading in the process itself, without HTTP: the same topics, cursors and verdicts as over the network.

import type { Channel, Coroutine, Scheduler, Selectable } from '../runtime/index.ts'
import { Latch, select, toAsyncIterable } from '../runtime/index.ts'
import { reserved } from './access/rights.ts'
import { isReserved } from './access/topic-pattern.ts'
import { checkTopicName, decodeCursor, type From, type Hub, type HubStatistics } from './hub/index.ts'
import { encodeShared } from './protocols/encke/encoding.ts'
import { keyOf, type Receipt, receiptOf } from './protocols/encke/publish-many.ts'

/** What a loop over a subscription gets: what the body of a poll's reply has. */
export interface Delivery {
  readonly messages: readonly {
    readonly topic: string
    readonly offset: number
    readonly id: string
    /** When it was published, in milliseconds since 1970. */
    readonly time: number
    /** Any JSON value; a string in a topic of text or bytes. */
    readonly data: unknown
    /** Of data that is neither JSON nor text. */
    readonly encoding?: 'base64'
  }[]
  /** Where to go on, here or over HTTP. */
  readonly cursor: string
  /** Whether there is more to read at once. */
  readonly more: boolean
  readonly topics: Readonly<
    Record<
      string,
      {
        readonly verdict: 'ok' | 'gap' | 'reset'
        readonly missed: number | null
        /** Nothing comes any more. */
        readonly closed?: boolean
        /** It is gone; if it comes again, its readers are reset. */
        readonly removed?: boolean
      }
    >
  >
}

export interface PublishOptions {
  /** With it the same publish can be sent again within 10 minutes: there is one message, and the same receipt. */
  readonly idempotencyKey?: string
}

export interface SubscribeOptions {
  /** Where to go on. A topic that it lacks begins at `from`. */
  readonly cursor?: string
  /** Default: now. */
  readonly from?: From
  /** The most messages in one delivery. Default: that of a poll. */
  readonly limit?: number
  /** Ends the loop. */
  readonly signal?: AbortSignal
}

/** What it needs of an engine: by its name, the declarations of a whole one would be part of the package. */
interface Engine {
  readonly scheduler: Scheduler
  readonly hub: Hub
  readonly draining: { wait(): Selectable<void> }
  readonly config: { readonly limitDefault: number; readonly topicsPerPoll: number }
}

export class InProcess {
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /**
   * Publish `data`, any JSON value, to `topic`.
   *
   * @throws TypeError if it is no JSON value; EnckeError ENCKE_ERR_TOPIC_NAME, ENCKE_ERR_TOPIC_RESERVED, and what the broker
   *   throws
   */
  async publish(topic: string, data: unknown, { idempotencyKey }: PublishOptions = {}): Promise<Receipt> {
    const text = JSON.stringify(data) as string | undefined
    if (text === undefined) throw new TypeError(`a message is a JSON value (got ${typeof data})`)
    if (isReserved(topic)) throw reserved(topic)
    const { scheduler, hub } = this.#engine
    const draft = { data: text, bytes: Buffer.byteLength(text) }
    const key = idempotencyKey === undefined ? undefined : keyOf(idempotencyKey, draft)
    const published = await scheduler.run(() => hub.publish(checkTopicName(topic), draft, key)).promise
    return receiptOf(topic, published)
  }

  /**
   * Read `topics` with `for await`, from now, from the earliest or from a cursor on. It waits for news without a time-out,
   * and ends with its signal, when the server drains, or when all its topics are closed and read. A loop that is left
   * leaves nothing behind.
   */
  subscribe(topics: readonly string[], options: SubscribeOptions = {}): AsyncIterable<Delivery> {
    const { scheduler } = this.#engine
    for (const topic of topics) checkTopicName(topic)
    return toAsyncIterable((out: Channel<Delivery>) => this.#deliver(topics, options, out), { scheduler })
  }

  /** Say where a topic stands. @throws EnckeError ENCKE_ERR_TOPIC_NAME, and what the broker throws */
  async topic(topic: string) {
    const { scheduler, hub } = this.#engine
    const { isClosed: closed, ...standing } = await scheduler.run(() => hub.inform(checkTopicName(topic))).promise
    return { ...standing, closed }
  }

  statistics(): HubStatistics {
    return this.#engine.hub.statistics()
  }

  *#deliver(topics: readonly string[], options: SubscribeOptions, out: Channel<Delivery>): Coroutine<void> {
    const { hub, draining, config } = this.#engine
    const { from, limit = config.limitDefault, signal } = options
    const cursor = options.cursor === undefined ? undefined : decodeCursor(options.cursor, config.topicsPerPoll)
    using aborted = new Aborted(signal)
    using subscription = hub.subscribe(topics, cursor, from)
    // A broker that hangs must not keep the loop.
    const located = yield* select(
      { abort: aborted.latch.wait(), located: subscription.located(), drain: draining.wait() },
      { order: 'first' },
    )
    if (located.case !== 'located') return
    for (;;) {
      const woken = yield* select(
        { abort: aborted.latch.wait(), news: subscription.changed(), drain: draining.wait() },
        { order: 'first' },
      )
      if (woken.case !== 'news') return
      const delivery = JSON.parse(encodeShared(yield* subscription.read(limit))) as Delivery
      const handed = yield* select({ over: out.send(delivery), abort: aborted.latch.wait() }, { order: 'first' })
      if (handed.case === 'abort' || subscription.isOver) return
    }
  }
}

/** A latch that a signal opens. Disposing it takes the listener off. */
class Aborted implements Disposable {
  readonly latch = new Latch('the signal')
  readonly #signal: AbortSignal | undefined
  readonly #open = () => void this.latch.open()

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
    if (signal?.aborted) this.#open()
    else signal?.addEventListener('abort', this.#open, { once: true })
  }

  [Symbol.dispose](): void {
    this.#signal?.removeEventListener('abort', this.#open)
  }
}
