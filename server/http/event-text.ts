// The text of Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html).

export interface EventFields {
  /** Its name, without a line break; a client hears one without a name as `message`. */
  readonly event?: string
  /** What the client sends as `Last-Event-ID` from then on. Without `data` it is kept by the client, and nothing is told. */
  readonly id?: string
  readonly data?: string
}

/** A comment: it tells whatever stands between, and the client, that the stream lives. */
export const heartbeatText = ':\n\n'

/** One event. Data of several lines is sent as several, which the client joins again. */
export function eventText({ event, id, data }: EventFields): string {
  let text = ''
  if (event !== undefined) text += `event: ${event}\n`
  if (id !== undefined) text += `id: ${id}\n`
  if (data !== undefined) {
    text += /[\r\n]/.test(data) ? `data: ${data.split(/\r\n|\r|\n/).join('\ndata: ')}\n` : `data: ${data}\n`
  }
  return `${text}\n`
}

/** How long the client waits before it connects again, in milliseconds. */
export function retryText(ms: number): string {
  return `retry: ${ms}\n\n`
}
