// What the threads of the broker say to each other.
//
// Always true: requests are answered in the order in which they were posted, those of one transaction together, once it is
// committed.

import type { ErrorCode } from '../../errors.ts'
import type {
  Append,
  Appended,
  BrokerStatistics,
  Created,
  Creation,
  ForkPoint,
  HistoryLimits,
  ListedTopic,
  Refused,
  Standing,
  TopicRecord,
} from '../../hub/index.ts'
import type { MessageColumns } from './message-rows.ts'

/** The times at which something is asked: on the clock of the file, which never goes back, and since 1970. */
export interface Moment {
  readonly now: number
  readonly clock: number
}

/** `isRead`: a follower has readers of the topic, so that it does not expire for want of use. */
export type WriterRequest =
  | { readonly what: 'append'; readonly topic: string; readonly append: Append; readonly isRead: boolean }
  | { readonly what: 'create'; readonly topic: string; readonly creation: Creation; readonly isRead: boolean }
  | {
      readonly what: 'fork'
      readonly source: string
      readonly point: ForkPoint
      readonly topic: string
      readonly creation: Partial<Creation>
      readonly isRead: boolean
    }
  | { readonly what: 'remove'; readonly topic: string; readonly isRead: boolean }
  | { readonly what: 'follow'; readonly topics: readonly { readonly topic: string; readonly isRead: boolean }[] }
  | { readonly what: 'leave'; readonly topics: readonly string[] }
  | { readonly what: 'touch'; readonly topics: readonly string[] }
  /** Remove the topic if its time is up. */
  | { readonly what: 'expire'; readonly topic: string; readonly isRead: boolean }
  | { readonly what: 'sweep' }
  | { readonly what: 'close' }

export interface WriterResults {
  append: Appended | Refused
  create: Created
  fork: Created
  remove: boolean
  follow: readonly Standing[]
  leave: null
  touch: null
  expire: null
  sweep: Swept
  close: null
}

export interface Swept {
  /** Whether there may be more to drop. */
  readonly hasMore: boolean
  readonly hasMortals: boolean
  /** Topics that are followed and expire for want of use: those that are read have to be touched, others may be too old. */
  readonly doubtful: readonly string[]
}

export type ReaderRequest =
  | {
      readonly what: 'history'
      readonly topic: string
      readonly from: number
      readonly limits: HistoryLimits
      readonly isRead: boolean
    }
  | { readonly what: 'inform'; readonly topic: string; readonly isRead: boolean }
  | { readonly what: 'list'; readonly after: string; readonly limit: number }

/** `expired`: the topic is still there, and its time is up. */
export interface ReaderResults {
  history: 'expired' | ReadHistory
  inform: 'expired' | TopicRecord | null
  list: readonly ListedTopic[]
}

export interface ReadHistory {
  readonly standing: Standing
  /** None where there is no such topic. */
  readonly messages?: MessageColumns
  /** Whether this use has to be written down. */
  readonly mustTouch: boolean
}

export interface Posted<Request> extends Moment {
  readonly number: number
  readonly request: Request
}

/** Where topics stand now, whatever was told before; null stands for the messages of an append, which come first without it. */
export type Moves = (readonly [topic: string, standing: Standing] | null)[]

/** Why something did not happen, or is not known to have: what makes an EnckeError. */
export interface Failure {
  readonly code: ErrorCode
  readonly message: string
}

export interface Reply {
  readonly number: number
  readonly result?: unknown
  readonly failure?: Failure
  readonly moves?: Moves
}

/** What a thread says first. */
export type Greeting =
  /** `now`: a late time of the file's clock; it goes on from there. */
  | { readonly isOpen: true; readonly now: number; readonly statistics: BrokerStatistics }
  | { readonly isOpen: false; readonly complaint: string }

export interface Replies {
  readonly replies: readonly Reply[]
  /** Why the file cannot be written to; undefined while it can. */
  readonly trouble?: string
  readonly statistics?: BrokerStatistics
}
