// What nodes tell each other of their members, as messages of one topic that nobody else reads.
//
// A node numbers its messages from 1 on: whoever misses one asks for all.

import type { SharedMember } from './member-table.ts'

/** In which topic. No right is for it. */
export const nodesTopic = '__nodes/presence'

/** Asks every node. */
export const everyNode = '*'

/** A member that is none any more. */
export interface Gone {
  readonly node: string
  readonly id: number
}

export interface PresenceMessage {
  readonly node: string
  readonly sequence: number
  /** Members of the node that have come or are called otherwise, and members of any node that have gone, in this order. */
  readonly present: readonly Omit<SharedMember, 'node'>[]
  readonly gone: readonly Gone[]
  /** With this message begins, and ends, the list of all its members. */
  readonly begins: boolean
  readonly ends: boolean
  /** The nodes that shall send all their members. */
  readonly asks: readonly string[]
  /** The nodes that were not heard of for too long: their members have expired. */
  readonly silent: readonly string[]
}

export function encodeMessage(message: PresenceMessage): string {
  return JSON.stringify(message)
}

/** Read a message; undefined for one that a later version writes in another way. */
export function decodeMessage(text: string): PresenceMessage | undefined {
  try {
    const message: Partial<PresenceMessage> | null = JSON.parse(text)
    if (typeof message?.node !== 'string' || typeof message.sequence !== 'number') return undefined
    const { node, sequence, present = [], gone = [], begins = false, ends = false, asks = [], silent = [] } = message
    return { node, sequence, present, gone, begins, ends, asks, silent }
  } catch {
    return undefined
  }
}
