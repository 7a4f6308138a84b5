// A position: a point between two messages of a topic, in the short form that a cursor carries.
//
// Epoch, tag and offset move only together: an epoch paired with another's offset reports a recovery that did not happen.
// Four positions belong to no epoch (their epoch is 0, which is the hash of none). In a cursor their tag tells them apart.

export interface Position {
  /** 32 bits of the hash of the epoch; 0 for a position of no epoch. */
  readonly epoch: number
  /** 24 bits of the hash of the id of the message at `offset`; 0 at offset 0; `untold` where a reader has another proof. */
  readonly tag: number
  /** The offset of the last message before it; 0 for the beginning. */
  readonly offset: number
}

/** The epoch of a topic that is not born yet. No broker makes this one. */
export const unbornEpoch = '0'

/** In a topic that had no message yet: it goes on with the first message of whatever epoch begins. */
export const unborn: Position = { epoch: 0, tag: 0, offset: 0 }

/** Before the oldest message that is kept when it is read: what was trimmed before that was not missed. */
export const earliest: Position = { epoch: 0, tag: 1, offset: 0 }

/** A place that is unknown: the reader has yet to be told. */
export const lost: Position = { epoch: 0, tag: 2, offset: 0 }

/** In a topic that was removed, of which the reader has been told: it is reset if the topic comes again. */
export const removed: Position = { epoch: 0, tag: 3, offset: 0 }

/** Before the newest message that there is when it is read: what came before that was not asked for. */
export const latest: Position = { epoch: 0, tag: 4, offset: 0 }

/** The positions of no epoch, by their tags. */
export const ofNoEpoch: readonly Position[] = [unborn, earliest, lost, removed, latest]

/** The tag of a position that does not know its message: no cursor has it, and no message contradicts it. */
export const untold = -1

/** At least 8 bytes that differ for different texts: passed in, because the hub knows no platform. */
export type Hash = (text: string) => Uint8Array

export function epochHash(hash: Hash, epoch: string): number {
  return epoch === unbornEpoch ? 0 : readBytes(hash(epoch), 4) || 1
}

export function messageTag(hash: Hash, id: string | null): number {
  return id === null ? 0 : readBytes(hash(id), 3)
}

/** 64 bits of the hash of a topic's name, as a string of 8 characters below 256. */
export function nameHash(hash: Hash, name: string): string {
  return String.fromCharCode(...hash(name).subarray(0, 8))
}

export function isSamePosition(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.offset === b.offset && isSameTag(a.tag, b.tag)
}

export function isSameTag(a: number, b: number): boolean {
  return a === b || a === untold || b === untold
}

/** Whether it belongs to the beginning of any epoch. */
export function isOfAnyEpoch({ epoch, tag }: Position): boolean {
  return epoch === 0 && tag < lost.tag
}

function readBytes(bytes: Uint8Array, count: number): number {
  let value = 0
  for (let index = 0; index < count; index += 1) value = value * 256 + (bytes[index] as number)
  return value
}
