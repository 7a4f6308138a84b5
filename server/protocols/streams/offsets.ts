// Offsets of a stream: `<segment>_<position>`, 16 digits each. The position says how many messages come before; the segment,
// whether it still means the same messages.
//
// Always true: offsets of one stream sort as text like its messages, and none outlives what it names.

import { clip, EnckeError } from '../../errors.ts'
import type { Segment, TopicRecord } from '../../hub/index.ts'

const digits = 16
const form = /^(\d{16})_(\d{16})$/
const start = `${'0'.repeat(digits)}_${'0'.repeat(digits)}`

/** What an offset depends on. */
export type Places = Pick<TopicRecord, 'head' | 'oldest' | 'segments'>

/** Where the messages after `position` begin, for a client to come back to: in the segment of the next one. */
export function offsetIn({ segments }: Pick<Places, 'segments'>, position: number): string {
  const segment = segments.findLast(({ first }) => first <= position + 1) ?? (segments[0] as Segment)
  return writeOffset(segment.number, position)
}

/** The one that was written last: a herd stands at one place. */
let last = { segment: -1, position: -1, text: '' }

export function writeOffset(segment: number, position: number): string {
  if (last.segment !== segment || last.position !== position) {
    const text = `${String(segment).padStart(digits, '0')}_${String(position).padStart(digits, '0')}`
    last = { segment, position, text }
  }
  return last.text
}

/**
 * How many messages come before what `text` names, in a stream of these `places`.
 *
 * @throws EnckeError ENCKE_ERR_STREAM_OFFSET when it is none; ENCKE_ERR_STREAM_OFFSET_GONE when there is nothing there
 */
export function positionOf(text: string | undefined, places: Places): number {
  const { head, oldest, segments } = places
  if (text === 'now') return head
  if (!isPlace(text)) return oldest - 1
  const [number, position] = readOffset(text)
  const at = segments.findIndex((segment) => segment.number === number)
  const first = segments[at]?.first ?? Number.POSITIVE_INFINITY
  const end = (segments[at + 1]?.first ?? head + 1) - 1
  if (position < first - 1 || position > end) throw gone(text, 'the stream has lost it, or was removed and made again')
  if (position < oldest - 1) throw gone(text, 'it was trimmed')
  return position
}

/** Refuse what is no offset of any stream. @throws EnckeError ENCKE_ERR_STREAM_OFFSET */
export function checkOffset(text: string): string {
  if (!isOffset(text)) readOffset(text)
  return text
}

/** Whether it names a place in a stream, and not its beginning or its end. */
export function isPlace(text: string | undefined): text is string {
  return text !== undefined && text !== '-1' && text !== 'now' && text !== start
}

export function isOffset(text: string): boolean {
  return text === '-1' || text === 'now' || form.test(text)
}

export function gone(text: string | undefined, why: string): EnckeError {
  const message = `there is nothing any more at offset ${clip(text)}: ${why}; begin again without an offset`
  return new EnckeError('ENCKE_ERR_STREAM_OFFSET_GONE', message)
}

function readOffset(text: string): [segment: number, position: number] {
  const [, segment, position] = form.exec(text) ?? []
  if (segment !== undefined && position !== undefined) return [Number(segment), Number(position)]
  const message = `offset must be a Stream-Next-Offset, unchanged, -1 or now (got ${clip(text)})`
  throw new EnckeError('ENCKE_ERR_STREAM_OFFSET', message)
}
