// Readers by the real client, and publishers that send each message until it is acknowledged, under one key.

import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { createClient } from '../../public/client.js'
import { type Acknowledged, type Away, type Heard, keyOf, type Told } from './ledger.ts'

export class ReaderOfMany {
  readonly name: string
  readonly heard: Map<string, Heard[]>
  readonly verdicts: Told[] = []
  readonly away: Away[] = []
  #asleepSince = 0
  /** What it has heard, to be looked up: there are hundreds of readers, and thousands of messages. */
  readonly #known: ReadonlyMap<string, Set<string>>
  readonly #origin: string
  #client: ReturnType<typeof createClient>
  #cursor: string | null = null

  constructor(name: string, origin: string, topics: readonly string[]) {
    this.name = name
    this.heard = new Map(topics.map((topic) => [topic, []]))
    this.#known = new Map(topics.map((topic) => [topic, new Set()]))
    this.#origin = origin
    this.#client = this.#subscribe()
  }

  /** Hear nothing for a while, as a page that is closed and opened again. */
  sleep(): void {
    this.#asleepSince = performance.now()
    this.#client.close()
  }

  /** Go on where it fell asleep. */
  wake(): void {
    this.away.push({ from: this.#asleepSince, until: performance.now() })
    this.#client = this.#subscribe()
  }

  has(topic: string, publisher: string, number: number): boolean {
    return this.#known.get(topic)?.has(keyOf({ publisher, number })) ?? true
  }

  /** Whether it was told that it has missed something of a topic. */
  wasTold(topic: string): boolean {
    return this.verdicts.some((told) => told.topic === topic)
  }

  close(): void {
    this.#client.close()
  }

  #subscribe(): ReturnType<typeof createClient> {
    const client = createClient({ origin: this.#origin })
    const take = (messages: readonly { topic: string; id: string; data: unknown }[], cursor: string) => {
      this.#cursor = cursor
      const at = performance.now()
      for (const { topic, id, data } of messages) {
        const { publisher, number } = data as Heard
        this.heard.get(topic)?.push({ publisher, number, at, id })
        this.#known.get(topic)?.add(keyOf({ publisher, number }))
      }
    }
    client.subscribe([...this.heard.keys()], take, {
      from: 'earliest',
      cursor: this.#cursor,
      onVerdict: (verdict) => this.verdicts.push(verdict),
    })
    return client
  }
}

/** When a publish was refused or lost, in milliseconds. */
export interface Trouble {
  readonly at: number
  readonly what: string
}

export class Publisher {
  readonly name: string
  readonly acknowledged: Acknowledged[] = []
  readonly troubles: Trouble[] = []
  readonly #origin: string
  readonly #topics: readonly string[]
  readonly #pauseMs: number
  readonly #numbers = new Map<string, number>()
  #isStopped = false
  #running: Promise<void> = Promise.resolve()

  constructor(name: string, origin: string, topics: readonly string[], pauseMs: number) {
    this.name = name
    this.#origin = origin
    this.#topics = topics
    this.#pauseMs = pauseMs
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Stop once the message that is under way is acknowledged. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
  }

  async #run(): Promise<void> {
    for (let turn = 0; !this.#isStopped; turn += 1) {
      await this.#publish(this.#topics[turn % this.#topics.length] as string)
      await wait(this.#pauseMs)
    }
  }

  async #publish(topic: string): Promise<void> {
    const number = (this.#numbers.get(topic) ?? 0) + 1
    this.#numbers.set(topic, number)
    const key = randomUUID()
    while (!(await this.#send(topic, { publisher: this.name, number }, key))) await wait(100 + Math.random() * 200)
    this.acknowledged.push({ topic, publisher: this.name, number, at: performance.now() })
  }

  async #send(topic: string, data: object, key: string): Promise<boolean> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key }
    const url = `${this.#origin}/publish?topic=${encodeURIComponent(topic)}`
    try {
      const reply = await fetch(url, {
        method: 'POST',
        headers,
        body: JSON.stringify(data),
        signal: AbortSignal.timeout(8_000),
      })
      const text = await reply.text()
      if (reply.ok) return true
      this.troubles.push({ at: performance.now(), what: `${reply.status}` })
      if (reply.status < 500 && reply.status !== 429) throw new Fatal(`a publish was refused: ${text}`)
    } catch (error) {
      if (error instanceof Fatal) throw error
      this.troubles.push({ at: performance.now(), what: error instanceof Error ? error.name : 'error' })
    }
    return false
  }
}

class Fatal extends Error {}
