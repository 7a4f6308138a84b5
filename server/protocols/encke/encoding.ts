// Batches as the native protocol writes them: JSON, made once for all who share the batch.

import type { Batch, Message, TopicVerdict } from '../../hub/index.ts'

const shared = new WeakMap<Batch, string>()

/** The body of the reply to a poll, made once for all who get the same batch. */
export function encodeShared(batch: Batch): string {
  let text = shared.get(batch)
  if (text === undefined) {
    text = encodeBatch(batch)
    shared.set(batch, text)
  }
  return text
}

/** The body of the reply to a poll. */
export function encodeBatch({ messages, cursor, more, verdicts }: Batch): string {
  const topics = verdicts.map(encodeVerdict).join(',')
  return `{"messages":[${messages.map(encodeMessage).join(',')}],"cursor":"${cursor}","more":${more},"topics":{${topics}}}`
}

function encodeMessage({ topic, offset, id, time, data }: Message): string {
  const value = typeof data === 'string' ? data : `"${data.toBase64()}"`
  return `{"topic":${quoted(topic)},"offset":${offset},"id":${quoted(id)},"time":${time},"data":${value}}`
}

function encodeVerdict({ topic, verdict, missed }: TopicVerdict): string {
  return `${quoted(topic)}:{"verdict":"${verdict}","missed":${missed}}`
}

/** Names and ids come from a broker, which may have had them from anywhere. */
function quoted(text: string): string {
  return /^[\w.~/-]*$/.test(text) ? `"${text}"` : JSON.stringify(text)
}
