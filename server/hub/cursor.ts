// A cursor: the opaque wire form of the positions of one or more topics.
//
//   version 2 (1 byte), then for each topic: hash of its name (8), hash of its epoch (4), tag (3), offset (1–7, base 128)
//   version 3: the same with the length of the name (1) and the name itself instead of its hash, for topics of one poll
//   whose names have the same hash
//
// in base64url without padding; one topic takes at most 28 characters, and up to 31 from offset 2^35 on. There is one
// spelling of each cursor: topics stand in the order of the hashes of their names, going around from the one that the next
// batch begins with, so the order itself says where to go on and no topic is starved by another. Anything that would not be
// written so is refused, not repaired.
//
// Cursors of other versions of this format, earlier or later, are no mistake of the client: their positions are lost, and
// its topics are reset.
//
// A cursor carries no rights: it says where a reader is, not that it may read.

import { clip, EnckeError } from '../errors.ts'
import type { Position } from './position.ts'
import { lost, ofNoEpoch } from './position.ts'

/** What a cursor's positions are found by. Those of another version of the format cannot be read. */
type FoundBy = 'hash' | 'name' | 'nothing'

export interface Cursor {
  readonly by: FoundBy
  /** By the hash of the topic's name, or by the name. The first one is where the next batch begins. */
  readonly positions: ReadonlyMap<string, Position>
}

/** A topic, and the hash of its name. */
export interface CursorTopic {
  readonly topic: string
  readonly name: string
}

type Entry = readonly [topic: CursorTopic, position: Position]

const withHashes = 2
const withNames = 3
/** The first format, whose hashes had 6 bytes. */
const withShortHashes = 1
/** The versions that are, or will be, of this format. */
const lastVersion = 15

const hashBytes = 8
const shortHashBytes = 6
const placeBytes = 4 + 3
const longestOffsetBytes = 7

/** How many topics a cursor has at most, unless more may be asked for. */
const mostTopics = 1_000

const nothing: Cursor = { by: 'nothing', positions: new Map() }

/** Where `cursor` says that a reader of `topic` is; null when it does not have the topic. */
export function positionIn({ by, positions }: Cursor, { topic, name }: CursorTopic): Position | null {
  if (by === 'nothing') return lost
  return positions.get(by === 'hash' ? name : topic) ?? null
}

// A herd stands at one position, and each of it has it written.
let lastWritten: { readonly entry: Entry; readonly text: string } | undefined

/** Write positions, which must stand in the order a cursor has: those with the same hash next to each other. */
export function encodeCursor(entries: readonly Entry[]): string {
  const [entry] = entries
  if (entry === undefined || entries.length > 1) return writeCursor(entries)
  if (lastWritten?.entry[0].name !== entry[0].name || lastWritten.entry[1] !== entry[1]) {
    lastWritten = { entry, text: writeCursor(entries) }
  }
  return lastWritten.text
}

function writeCursor(entries: readonly Entry[]): string {
  const isSpelt = haveSameHash(entries)
  const bytes: number[] = [isSpelt ? withNames : withHashes]
  for (const [{ topic, name }, { epoch, tag, offset }] of entries) {
    if (isSpelt) bytes.push(topic.length)
    pushText(bytes, isSpelt ? topic : name)
    pushNumber(bytes, epoch, 4)
    pushNumber(bytes, tag, 3)
    pushOffset(bytes, offset)
  }
  return Uint8Array.from(bytes).toBase64({ alphabet: 'base64url', omitPadding: true })
}

/** Whether two names have the same hash: going around, they stand next to each other. */
function haveSameHash(entries: readonly Entry[]): boolean {
  return entries.length > 1 && entries.some(([{ name }], index) => name === entries.at(index - 1)?.[0].name)
}

// A herd sends one cursor ten thousand times in a row.
let lastRead: { readonly text: string; readonly cursor: Cursor } | undefined

/**
 * Read a cursor of at most `most` topics.
 *
 * @throws EnckeError ENCKE_ERR_CURSOR_MALFORMED, ENCKE_ERR_CURSOR_REPEATED
 */
export function decodeCursor(text: string, most = mostTopics): Cursor {
  if (lastRead?.text !== text) lastRead = { text, cursor: readCursor(text, Math.max(most, mostTopics)) }
  return lastRead.cursor
}

function readCursor(text: string, most: number): Cursor {
  const bytes = decodeBase64(text)
  const version = bytes?.[0] ?? 0
  if (bytes === undefined || version === 0 || version > lastVersion) throw malformed(text)
  if (version === withHashes) return { by: 'hash', positions: readPositions(text, bytes, hashBytes, most) }
  if (version === withNames) return { by: 'name', positions: readPositions(text, bytes, 'spelt', most) }
  if (version === withShortHashes) readPositions(text, bytes, shortHashBytes, most)
  return nothing
}

function readPositions(
  text: string,
  bytes: Uint8Array,
  nameBytes: number | 'spelt',
  most: number,
): ReadonlyMap<string, Position> {
  const positions = new Map<string, Position>()
  const names: string[] = []
  let at = 1
  while (at < bytes.length) {
    const nameAt = nameBytes === 'spelt' ? at + 1 : at
    const placeAt = nameAt + (nameBytes === 'spelt' ? (bytes[at] as number) : nameBytes)
    const end = endOfOffset(bytes, placeAt + placeBytes)
    if (end === undefined || names.length === most) throw malformed(text)
    const name = String.fromCharCode(...bytes.subarray(nameAt, placeAt))
    const position = readPosition(bytes, placeAt, end)
    if (position === undefined) throw malformed(text)
    if (positions.has(name)) throw repeated(text)
    names.push(name)
    positions.set(name, position)
    at = end
  }
  if (nameBytes !== 'spelt' && !isRotation(names)) throw malformed(text)
  return positions
}

/** Undefined for one of no epoch that does not exist. */
function readPosition(bytes: Uint8Array, at: number, end: number): Position | undefined {
  const epoch = readNumber(bytes, at, 4)
  const tag = readNumber(bytes, at + 4, 3)
  const offset = readOffset(bytes, at + placeBytes, end)
  if (epoch !== 0) return { epoch, tag, offset }
  return offset === 0 ? ofNoEpoch[tag] : undefined
}

/** Whether `names` ascend, going around at most once. */
function isRotation(names: readonly string[]): boolean {
  let descents = 0
  names.forEach((name, index) => {
    if (name > (names[(index + 1) % names.length] as string)) descents += 1
  })
  return names.length < 2 || descents === 1
}

function decodeBase64(text: string): Uint8Array | undefined {
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: 'base64url' })
    // The decoder passes over white space, padding and stray bits; one spelling is enough.
    return bytes.toBase64({ alphabet: 'base64url', omitPadding: true }) === text ? bytes : undefined
  } catch {
    return undefined
  }
}

/** Where the offset that begins at `start` ends; undefined when it does not, or is longer than it need be. */
function endOfOffset(bytes: Uint8Array, start: number): number | undefined {
  for (let at = start; at < bytes.length && at < start + longestOffsetBytes; at += 1) {
    const byte = bytes[at] as number
    if (byte < 0x80) return byte === 0 && at > start ? undefined : at + 1
  }
  return undefined
}

function pushText(bytes: number[], text: string): void {
  for (let at = 0; at < text.length; at += 1) bytes.push(text.charCodeAt(at))
}

function pushNumber(bytes: number[], value: number, size: number): void {
  for (let shift = size - 1; shift >= 0; shift -= 1) bytes.push(Math.floor(value / 256 ** shift) % 256)
}

function readNumber(bytes: Uint8Array, start: number, size: number): number {
  let value = 0
  for (let at = start; at < start + size; at += 1) value = value * 256 + (bytes[at] as number)
  return value
}

// Base 128, the low digits first; the top bit says that more follow. By division: offsets outgrow 32 bits.
function pushOffset(bytes: number[], offset: number): void {
  let rest = offset
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
}

function readOffset(bytes: Uint8Array, start: number, end: number): number {
  let offset = 0
  for (let at = end - 1; at >= start; at -= 1) offset = offset * 0x80 + ((bytes[at] as number) & 0x7f)
  return offset
}

function malformed(text: string): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_CURSOR_MALFORMED',
    `cursor must be one that this server gave out, unchanged; leave it out to start from now (got ${clip(text)})`,
  )
}

function repeated(text: string): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_CURSOR_REPEATED',
    `cursor names a topic twice, which no server gives out; leave it out to start from now (got ${clip(text)})`,
  )
}
