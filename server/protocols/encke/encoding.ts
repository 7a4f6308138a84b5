// Batches as the native protocol writes them: JSON, made once for all who share the batch.

import { isUtf8 } from 'node:buffer'
import type { Batch, Message, TopicVerdict } from '../../hub/index.ts'

/** The body of the reply to a poll, made once for all who get the same batch. */
export function encodeShared(batch: Batch): string {
  return batch.once(encodeBatch, undefined)
}

/** The body of the reply to a poll. */
export function encodeBatch({ messages, cursor, more, verdicts }: Batch): string {
  const topics = verdicts.map(encodeVerdict).join(',')
  const texts = messages.map((message) => encodeMessage(message, verdicts)).join(',')
  return `{"messages":[${texts}],"cursor":"${cursor}","more":${more},"topics":{${topics}}}`
}

/** A reply with members of its own, which are JSON that begins with a comma. */
export function withMembers(json: string, members: string): string {
  return members === '' ? json : `${json.slice(0, -1)}${members}}`
}

/** A message, as it stands in `messages`, of a batch with these `verdicts`, which know its topic's content type. */
export function encodeMessage(message: Message, verdicts: readonly TopicVerdict[]): string {
  const { topic, offset, id, time, data } = message
  const value = typeof data === 'string' ? data : encodeBytes(data, contentTypeOf(topic, verdicts))
  return `{"topic":${quoted(topic)},"offset":${offset},"id":${quoted(id)},"time":${time},"data":${value}}`
}

/** What is no JSON: text, where it is text and whole characters; base64, said in a member of its own, otherwise. */
function encodeBytes(data: Uint8Array, contentType: string | null): string {
  const isText = contentType?.startsWith('text/') && isUtf8(data)
  return isText ? JSON.stringify(Buffer.from(data).toString()) : `"${data.toBase64()}","encoding":"base64"`
}

function contentTypeOf(topic: string, verdicts: readonly TopicVerdict[]): string | null {
  return verdicts.find((one) => one.topic === topic)?.contentType ?? null
}

function encodeVerdict(about: TopicVerdict): string {
  return `${quoted(about.topic)}:{${verdictMembers(about)}}`
}

/** What a reader of events has to know of a topic. */
export function encodeNotice(about: TopicVerdict): string {
  return `{"topic":${quoted(about.topic)},${verdictMembers(about)}}`
}

function verdictMembers({ verdict, missed, isClosed, isRemoved }: TopicVerdict): string {
  const state = `${isClosed ? ',"closed":true' : ''}${isRemoved ? ',"removed":true' : ''}`
  return `"verdict":"${verdict}","missed":${missed}${state}`
}

/** Names and ids come from a broker, which may have had them from anywhere. */
function quoted(text: string): string {
  return /^[\w.~/-]*$/.test(text) ? `"${text}"` : JSON.stringify(text)
}
