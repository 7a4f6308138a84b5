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

/** A message, as it stands in `messages`. */
export function encodeMessage({ topic, offset, id, time, data }: Message): string {
  const value = typeof data === 'string' ? data : `"${data.toBase64()}"`
  return `{"topic":${quoted(topic)},"offset":${offset},"id":${quoted(id)},"time":${time},"data":${value}}`
}

function encodeVerdict(about: TopicVerdict): string {
  return `${quoted(about.topic)}:{${verdictMembers(about)}}`
}

/** What a reader of events has to know of a topic; undefined where nothing is to be told. */
export function encodeNotice(about: TopicVerdict): string | undefined {
  const { topic, verdict } = about
  return verdict === 'ok' ? undefined : `{"topic":${quoted(topic)},${verdictMembers(about)}}`
}

function verdictMembers({ verdict, missed }: TopicVerdict): string {
  return `"verdict":"${verdict}","missed":${missed}`
}

/** Names and ids come from a broker, which may have had them from anywhere. */
function quoted(text: string): string {
  return /^[\w.~/-]*$/.test(text) ? `"${text}"` : JSON.stringify(text)
}
