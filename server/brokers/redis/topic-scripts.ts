// The scripts of one topic as functions: what each is given, what it answers, and what a failure means.

import type {
  Append,
  Appended,
  Creation,
  Draft,
  HistoryLimits,
  Refusal as Refused,
  Slice,
  Standing,
} from '../../hub/index.ts'
import { jsonType } from '../../hub/index.ts'
import type { Argument, Connection, Reply, Script } from './connection.ts'
import type { Keys } from './keys.ts'
import { newerRecord, overHistory, streamsFull } from './redis-errors.ts'
import type { FoundRecord } from './replies.ts'
import { readRecord, readSlice, readStanding, receiptsOf, textOf, writeLifetime } from './replies.ts'
import { scripts } from './scripts/index.ts'
import type { Shard } from './shard.ts'
import type { Shards } from './shards.ts'
import type { Change } from './totals.ts'

export interface TopicScriptsOptions {
  /** Of one topic that was not created. */
  readonly history: HistoryLimits & { readonly ageMs: number }
  readonly topicTtlMs: number
  readonly streamsTotalBytes: number
  readonly idempotencyKeys: number
  /** A fresh random text of at least 64 bits, from `A–Z a–z 0–9 _ -`. */
  readonly randomId: () => string
  /** How far the clock of the scripts is ahead of that of Redis, in milliseconds: for tests. */
  readonly shiftMs: () => number
}

/** What a node knows of where a topic stands: more than there is, after a failover that has lost the newest. */
export type Told = Pick<Standing, 'epoch' | 'head' | 'headId'>

/** What an append, a creation or a removal came to, on which server, and what all topics hold now. */
export interface Done<T> {
  readonly answer: T
  readonly shard: Shard
  readonly change: Change | null
}

/** What a fork begins with. */
export interface Beginning {
  readonly source: string
  readonly head: number
  readonly oldest: number
  readonly bytes: number
  readonly headId: string | null
  readonly segments: string
  /** How many messages it has in its draft. */
  readonly drafted: number
}

export interface CreationAnswer {
  /** `free`: it was only asked for, and is not there. `lost`: what was copied for the fork is not whole. */
  readonly outcome: 'created' | 'existed' | 'conflict' | 'free' | 'lost'
  readonly found: FoundRecord | null
}

/** Beyond this, the one that has been silent for longest is forgotten. */
const mostProducers = 10_000

/** How long the draft of a fork is kept, in milliseconds. */
const draftMs = 600_000

const nothing: Beginning = { source: '', head: 0, oldest: 1, bytes: 0, headId: null, segments: '', drafted: 0 }

export class TopicScripts {
  readonly #options: TopicScriptsOptions
  readonly #shards: Shards
  readonly #keys: Keys

  constructor(options: TopicScriptsOptions, shards: Shards, keys: Keys) {
    this.#options = options
    this.#shards = shards
    this.#keys = keys
  }

  /**
   * @param room how much may be added to the topics that keep everything, in bytes
   * @param told where this node was told last that the topic stands
   */
  async append(
    topic: string,
    append: Append,
    room: number,
    told: Told | null,
  ): Promise<Done<Appended | { reason: Refused; standing: Appended['standing'] }>> {
    const { key, producer, sequence = '', messages } = append
    const ids = messages.map(({ id }) => id ?? this.#options.randomId())
    const args = [
      String(this.#options.idempotencyKeys),
      this.#options.randomId(),
      append.contentType ?? jsonType,
      append.ifMissing ?? 'create',
      key === undefined ? '' : `=${key.text}`,
      key?.bodyHash ?? '',
      ...(producer === undefined ? ['', '0', '0'] : [producer.id, String(producer.epoch), String(producer.sequence)]),
      sequence,
      append.close === true ? '1' : '0',
      String(room),
      String(mostProducers),
      ...draftsOf(messages, ids),
      ...tellingOf(told),
    ]
    const { reply, shard } = await this.#run(topic, scripts.append, args, bytesOf(messages), false)
    const [outcome, ...rest] = reply as [Reply, ...Reply[]]
    this.#mayBeRefused(textOf(outcome), rest, topic)
    const [standingReply, ...more] = rest as [Reply[], ...Reply[]]
    const standing = readStanding(standingReply.map(textOf))
    const [first = '', second = '', third = '', born, addedMessages, addedBytes, kept] = more.map(textOf)
    switch (textOf(outcome)) {
      case 'refused':
        return { answer: { reason: refusalOf(first, second, third), standing }, shard, change: null }
      case 'duplicate':
        return { answer: { outcome: 'duplicate', standing, receipts: [], ...lastOf(first) }, shard, change: null }
      case 'replayed': {
        const known = third === '' ? [] : third.split(' ')
        return {
          answer: { outcome: 'replayed', standing, receipts: receiptsOf(Number(first), Number(second), known) },
          shard,
          change: null,
        }
      }
      default: {
        const change = {
          topics: born === '1' ? 1 : 0,
          messages: Number(addedMessages),
          bytes: Number(addedBytes),
          isWhole: kept === 'w',
        }
        const receipts = receiptsOf(Number(first), Number(second), ids)
        return { answer: { outcome: 'appended', standing, receipts, ...lastOf(third) }, shard, change }
      }
    }
  }

  async create(
    topic: string,
    creation: Creation,
    room: number,
    from = nothing,
    isOnlyAsking = false,
  ): Promise<Done<CreationAnswer>> {
    const { contentType, lifetime, isClosed, messages } = creation
    const ids = messages.map(({ id }) => id ?? this.#options.randomId())
    const args = [
      this.#options.randomId(),
      contentType,
      writeLifetime(lifetime),
      isClosed ? '1' : '0',
      String(room),
      from.source,
      String(from.head),
      String(from.oldest),
      String(from.bytes),
      from.headId ?? '',
      from.segments,
      isOnlyAsking ? '1' : '0',
      ...draftsOf(messages, ids),
      String(from.drafted),
    ]
    const { reply, shard } = await this.#run(topic, scripts.create, args, bytesOf(messages), isOnlyAsking)
    const [outcome, ...rest] = reply as [Reply, ...Reply[]]
    this.#mayBeRefused(textOf(outcome), rest, topic)
    const found = rest[0] === undefined ? null : readRecord(rest[0])
    const change =
      textOf(outcome) === 'created' ? wholeChange(1, Number(textOf(rest[1])), Number(textOf(rest[2]))) : null
    return { answer: { outcome: textOf(outcome) as CreationAnswer['outcome'], found }, shard, change }
  }

  /** Gives what it was forked from, if that is to be told; undefined when there was nothing to remove. */
  async remove(topic: string): Promise<Done<{ readonly source: string } | undefined>> {
    const { reply, shard } = await this.#run(topic, scripts.remove, [], 0, false)
    const [outcome, ...rest] = (reply as Reply[]).map(textOf)
    this.#mayBeRefused(outcome as string, rest, topic)
    if (outcome === '0') return { answer: undefined, shard, change: null }
    const [messages, bytes, kept, source = '', isGone] = rest
    const change = {
      topics: isGone === '1' ? -1 : 0,
      messages: -Number(messages),
      bytes: -Number(bytes),
      isWhole: kept === 'w',
    }
    return { answer: { source: source.split(' ')[0] as string }, shard, change }
  }

  /** Let a source remember its fork. `at`: where it leaves it. */
  async beginFork(
    source: string,
    point: number | 'head',
    topic: string,
  ): Promise<{ outcome: string; found: FoundRecord | null; at: number }> {
    const args = [point === 'head' ? '-1' : String(point), topic]
    const { reply } = await this.#run(source, scripts.beginFork, args, 0, true)
    const [outcome, ...rest] = reply as [Reply, ...Reply[]]
    this.#mayBeRefused(textOf(outcome), rest, source)
    return {
      outcome: textOf(outcome),
      found: rest[0] === undefined ? null : readRecord(rest[0]),
      at: Number(textOf(rest[1])),
    }
  }

  /** Let a source forget a fork. Gives whether that was the last thing that held it, and what that was forked from. */
  async endFork(source: string, topic: string): Promise<{ readonly isGone: boolean; readonly source: string }> {
    const { reply } = await this.#run(source, scripts.endFork, [topic], 0, true)
    const [isGone, from = ''] = (reply as Reply[]).map(textOf)
    return { isGone: isGone === '1', source: from.split(' ')[0] as string }
  }

  /** Copy messages into the draft of a fork. Gives how many it has now. */
  async draft(topic: string, messages: Slice['messages'], isFirst: boolean): Promise<number> {
    const entries = messages.flatMap(({ offset, id, time, data }) => [
      String(offset),
      id,
      String(time),
      ...formOf(data),
    ])
    const args = [String(draftMs), isFirst ? '1' : '0', String(messages.length), ...entries]
    const { reply } = await this.#run(topic, scripts.draft, args, bytesOf(messages), false)
    return Number(reply)
  }

  async look(topic: string, isUse: boolean, told: Told | null = null): Promise<FoundRecord | null> {
    const { reply } = await this.#run(topic, scripts.look, [isUse ? '1' : '0', ...tellingOf(told)], 0, true)
    return readRecord(reply)
  }

  /** The same, on a connection. */
  async lookOn(connection: Connection, topic: string, isUse: boolean, told: Told | null): Promise<FoundRecord | null> {
    const args = [...this.#bounds(), isUse ? '1' : '0', ...tellingOf(told), '']
    const reply = await connection.run(scripts.look, this.#keys.of(topic), args)
    return readRecord(reply)
  }

  async history(
    topic: string,
    from: number,
    { messages, bytes }: HistoryLimits,
  ): Promise<{ slice: Slice; change: Change }> {
    const args = [from, messages, bytes].map((number) => String(Math.min(number, Number.MAX_SAFE_INTEGER)))
    const { reply } = await this.#run(topic, scripts.history, args, 0, true)
    const [, , gone, goneBytes] = reply as Reply[]
    const change = { topics: 0, messages: -Number(textOf(gone)), bytes: -Number(textOf(goneBytes)), isWhole: false }
    return { slice: readSlice(topic, reply), change }
  }

  /** The forks that a source has been waiting for, or has, when it was removed. */
  async listForks(source: string): Promise<readonly string[]> {
    const { reply } = await this.#run(source, scripts.listForks, [String(draftMs)], 0, true)
    return (reply as Reply[]).map(textOf)
  }

  #run(topic: string, script: Script, given: readonly Argument[], bytes: number, mayRepeat: boolean) {
    const keys = this.#keys.of(topic)
    const args = (deadline: string) => [...this.#bounds(), ...given, deadline]
    return this.#shards.run({ topic, script, keys, args, bytes, mayRepeat })
  }

  #bounds(): readonly string[] {
    const { shiftMs, topicTtlMs, history } = this.#options
    return [shiftMs(), topicTtlMs, history.messages, history.bytes, history.ageMs].map(String)
  }

  #mayBeRefused(outcome: string, rest: readonly Reply[], topic: string): void {
    if (outcome === 'newer') throw newerRecord(topic, textOf(rest[0]))
    if (outcome === 'over') throw overHistory(Number(textOf(rest[0])), this.#options.history.bytes)
    if (outcome === 'full') throw streamsFull(this.#options.streamsTotalBytes)
  }
}

function draftsOf(messages: readonly Draft[], ids: readonly string[]): Argument[] {
  return [String(messages.length), ...messages.flatMap(({ data }, index) => [ids[index] as string, ...formOf(data)])]
}

function tellingOf(told: Told | null): readonly string[] {
  return told === null ? ['', '0', ''] : [told.epoch, String(told.head), told.headId ?? '']
}

function formOf(data: string | Uint8Array): [kind: string, data: Argument] {
  if (typeof data === 'string') return ['d', data]
  return ['B', Buffer.from(data.buffer, data.byteOffset, data.byteLength)]
}

function bytesOf(messages: readonly { readonly bytes: number }[]): number {
  return messages.reduce((sum, { bytes }) => sum + bytes, 0)
}

function wholeChange(topics: number, messages: number, bytes: number): Change {
  return { topics, messages, bytes, isWhole: true }
}

function lastOf(text: string): { readonly producerSequence?: number } {
  return text === '' ? {} : { producerSequence: Number(text) }
}

function refusalOf(what: string, first: string, second: string): Refused {
  if (what === 'contentType') return { what, contentType: first }
  if (what === 'producerFenced') return { what, epoch: Number(first) }
  if (what === 'producerGap') return { what, expected: Number(first), isNewEpoch: second === '1' }
  return { what } as Refused
}
