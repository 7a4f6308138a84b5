// A position: a place between two messages of a topic, in the short form that a cursor carries.
//
// Epoch, tag and offset move only together: an epoch paired with another's offset reports a recovery that did not happen.

export interface Position {
  /** 32 bits of the hash of the epoch. */
  readonly epoch: number
  /** 24 bits of the hash of the id of the message at `offset`; 0 at offset 0. */
  readonly tag: number
  /** The offset of the last message before the place; 0 for the beginning. */
  readonly offset: number
}

/** At least 6 bytes that differ for different texts: passed in, because the hub knows no platform. */
export type Hash = (text: string) => Uint8Array

export function epochHash(hash: Hash, epoch: string): number {
  return readBytes(hash(epoch), 4)
}

export function messageTag(hash: Hash, id: string | null): number {
  return id === null ? 0 : readBytes(hash(id), 3)
}

/** 48 bits of the hash of a topic's name: a whole number that a double holds exactly. */
export function nameHash(hash: Hash, name: string): number {
  return readBytes(hash(name), 6)
}

export function isSamePosition(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.offset === b.offset && a.tag === b.tag
}

function readBytes(bytes: Uint8Array, count: number): number {
  let value = 0
  for (let index = 0; index < count; index += 1) value = value * 256 + (bytes[index] as number)
  return value
}
