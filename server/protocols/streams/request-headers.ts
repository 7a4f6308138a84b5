// What a request says in the headers of the protocol, read once.

import type { IncomingHttpHeaders } from 'node:http'
import { clip, EnckeError } from '../../errors.ts'
import type { Lifetime, ProducerMark } from '../../hub/index.ts'

/** Without parameters, in lower case; undefined when there is none. */
export function contentTypeIn({ 'content-type': given }: IncomingHttpHeaders): string | undefined {
  const type = given?.split(';')[0]?.trim().toLowerCase()
  return type === '' ? undefined : type
}

export function isClosing(headers: IncomingHttpHeaders): boolean {
  return textIn(headers, 'stream-closed')?.toLowerCase() === 'true'
}

/** What an append says in its headers, without the others. */
export function saidIn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const names = ['content-type', 'stream-closed', 'stream-seq', 'producer-id', 'producer-epoch', 'producer-seq']
  return Object.fromEntries(names.filter((name) => name in headers).map((name) => [name, headers[name]]))
}

/** Undefined when none is given. @throws EnckeError ENCKE_ERR_STREAM_HEADER */
export function lifetimeIn(headers: IncomingHttpHeaders): Lifetime | undefined {
  const ttl = textIn(headers, 'stream-ttl')
  const expiry = textIn(headers, 'stream-expires-at')
  if (ttl !== undefined && expiry !== undefined)
    throw misfit('Stream-TTL and Stream-Expires-At', 'given one at a time', ttl)
  if (ttl !== undefined)
    return { ttlMs: numberOf('Stream-TTL', ttl, 'a number of seconds, digits only', longestTtlSeconds) * 1_000 }
  return expiry === undefined ? undefined : { expiresAt: timeOf(expiry) }
}

/** Undefined when none is given. @throws EnckeError ENCKE_ERR_STREAM_HEADER */
export function producerIn(headers: IncomingHttpHeaders): ProducerMark | undefined {
  const [id, epoch, sequence] = ['producer-id', 'producer-epoch', 'producer-seq'].map((name) => textIn(headers, name))
  if (id === undefined && epoch === undefined && sequence === undefined) return undefined
  if (id === undefined || epoch === undefined || sequence === undefined) {
    throw misfit('Producer-Id, Producer-Epoch and Producer-Seq', 'given together', { id, epoch, sequence })
  }
  if (id === '' || id.length > longestName) throw misfit('Producer-Id', `1 to ${longestName} characters long`, id)
  return {
    id,
    epoch: numberOf('Producer-Epoch', epoch, 'a whole number, digits only', Number.MAX_SAFE_INTEGER),
    sequence: numberOf('Producer-Seq', sequence, 'a whole number, digits only', Number.MAX_SAFE_INTEGER),
  }
}

/** A writer's own mark. @throws EnckeError ENCKE_ERR_STREAM_HEADER */
export function sequenceIn(headers: IncomingHttpHeaders): string | undefined {
  const given = textIn(headers, 'stream-seq')
  if (given === undefined || (given !== '' && given.length <= longestName)) return given
  throw misfit('Stream-Seq', `1 to ${longestName} characters long`, given)
}

/** Where a fork begins. */
export interface ForkPlace {
  /** The path or the address of the source. */
  readonly source: string
  readonly offset: string | undefined
  /** How many messages, or bytes of one, past the offset. */
  readonly further: number
}

/** Undefined when no fork is asked for. @throws EnckeError ENCKE_ERR_STREAM_HEADER */
export function forkIn(headers: IncomingHttpHeaders): ForkPlace | undefined {
  const [source, offset, further] = ['stream-forked-from', 'stream-fork-offset', 'stream-fork-sub-offset'].map((name) =>
    textIn(headers, name),
  )
  if (source === undefined) {
    if (offset === undefined && further === undefined) return undefined
    throw misfit('Stream-Fork-Offset and Stream-Fork-Sub-Offset', 'given with Stream-Forked-From', offset ?? further)
  }
  const count = further === undefined ? 0 : numberOf('Stream-Fork-Sub-Offset', further, 'a whole number, digits only')
  if (count > 0 && offset === undefined)
    throw misfit('Stream-Fork-Sub-Offset', 'given with Stream-Fork-Offset', further)
  return { source, offset, further: count }
}

const longestName = 1_024
/** A thousand years: beyond it times are no dates any more. */
const longestTtlSeconds = 31_536_000_000

function textIn(headers: IncomingHttpHeaders, name: string): string | undefined {
  const given = headers[name]
  return Array.isArray(given) ? given.join(', ') : given
}

/** Digits as they are written canonically: no sign, no zero in front, no point, no exponent. */
function numberOf(name: string, text: string, rule: string, most = Number.MAX_SAFE_INTEGER): number {
  const number = /^(?:0|[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN
  if (number <= most) return number
  throw misfit(name, `${rule}, at most ${most}`, text)
}

const timestamp = /^(\d{4})-(\d\d)-(\d\d)[Tt ](?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

function timeOf(text: string): number {
  const [, year, month, day] = timestamp.exec(text) ?? []
  // Date takes the 31st of February for the 3rd of March.
  const isDay = Number(day) <= new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()
  const time = isDay ? Date.parse(text.replace(' ', 'T').toUpperCase()) : Number.NaN
  if (!Number.isNaN(time)) return time
  throw misfit('Stream-Expires-At', 'a time such as 2027-01-31T12:00:00Z', text)
}

function misfit(name: string, rule: string, given: unknown): EnckeError {
  return new EnckeError('ENCKE_ERR_STREAM_HEADER', `${name} must be ${rule} (got ${clip(given)})`)
}
