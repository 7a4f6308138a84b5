// Options: how much history is kept, and for how long.

import { bytes, integer, milliseconds } from '../config/option.ts'

const mib = 1024 * 1024
const dayMs = 24 * 60 * 60 * 1000

export const brokerOptions = {
  historyMessages: integer(
    1000,
    1,
    10_000_000,
    'messages',
    'How many messages a topic keeps; older ones are dropped, and readers who missed them are told how many.',
  ),
  historyBytes: bytes(
    mib,
    2 ** 40,
    'How large the messages that a topic keeps may be together; older ones are dropped, the newest is always kept.',
  ),
  historyAgeMs: milliseconds(dayMs, 1, 'How long a topic keeps a message; the newest is kept longer.'),
  historyTotalBytes: bytes(
    256 * mib,
    2 ** 40,
    'How large the messages of all topics may be together; when nothing more can be dropped, a publish gets 503.',
  ),
  streamsTotalBytes: bytes(
    256 * mib,
    2 ** 50,
    'How large the messages of all topics may be together that keep everything; when it is full, an append gets 507.',
  ),
  idempotencyKeys: integer(
    10_000,
    1,
    10_000_000,
    'messages',
    'How many messages with an Idempotency-Key a topic remembers, for 10 minutes; beyond that the oldest is forgotten.',
  ),
  brokerTimeoutMs: milliseconds(
    5_000,
    1,
    'How long the broker may take for one operation; then a poll or a publish gets an error.',
  ),
  maxTopics: integer(
    100_000,
    1,
    100_000_000,
    'topics',
    'How many topics are remembered; the least recently used goes first, and when every one has readers, a new topic gets 503.',
  ),
  topicTtlMs: milliseconds(
    dayMs,
    1,
    'How long a topic is remembered after its last publish or poll; cursors on it then say `reset`.',
  ),
  unfollowMs: milliseconds(
    30_000,
    0,
    'How long the broker is still followed after the last reader of a topic left; 0 stops at once.',
  ),
}
