// Options: where topics are kept, how much history, and for how long.

import {
  bytes,
  bytesOrNone,
  choice,
  custom,
  integer,
  milliseconds,
  type Option,
  type ValuesOf,
} from '../config/option.ts'
import type { Parsed } from '../config/readers.ts'

const mib = 1024 * 1024
const gib = 1024 * mib
const dayMs = 24 * 60 * 60 * 1000

/**
 * The kinds of brokers by the scheme of their address: what an address looks like, and how large the messages of all topics
 * may be where no option says. `server/brokers/open-broker.ts` has what opens each.
 */
export const brokerSchemes = {
  'memory:': { form: 'memory:', totalBytes: 256 * mib },
  'sqlite:': { form: 'sqlite:<file>', totalBytes: 10 * gib },
  'redis:': { form: 'redis://host:port', totalBytes: 10 * gib },
  'rediss:': { form: 'rediss://host:port', totalBytes: 10 * gib },
  'redis-sentinel:': { form: 'redis-sentinel://host:port/name', totalBytes: 10 * gib },
  'redis-cluster:': { form: 'redis-cluster://host:port', totalBytes: 10 * gib },
} as const

export type BrokerScheme = keyof typeof brokerSchemes

/** The scheme of a broker's address, with its colon; undefined when there is no such broker. */
export function brokerSchemeOf(address: string): BrokerScheme | undefined {
  return (Object.keys(brokerSchemes) as BrokerScheme[]).find((scheme) => address.startsWith(scheme))
}

// Only the scheme is repeated: an address may hold a password.
function readAddress(text: string): Parsed<string> {
  if (brokerSchemeOf(text) !== undefined) return { value: text }
  const [scheme] = /^[a-z][a-z0-9+.-]*:/i.exec(text) ?? []
  return { misfit: scheme === undefined ? 'an address without a scheme' : `an address that begins with ${scheme}` }
}

export const brokerOptions = {
  broker: custom(
    'memory:',
    `the address of a broker: ${Object.values(brokerSchemes)
      .map(({ form }) => form)
      .join(', ')}`,
    'Where topics are kept: `memory:` forgets them when the process ends, a file is made if there is none, a Redis serves any number of nodes. `npm start` has `sqlite:data/encke.db` without it.',
    readAddress,
  ),
  durability: choice(
    'full',
    ['full', 'normal', 'off'],
    'What a file survives: full an end of the process and a loss of power, normal and off an end of the process; off syncs nothing.',
  ),
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
  historyTotalBytes: bytesOrNone(
    2 ** 50,
    'How large the messages of all topics may be together; when nothing more can be dropped, a publish gets 503. Without it 256 MiB in memory, 10 GiB in a file. In Redis its `maxmemory` bounds them instead.',
  ),
  streamsTotalBytes: bytesOrNone(
    2 ** 50,
    'How large the messages of all topics may be together that keep everything; when it is full, an append gets 507. Without it 256 MiB in memory, 10 GiB in a file and in Redis.',
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
    'How many topics are remembered; the least recently used goes first, and when every one has readers, a new topic gets 503. In Redis nothing but `--topic-ttl-ms` bounds them.',
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
  redisPrefix: custom(
    'encke:',
    '1 to 64 printable ASCII characters without blanks and braces',
    'What all keys and channels in Redis begin with; nodes with another prefix know nothing of each other.',
    readPrefix,
  ),
  redisWaitReplicas: integer(
    0,
    0,
    9,
    'replicas',
    'How many replicas of Redis must have a message before its publisher is told; a publish that fewer confirm within 2 s gets 504, although readers may see it. 0 waits for none.',
  ),
  redisCa: path(
    'The certificates that a Redis with TLS is checked against, as PEM; without it those that Node trusts.',
  ),
  redisCert: path('The certificate that is shown to a Redis with TLS, as PEM.'),
  redisKey: path('The key of `--redis-cert`, as PEM.'),
}

/** What keys and channels may begin with: braces would move a topic to another slot. */
function readPrefix(text: string): Parsed<string> {
  return /^[!-z|~]{1,64}$/.test(text) ? { value: text } : { misfit: 'something else' }
}

function path(about: string): Option<string | undefined> {
  return custom<string | undefined>(undefined, 'the path of a file', about, (text) =>
    text === '' ? { misfit: 'nothing' } : { value: text },
  )
}

export type BrokerOptions = ValuesOf<typeof brokerOptions>

/** How large the messages of all topics may be together. */
export function totalsOf({ broker, historyTotalBytes, streamsTotalBytes }: BrokerOptions) {
  const { totalBytes } = brokerSchemes[brokerSchemeOf(broker) ?? 'memory:']
  return {
    historyTotalBytes: historyTotalBytes ?? totalBytes,
    streamsTotalBytes: streamsTotalBytes ?? totalBytes,
  }
}
