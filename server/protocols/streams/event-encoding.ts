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

/** By batch, what readers of it are told: by the control event, of which a herd has one or two. */
const shared = new WeakMap<Messages, Map<string, Buffer>>()

/** Cursors are the clients' own: beyond so many kinds all are forgotten. */
const mostKinds = 8

/** Both events of a batch, made once for all who share it and its control event; without messages the latter alone. */
export function eventsOf(batch: Messages, contentType: string, control: Control): Buffer {
  const told = controlText(control)
  const kinds = shared.get(batch)
  const known = kinds?.get(told)
  if (known !== undefined) return known
  const bytes = Buffer.from(dataText(batch, contentType) + told)
  if (kinds === undefined || kinds.size >= mostKinds) shared.set(batch, new Map([[told, bytes]]))
  else kinds.set(told, bytes)
  return bytes
}

function dataText({ messages }: Messages, contentType: string): string {
  if (messages.length === 0) return ''
  return eventText('data', encodeData(messages, contentType).toString(isBinary(contentType) ? 'base64' : 'utf8'))
}

/** The one that was made last. */
let last: (Control & { readonly text: string }) | undefined

/** A stream that has ended has no next turn. */
function controlText(control: Control): string {
  const { offset, isUpToDate, isEnd, turn } = control
  const isSame = last?.offset === offset && last.turn === turn && last.isUpToDate === isUpToDate && last.isEnd === isEnd
  if (last !== undefined && isSame) return last.text
  const told = {
    streamNextOffset: offset,
    ...(isEnd ? { streamClosed: true } : { streamCursor: turn }),
    ...(isUpToDate && { upToDate: true }),
  }
  last = { ...control, text: eventText('control', JSON.stringify(told)) }
  return last.text
}

// Without a space behind the colon, as this protocol's clients look for it; one that the data begins with is doubled, for
// clients leave one out.
function eventText(event: string, data: string): string {
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data:${line.startsWith(' ') ? ' ' : ''}${line}\n`)
  return `event: ${event}\n${lines.join('')}\n`
}
