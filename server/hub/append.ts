// An append: what is to happen to one topic in one step, and what has come of it.

import type { Draft } from './message.ts'
import type { Standing } from './record.ts'

/** The content type of topics that are born by a publish. */
export const jsonType = 'application/json'

export interface Append {
  /** May be empty where it only closes. */
  readonly messages: readonly Draft[]
  /** What the topic's must be, in lower case, without parameters; a topic that is born gets it. Default: JSON. */
  readonly contentType?: string
  /** Whether a topic that is not there is made. Default: create. */
  readonly ifMissing?: 'create' | 'refuse'
  /** The same key gives the same answer, and appends nothing, for 10 minutes. */
  readonly key?: IdempotencyKey
  readonly producer?: ProducerMark
  /** A writer's own mark: it must be above the topic's last one, in the order of its characters. */
  readonly sequence?: string
  /** Whether nothing can be appended afterwards. */
  readonly close?: boolean
}

export interface IdempotencyKey {
  readonly text: string
  /** Of everything that must be the same when the key comes again. */
  readonly bodyHash: string
}

/** A producer numbers its appends from 0 on in each of its epochs, so that each happens once. */
export interface ProducerMark {
  readonly id: string
  readonly epoch: number
  readonly sequence: number
}

/** What the publisher of a message is told. */
export interface Receipt {
  readonly offset: number
  readonly id: string
  /** When it was published, in milliseconds since 1970. */
  readonly time: number
}

export interface Appended {
  /** `replayed`: the key had been seen. `duplicate`: the producer's append had happened before, or the close had. */
  readonly outcome: 'appended' | 'replayed' | 'duplicate'
  readonly standing: Standing
  /** One for each message, in order; none for a duplicate. */
  readonly receipts: readonly Receipt[]
  /** The last sequence of the producer, where there is one. */
  readonly producerSequence?: number
}

export interface Refused {
  readonly outcome: 'refused'
  readonly standing: Standing
  readonly reason: Refusal
}

export type Refusal =
  | { readonly what: 'missing' | 'removed' | 'closed' | 'sequence' | 'keyReused' }
  | { readonly what: 'contentType'; readonly contentType: string }
  /** The producer has begun a later epoch. */
  | { readonly what: 'producerFenced'; readonly epoch: number }
  /** Some of the producer's appends are missing: this one was expected next. A new epoch begins with 0. */
  | { readonly what: 'producerGap'; readonly expected: number; readonly isNewEpoch: boolean }
