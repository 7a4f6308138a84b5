// What scripts answer and what channels carry, read.

import type { Lifetime, Receipt, Segment, Slice, Standing, TopicRecord } from '../../hub/index.ts'
import { Message, unbornStanding } from '../../hub/index.ts'
import type { Reply } from './connection.ts'

export function textOf(reply: Reply | undefined): string {
  return reply === null || reply === undefined ? '' : String(reply)
}

/** Epoch, head, id of the newest, oldest, closed, segment, content type. */
export function readStanding(fields: readonly string[]): Standing {
  const [epoch, head, headId, oldest, closed, segment, contentType] = fields
  if (epoch === undefined || epoch === unbornStanding.epoch) return unbornStanding
  return {
    epoch,
    head: Number(head),
    headId: headId || null,
    oldest: Number(oldest),
    isClosed: closed === '1',
    segment: Number(segment),
    contentType: contentType || null,
  }
}

/** A record, and what is no part of one: how many bytes it keeps, and how long it lives after its last use; 0: for ever. */
export interface FoundRecord {
  readonly record: TopicRecord
  readonly bytes: number
  readonly ttlMs: number
}

export function readRecord(reply: Reply): FoundRecord | null {
  const fields = (reply as Reply[]).map(textOf)
  if (fields.length === 0) return null
  const [epoch, head, headId, oldest, closed, segmentsText, contentType, lifetime, kept, source, removed, bytes, ttl] =
    fields as string[] & { length: 13 }
  const segments = readSegments(segmentsText as string)
  const [topic, offset] = (source as string).split(' ')
  return {
    record: {
      epoch: epoch as string,
      head: Number(head),
      headId: headId || null,
      oldest: Number(oldest),
      isClosed: closed === '1',
      segment: segments.at(-1)?.number ?? 0,
      contentType: contentType as string,
      segments,
      lifetime: readLifetime(lifetime as string),
      retention: kept === 'w' ? 'all' : 'bounded',
      forkedFrom: topic ? { topic, offset: Number(offset) } : null,
      isRemoved: removed === '1',
    },
    bytes: Number(bytes),
    ttlMs: Number(ttl),
  }
}

/** Where followers of the topic stand. */
export function standingOf(found: FoundRecord | null): Standing {
  if (found === null || found.record.isRemoved) return unbornStanding
  const { epoch, head, headId, oldest, isClosed, segment, contentType } = found.record
  return { epoch, head, headId, oldest, isClosed, segment, contentType }
}

function readSegments(text: string): readonly Segment[] {
  return text.split(',').map((part) => {
    const [number, first] = part.split(':')
    return { number: Number(number), first: Number(first) }
  })
}

export function writeSegments(segments: readonly Segment[]): string {
  return segments.map(({ number, first }) => `${number}:${first}`).join(',')
}

function readLifetime(text: string): Lifetime {
  if (text === '') return null
  return text.startsWith('t') ? { ttlMs: Number(text.slice(1)) } : { expiresAt: Number(text.slice(1)) }
}

export function writeLifetime(lifetime: Lifetime): string {
  if (lifetime === null) return ''
  return 'ttlMs' in lifetime ? `t${lifetime.ttlMs}` : `a${lifetime.expiresAt}`
}

/** Offset, id, time, kind and data of each, in a row. */
export function readSlice(topic: string, reply: Reply): Slice {
  const [standing, entries] = reply as [Reply[], Reply[]]
  const messages: Message[] = []
  for (let at = 0; at < entries.length; at += 5) {
    const [offset, id, time, kind, data] = entries.slice(at, at + 5) as [Reply, Reply, Reply, Reply, Buffer]
    messages.push(messageOf(topic, Number(textOf(offset)), textOf(id), Number(textOf(time)), textOf(kind), data))
  }
  return { ...readStanding(standing.map(textOf)), messages }
}

/** Consecutive offsets from `first` on, at one time. */
export function receiptsOf(first: number, time: number, ids: readonly string[]): readonly Receipt[] {
  return ids.map((id, index) => ({ offset: first + index, id, time }))
}

/** What a topic's channel tells. `large`: a message that has to be fetched. `other`: ask where the topic stands. */
export type Announcement =
  | { readonly what: 'message'; readonly message: Message; readonly epoch: string }
  | { readonly what: 'large'; readonly offset: number; readonly epoch: string }
  | { readonly what: 'standing'; readonly standing: Standing }
  | { readonly what: 'other' }

/** The server whose channel it is. */
export interface Teller {
  /** Whether what names this server as its maker can be believed; where none is named it is. */
  believes(maker: string): boolean
}

const newline = 10

/** What a later version says, or a server that the teller does not believe, is `other`. */
export function readAnnouncement(topic: string, bytes: Buffer, teller: Teller): Announcement {
  const end = bytes.indexOf(newline)
  const [kind, ...fields] = bytes.toString('latin1', 0, end < 0 ? bytes.length : end).split(' ')
  const data = end < 0 ? bytes.subarray(bytes.length) : bytes.subarray(end + 1)
  const [epoch, offset, id, time, form, maker = ''] = fields as [string, string, string, string, string, string?]
  if (!teller.believes(kind === '1m' ? maker : data.toString('latin1'))) return { what: 'other' }
  if (kind === '1s') return { what: 'standing', standing: readStanding(fields) }
  if (kind === '1p') return { what: 'large', offset: Number(offset), epoch }
  if (kind !== '1m') return { what: 'other' }
  return { what: 'message', message: messageOf(topic, Number(offset), id, Number(time), form, data), epoch }
}

function messageOf(topic: string, offset: number, id: string, time: number, kind: string, bytes: Buffer): Message {
  const data = kind === 'B' ? bytes : bytes.toString()
  return new Message(topic, offset, id, time, { data, bytes: bytes.length }, performance.now())
}
