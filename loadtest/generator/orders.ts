// What the load test asks of a generator, and what it is told: the two processes speak in these.

import type { FaultCounts } from '../client/faults.ts'
import type { DialectName } from '../dialects/index.ts'
import type { TimersMeasured, TimersPlan } from './armed-timers.ts'
import type { Looped, LoopPlan } from './closed-loop.ts'

/** One connection for every reader, and the first cursor for each. */
export interface OpenPlan {
  readonly origin: string
  readonly topics: readonly string[]
  readonly readersPerTopic: number
  /** Taken in turn, so that no address runs out of ports. */
  readonly localAddresses: readonly string[]
  /** Encke's when it is left out. */
  readonly dialect?: DialectName
  /** Lines, each with its end, that go with each request of a reader. */
  readonly headers?: string
  /** Each reader reads all topics, and not one of them; `readersPerTopic` is then how many readers there are. */
  readonly isTogether?: boolean
  /** Each reader polls and waits as soon as it has its place, as clients do; otherwise when it is told to park. */
  readonly isParking?: boolean
}

/** What has come for the polls that were parked. */
export interface Collected {
  /** When each reply came, on the clock that all processes share. */
  readonly arrivedMs: Float64Array
  /** Replies that are alike, byte by byte, and how many there were. */
  readonly replies: readonly { readonly status: number; readonly body: string; readonly count: number }[]
  readonly faults: FaultCounts
}

/** What readers have got that polled on and on. */
export interface Followed {
  /** For each message that reached a reader: when it was due to be published, and when it arrived. */
  readonly dueMs: Float64Array
  readonly arrivedMs: Float64Array
  readonly faults: FaultCounts
}

export interface Orders {
  open: { given: OpenPlan; answer: { readonly readers: number } }
  /** Each reader sends a poll that waits: all at once, or so many a second. */
  park: { given: { readonly perSecond: number } | null; answer: undefined }
  /** Poll once more, so many a second, where a poll has been answered already; gives how many there were. */
  again: { given: { readonly perSecond: number }; answer: { readonly polls: number } }
  /** How many of these polls have been answered, or broken off, so far. */
  replied: { given: null; answer: { readonly replies: number } }
  /** Wait for the replies to these polls. */
  collect: { given: { readonly timeoutMs: number }; answer: Collected }
  /** Each reader polls from now on, at once again after every reply. */
  follow: { given: null; answer: null }
  /** What has reached readers that poll on and on since this was last asked. */
  heard: { given: null; answer: Followed }
  /** Wait until every reader has seen its topic up to these offsets, in the order of the topics. */
  finish: { given: { readonly heads: readonly number[]; readonly timeoutMs: number }; answer: Followed }
  /** The same request again and again, as fast as the replies come. */
  loop: { given: LoopPlan; answer: Looped }
  /** No load: what the time-outs of selects cost in this process. */
  timers: { given: TimersPlan; answer: TimersMeasured }
  /** Close all connections. */
  leave: { given: null; answer: null }
}

export type OrderName = keyof Orders

/** One order on its way to the generator, and its answer on the way back. */
export interface Envelope<Name extends OrderName = OrderName> {
  readonly id: number
  readonly name: Name
  readonly given: Orders[Name]['given']
}

export type AnswerEnvelope =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string }
