// A cursor: the opaque wire form of the positions of one or more topics.
//
//   version (1 byte), then for each topic: hash of its name (6), hash of its epoch (4), tag (3), offset (1–7, base 128)
//
// in base64url without padding; one topic takes at most 28 characters. There is one spelling of each cursor: topics stand
// in the order of their hashes, going around from the one that the next batch begins with, so the order itself says where
// to go on and no topic is starved by another. Anything that would not be written so is refused, not repaired.
//
// A cursor carries no rights: it says where a reader is, not that it may read.

import { clip, EnckeError } from '../errors.ts'
import type { Position } from './position.ts'

const version = 1
const entryHeadBytes = 6 + 4 + 3
const longestOffsetBytes = 7
const mostEntries = 1_000

/** Positions by the hash of the topic's name. The first one is where the next batch begins. */
export type Cursor = ReadonlyMap<number, Position>

type Entry = readonly [name: number, position: Position]

// A herd stands at one position, and each of it has it written.
let lastWritten: { readonly entry: Entry; readonly text: string } | undefined

/** Write positions, which must stand in the order a cursor has. */
export function encodeCursor(entries: readonly Entry[]): string {
  const [entry] = entries
  if (entry === undefined || entries.length > 1) return writeCursor(entries)
  if (lastWritten?.entry[0] !== entry[0] || lastWritten.entry[1] !== entry[1]) {
    lastWritten = { entry, text: writeCursor(entries) }
  }
  return lastWritten.text
}

function writeCursor(entries: readonly Entry[]): string {
  const bytes: number[] = [version]
  for (const [name, { epoch, tag, offset }] of entries) {
    pushNumber(bytes, name, 6)
    pushNumber(bytes, epoch, 4)
    pushNumber(bytes, tag, 3)
    pushOffset(bytes, offset)
  }
  return Uint8Array.from(bytes).toBase64({ alphabet: 'base64url', omitPadding: true })
}

// A herd sends one cursor ten thousand times in a row.
let lastRead: { readonly text: string; readonly cursor: Cursor } | undefined

/** Read a cursor. @throws EnckeError ENCKE_ERR_CURSOR_MALFORMED, ENCKE_ERR_CURSOR_REPEATED */
export function decodeCursor(text: string): Cursor {
  if (lastRead?.text !== text) lastRead = { text, cursor: readCursor(text) }
  return lastRead.cursor
}

function readCursor(text: string): Cursor {
  const bytes = decodeBase64(text)
  if (bytes === undefined || bytes[0] !== version) throw malformed(text)
  const cursor = new Map<number, Position>()
  const names: number[] = []
  let at = 1
  while (at < bytes.length) {
    const offsetAt = at + entryHeadBytes
    const end = endOfOffset(bytes, offsetAt)
    if (end === undefined || names.length === mostEntries) throw malformed(text)
    const name = readNumber(bytes, at, 6)
    if (cursor.has(name)) throw repeated(text)
    names.push(name)
    cursor.set(name, {
      epoch: readNumber(bytes, at + 6, 4),
      tag: readNumber(bytes, at + 10, 3),
      offset: readOffset(bytes, offsetAt, end),
    })
    at = end
  }
  if (!isRotation(names)) throw malformed(text)
  return cursor
}

/** Whether `names` ascend, going around at most once. */
function isRotation(names: readonly number[]): boolean {
  let descents = 0
  names.forEach((name, index) => {
    if (name > (names[(index + 1) % names.length] as number)) descents += 1
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
