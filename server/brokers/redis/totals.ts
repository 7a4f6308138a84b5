// How much all topics hold together: counted over all servers now and then, by one node for all, and kept up in between by
// what this node does. It is exact for one node; of what others have done since the last count it knows nothing.

import type { Reply } from './connection.ts'
import { NotSent } from './connection.ts'
import type { Keys } from './keys.ts'
import { textOf } from './replies.ts'
import type { Shards } from './shards.ts'

export interface Change {
  readonly topics: number
  readonly messages: number
  readonly bytes: number
  /** Whether of a topic that keeps everything. */
  readonly isWhole: boolean
}

/** A count serves all nodes for so long, in milliseconds. */
export const countedMs = 60_000

/** So many records are asked for at once. */
const atOnce = 500

export class Totals {
  topics = 0
  messages = 0
  bytes = 0
  /** Of topics that keep everything. */
  heldBytes = 0
  readonly #shards: Shards
  readonly #keys: Keys

  constructor(shards: Shards, keys: Keys) {
    this.#shards = shards
    this.#keys = keys
  }

  note({ topics, messages, bytes, isWhole }: Change): void {
    this.topics += topics
    this.messages += messages
    this.bytes += bytes
    if (isWhole) this.heldBytes += bytes
  }

  /** Take over what was counted last, or count if that is too long ago. Gives whether it has counted. */
  async refresh(): Promise<boolean> {
    const counted = await this.#read()
    const { topics, messages, bytes, heldBytes } = counted ?? (await this.#count())
    Object.assign(this, { topics, messages, bytes, heldBytes })
    if (counted === undefined) await this.#write()
    return counted === undefined
  }

  async #read(): Promise<Counts | undefined> {
    const reply = await this.#command(['GET', this.#keys.totals])
    return reply === null ? undefined : JSON.parse(textOf(reply))
  }

  async #write(): Promise<void> {
    const { topics, messages, bytes, heldBytes } = this
    const text = JSON.stringify({ topics, messages, bytes, heldBytes })
    await this.#command(['SET', this.#keys.totals, text, 'PX', String(countedMs * 0.9)])
  }

  async #count(): Promise<Counts> {
    const counts = { topics: 0, messages: 0, bytes: 0, heldBytes: 0 }
    for await (const some of scanKeys(this.#shards, this.#keys.recordPattern)) {
      const records = await Promise.all(some.map((key) => this.#sizes(this.#keys.topicOf(key))))
      for (const [epoch, head, oldest, bytes, kept] of records) {
        if (epoch === '') continue
        counts.topics += 1
        counts.messages += Number(head) - Number(oldest) + 1
        counts.bytes += Number(bytes)
        if (kept === 'w') counts.heldBytes += Number(bytes)
      }
    }
    return counts
  }

  async #sizes(topic: string): Promise<string[]> {
    const commands = this.#shards.of(topic)?.commands
    if (commands === undefined) throw new NotSent('a server is not connected')
    const reply = await commands.call(['HMGET', this.#keys.record(topic), 'e', 'h', 'o', 'b', 'k'])
    return (reply as Reply[]).map(textOf)
  }

  /** A command on the key of all topics together. */
  async #command(args: readonly string[]): Promise<Reply> {
    const commands = this.#shards.of(this.#keys.totals)?.commands
    if (commands === undefined) throw new NotSent('a server is not connected')
    return await commands.call(args)
  }
}

interface Counts {
  readonly topics: number
  readonly messages: number
  readonly bytes: number
  readonly heldBytes: number
}

/** The keys of a pattern on all servers, in no order, some at a time; one may come twice. */
export async function* scanKeys(shards: Shards, pattern: string): AsyncGenerator<readonly string[]> {
  for (const { commands } of shards.all) {
    let at = '0'
    do {
      const args = ['SCAN', at, 'MATCH', pattern, 'COUNT', String(atOnce)]
      const [next, found] = (await commands.call(args)) as [Reply, Reply[]]
      at = textOf(next)
      if (found.length > 0) yield found.map(textOf)
    } while (at !== '0')
  }
}
