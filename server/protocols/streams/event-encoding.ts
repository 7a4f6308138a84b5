// The two events of this protocol: `data`, and `control` behind it.

import type { Message } from '../../hub/index.ts'
import { encodeData, isBinary } from './encoding.ts'

export interface Control {
  readonly offset: string
  readonly isUpToDate: boolean
  readonly isEnd: boolean
  readonly turn: string
}

interface Messages {
  readonly messages: readonly Message[]
}

const shared = new WeakMap<Messages, Buffer>()

const nothing = Buffer.alloc(0)

/** The event with the data of a batch, made once for all who share it; empty where it has no messages. */
export function dataEvent(batch: Messages, contentType: string): Buffer {
  if (batch.messages.length === 0) return nothing
  let event = shared.get(batch)
  if (event === undefined) {
    const data = encodeData(batch.messages, contentType)
    event = Buffer.from(eventText('data', data.toString(isBinary(contentType) ? 'base64' : 'utf8')))
    shared.set(batch, event)
  }
  return event
}

/** A stream that has ended has no next turn. */
export function controlText({ offset, isUpToDate, isEnd, turn }: Control): string {
  const told = {
    streamNextOffset: offset,
    ...(isEnd ? { streamClosed: true } : { streamCursor: turn }),
    ...(isUpToDate && { upToDate: true }),
  }
  return eventText('control', JSON.stringify(told))
}

// Without a space behind the colon, as this protocol's clients look for it; one that the data begins with is doubled, for
// clients leave one out.
function eventText(event: string, data: string): string {
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data:${line.startsWith(' ') ? ' ' : ''}${line}\n`)
  return `event: ${event}\n${lines.join('')}\n`
}
