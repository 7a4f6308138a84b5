// What Encke is asked and what it answers, on a bare connection. Another server that waits would have a file like this one.

/** A reply to a poll. */
export interface PollReply {
  readonly messages: readonly PolledMessage[]
  readonly cursor: string
  readonly more: boolean
  readonly topics: Readonly<Record<string, { readonly verdict: string; readonly missed: number | null }>>
}

export interface PolledMessage {
  readonly topic: string
  readonly offset: number
  readonly data: unknown
}

/** The answer to a publish. */
export interface Receipt {
  readonly offset: number
  readonly waiting: number
}

/** The longest wait that the server grants: no poll of a load test shall end by itself. */
const waitSeconds = 120

const usualHeaders = 'Accept: application/json\r\n'

/**
 * The bytes of a poll; without a cursor it asks for the first one and does not wait.
 *
 * @param topics one or several
 * @param headers lines, each with its end
 */
export function pollBytes(
  host: string,
  topics: string | readonly string[],
  cursor?: string,
  headers = usualHeaders,
): string {
  const place = cursor === undefined ? 'wait=0' : `wait=${waitSeconds}&cursor=${cursor}`
  const names = [topics].flat().map((topic) => `topic=${encodeURIComponent(topic)}`)
  return `GET /messages?${names.join('&')}&${place} HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n`
}

/** The bytes of a publish. `json` is ASCII. */
export function publishBytes(host: string, topic: string, json: string): string {
  return (
    `POST /publish?topic=${encodeURIComponent(topic)} HTTP/1.1\r\nHost: ${host}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n${json}`
  )
}

/** @throws SyntaxError when it is not JSON */
export function parsePollReply(body: string): PollReply {
  return JSON.parse(body) as PollReply
}

/** @throws SyntaxError when it is not JSON */
export function parseReceipt(body: string): Receipt {
  return JSON.parse(body) as Receipt
}
