// The seam: where the truth about a topic is kept. One broker may serve many hubs, in one process or in many.
//
// What every implementation promises (test/server/brokers/conformance.ts):
//   - offsets of an epoch are 1, 2, 3 … in the order of appending, without holes but where a store has lost messages;
//   - a message is shown to followers and in history only once its append would be acknowledged;
//   - the newest message of a topic is always kept, unless the store has lost it: then the head stands behind it;
//   - an epoch ends only when its offsets start again, and is never used twice;
//   - only `append`, `create` and `fork` make a topic: one that is read or followed before stands in `unbornStanding`,
//     and takes no place anywhere.
//
// Operations may park, and may fail with any error. What a client's own mistake is, is an outcome and no error: each
// protocol has its own words for it.

import type { Operation } from '../../runtime/index.ts'
import type { Append, Appended, Refused } from './append.ts'
import type { HistoryLimits } from './history.ts'
import type { Message } from './message.ts'
import { unbornEpoch } from './position.ts'
import type { Created, Creation, ForkPoint, ListedTopic, Standing, TopicRecord } from './record.ts'

/** Where a topic without a record stands. */
export const unbornStanding: Standing = {
  epoch: unbornEpoch,
  head: 0,
  headId: null,
  oldest: 1,
  isClosed: false,
  segment: 0,
  contentType: null,
}

/** A piece of a topic's history, and where the topic stood when it was cut. */
export interface Slice extends Standing {
  /** Contiguous, oldest first. */
  readonly messages: readonly Message[]
}

/**
 * A hub that follows topics. None of its methods may throw. What it is told of one topic, it is told in order.
 */
export interface Follower {
  /** The answer to `follow`: everything after this standing will arrive. It may come late, and then says nothing new. */
  located(topic: string, standing: Standing): void
  /** The other answer to `follow`: the topic is not followed. */
  notLocated(topic: string, error: unknown): void
  /**
   * A message of a topic that it follows. Duplicates, holes and new epochs can happen after a reconnect: the follower
   * copes.
   */
  arrived(message: Message, epoch: string): void
  /**
   * A topic that it follows stands here now, whatever was told before: the broker was cut off and is back, or the topic
   * was created, closed or removed, has expired, has lost its newest messages, or an append has begun another segment.
   */
  moved(topic: string, standing: Standing): void
  /** Whether the topic has readers: then it does not expire for want of use. */
  isReading(topic: string): boolean
  /**
   * Give up a topic that it does not need, the one that it has needed least for longest: the broker has no room for
   * another. It is told no more of it. Undefined when it needs all that it follows.
   */
  relinquish(): string | undefined
}

/** How a broker is. Topics that are at hand can be read all the same. */
export type Health =
  | { readonly isOk: true }
  | { readonly isOk: false /** In milliseconds since 1970. */; readonly since: number; readonly reason: string }

export interface BrokerStatistics {
  readonly topics: number
  readonly messages: number
  /** Bytes of message data in all histories. */
  readonly bytes: number
}

export interface Broker {
  /** Whether no operation ever parks: then none needs a time limit. */
  readonly answersAtOnce: boolean
  /** Whether other processes may serve the same topics. */
  readonly isShared?: boolean
  readonly health: Health
  /** What an operator should know of how it keeps its promises: said once, in the log. */
  readonly remarks?: readonly string[]
  /**
   * Append messages to one topic, with whatever comes with them, in one step: all of it happens or nothing does.
   *
   * @throws EnckeError ENCKE_ERR_MESSAGE_OVER_HISTORY, ENCKE_ERR_SERVER_TOPICS, ENCKE_ERR_SERVER_HISTORY,
   *   ENCKE_ERR_STREAMS_FULL; ENCKE_ERR_PUBLISH_UNKNOWN when its outcome is unknown
   */
  append(topic: string, append: Append): Operation<Appended | Refused>
  /** Make a topic that keeps everything until it is removed or expires. @throws as `append` */
  create(topic: string, creation: Creation): Operation<Created>
  /** Make a topic that begins with what `source` has up to `point`. @throws as `append` */
  fork(source: string, point: ForkPoint, topic: string, creation: Partial<Creation>): Operation<Created>
  /** Remove a topic, or hide it while it has forks; false when there is none. */
  remove(topic: string): Operation<boolean>
  /** Everything about a topic but its messages; null before it is born. It does not count as use. */
  inform(topic: string): Operation<TopicRecord | null>
  /** At most `limit` topics whose names come after `after`, in the order of their characters. It does not count as use. */
  list(after: string, limit: number): Operation<readonly ListedTopic[]>
  /** Read from offset `from`, or from the oldest kept if that is later; as many messages as `limits` allow, one at least. */
  history(topic: string, from: number, limits: HistoryLimits): Operation<Slice>
  /**
   * Begin to tell `follower` of topics, all at once. Each is answered for itself, by `located` or `notLocated`, now or
   * later; one that hangs holds no other up. Following again is answered again. Never throws.
   *
   * For one topic and one follower, follow and unfollow take effect in the order in which they were called.
   */
  follow(topics: readonly string[], follower: Follower): void
  /** Tell `follower` no more. Leaving what it does not follow changes nothing. Never throws. */
  unfollow(topics: readonly string[], follower: Follower): void
  /** Count what this process holds, without asking another. */
  statistics(): BrokerStatistics
  /** End what it does in the background, and wait until what it has acknowledged is safe. */
  close(): Operation<void>
}
