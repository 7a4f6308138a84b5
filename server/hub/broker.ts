// The seam: where the truth about a topic is kept. One broker may serve many hubs, in one process or in many.
//
// What every implementation promises (test/server/brokers/conformance.ts):
//   - offsets of an epoch are 1, 2, 3 … without holes, in the order of publishing;
//   - a message is shown to followers and in history only once its publish would be acknowledged;
//   - the newest message of a topic is always kept;
//   - an epoch ends only when its offsets start again, and is never used twice;
//   - only a publish makes a topic: one that is read or followed before stands in `unborn`, and takes no place anywhere.

import type { Operation } from '../../runtime/index.ts'
import type { Draft, Message } from './message.ts'
import { unbornEpoch } from './position.ts'

/** Where a topic stands. */
export interface Standing {
  /** 64 random bits as text; `0` before the first message. */
  readonly epoch: string
  /** The offset of the newest message; 0 before the first. */
  readonly head: number
  /** The id of the newest message; null before the first. */
  readonly headId: string | null
  /** The offset of the oldest message kept; 1 before the first. */
  readonly oldest: number
}

/** Where a topic stands that nobody has published to. */
export const unbornStanding: Standing = { epoch: unbornEpoch, head: 0, headId: null, oldest: 1 }

/** A piece of a topic's history, and where the topic stood when it was cut. */
export interface Slice extends Standing {
  /** Contiguous, oldest first. */
  readonly messages: readonly Message[]
}

/** The answer to a publish. */
export interface Published {
  readonly message: Message
  readonly epoch: string
}

/** A hub that follows topics. */
export interface Follower {
  /**
   * Told of every message of a topic it follows. Must not throw. Duplicates, holes and new epochs can happen after a
   * reconnect: the follower copes.
   */
  arrived(message: Message, epoch: string): void
  /**
   * Give up a topic that it does not need, the one that it has needed least for longest: the broker has no room for
   * another. It is told no more of it. Undefined when it needs all that it follows.
   */
  relinquish(): string | undefined
}

export interface BrokerStatistics {
  readonly topics: number
  readonly messages: number
  /** Bytes of message data in all histories. */
  readonly bytes: number
}

/** All of these are operations: they may park. */
export interface Broker {
  /**
   * Append a message.
   *
   * @throws EnckeError ENCKE_ERR_MESSAGE_OVER_HISTORY, ENCKE_ERR_SERVER_TOPICS, ENCKE_ERR_SERVER_HISTORY
   */
  publish(topic: string, draft: Draft): Operation<Published>
  /** Read from offset `from`, or from the oldest kept if that is later; at most `limit` messages, or just the standing. */
  history(topic: string, from: number, limit: number): Operation<Slice>
  /**
   * Begin to tell `follower` of new messages; everything after the standing it gives will arrive. Following again only
   * gives the standing again. If it throws, it does not follow.
   */
  follow(topic: string, follower: Follower): Operation<Standing>
  /** Tell `follower` no more. Leaving what it does not follow changes nothing. */
  unfollow(topic: string, follower: Follower): Operation<void>
  statistics(): BrokerStatistics
}
