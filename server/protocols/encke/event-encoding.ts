// Batches as events: what a reader has to know first, then one event for each message. Made once for all who share a batch.
//
// Every message has the cursor after it as its id, so that a reader who is cut off anywhere goes on with the next message.
// What comes before the first message has none: a reader who has not had that message is told again.

import { eventText } from '../../http/event-text.ts'
import type { Batch, TopicVerdict } from '../../hub/index.ts'
import { encodeMessage, encodeNotice } from './encoding.ts'

/** The events of a batch. `cursors` gives the cursor after each of its messages, and is asked once for each batch. */
export function encodeEvents(batch: Batch, cursors: () => readonly string[]): Buffer {
  return batch.once(makeEvents, cursors)
}

function makeEvents(batch: Batch, cursors: () => readonly string[]): Buffer {
  return Buffer.from(noticesOf(batch) + messagesOf(batch, cursors()))
}

function noticesOf({ messages, cursor, verdicts }: Batch): string {
  const notices = verdicts.filter(({ verdict }) => verdict !== 'ok')
  // A batch without messages moves its reader on by its last notice, or it would be made again and again.
  const last = messages.length === 0 ? notices.length - 1 : -1
  return notices.map((about, at) => noticeText(about, at === last ? cursor : undefined)).join('')
}

function messagesOf({ messages, verdicts }: Batch, cursors: readonly string[]): string {
  return messages
    .map((message, at) => eventText({ id: cursors[at] as string, data: encodeMessage(message, verdicts) }))
    .join('')
}

/** That topics are closed, but for those that were `told` of before: behind their last messages, for a client may then leave. */
export function encodeClosings({ verdicts }: Batch, told: Set<string>): string {
  let text = ''
  for (const about of verdicts) {
    if (!about.isClosed || told.has(about.topic)) continue
    told.add(about.topic)
    text += noticeText({ ...about, verdict: 'ok', missed: 0 }, undefined)
  }
  return text
}

function noticeText(about: TopicVerdict, id: string | undefined): string {
  return eventText({ event: 'verdict', ...(id !== undefined && { id }), data: encodeNotice(about) })
}
