// What a broker keeps about a topic, beside its messages. The record outlives them.

import type { Draft } from './message.ts'

/** Where a topic stands. */
export interface Standing {
  /** 64 random bits as text; `0` before the topic is born. */
  readonly epoch: string
  /** The offset of the newest message; 0 before the first. */
  readonly head: number
  /** The id of the newest message; null before the first. */
  readonly headId: string | null
  /** The offset of the oldest message kept; 1 before the first. */
  readonly oldest: number
  /** Whether nothing more can be appended. */
  readonly isClosed: boolean
  /** The number of the newest segment; 0 before the topic is born. */
  readonly segment: number
  /** Of all its messages: in lower case, without parameters; null before the topic is born. */
  readonly contentType: string | null
}

/**
 * A run of offsets within an epoch. A new one begins when the newest messages may have been lost, so that an offset given
 * out in an earlier segment is not mistaken for the one that has its number now.
 */
export interface Segment {
  /** Above the numbers of all earlier segments of this name: a clock in microseconds, at least the previous plus one. */
  readonly number: number
  /** The offset of its first message. */
  readonly first: number
}

/** How long a topic lives: after its last use, or until a time (in milliseconds since 1970). Null: for ever. */
export type Lifetime = { readonly ttlMs: number } | { readonly expiresAt: number } | null

export interface TopicRecord extends Standing {
  readonly contentType: string
  /** Oldest first; the last one is the `segment` of the standing. */
  readonly segments: readonly Segment[]
  readonly lifetime: Lifetime
  /** `all`: it was created, and nothing is ever dropped. `bounded`: it was born by a publish. */
  readonly retention: 'all' | 'bounded'
  /** Where it was forked from. */
  readonly forkedFrom: { readonly topic: string; readonly offset: number } | null
  /** It has been removed, and only its forks need it. */
  readonly isRemoved: boolean
}

/** A topic in a list of topics. */
export interface ListedTopic extends TopicRecord {
  readonly topic: string
}

/** How a topic is to be made. */
export interface Creation {
  readonly contentType: string
  readonly lifetime: Lifetime
  readonly messages: readonly Draft[]
  readonly isClosed: boolean
}

export interface Created {
  /**
   * `created`; `existed`: with the same content type, lifetime and closed state, and nothing was changed; `conflict`: with
   * others, or it has been removed and has forks; `noSource`, `sourceRemoved`, `pastHead`: there is nothing to fork.
   */
  readonly outcome: 'created' | 'existed' | 'conflict' | 'noSource' | 'sourceRemoved' | 'pastHead'
  /** The topic as it is now, or what is in the way. */
  readonly record: TopicRecord | null
}

/** Where a fork leaves its source: after this offset, or at its head. */
export type ForkPoint = number | 'head'
