// Opens the Redis broker: `redis://`, `rediss://`, `redis-sentinel://`, `redis-cluster://`.

import { readFile } from 'node:fs/promises'
import { ConfigError } from '../../config/config-error.ts'
import type { Opening } from '../opening.ts'
import type { BrokerOptions } from '../options.ts'
import { brokerOptions, brokerSchemes } from '../options.ts'
import { randomIds } from '../random-ids.ts'
import type { RedisAddress } from './address.ts'
import { readRedisAddress } from './address.ts'
import type { TlsOptions } from './connection.ts'
import { RedisBroker } from './redis-broker.ts'
import { remarksOnOptions } from './server-check.ts'

/** @throws ConfigError ENCKE_ERR_BROKER when it is not there, too old, or not as the address says */
export async function openRedis({ address: text, options, scheduler, now }: Opening): Promise<RedisBroker> {
  const address = readRedisAddress(text)
  const tls = await readTls(address, options)
  try {
    return await RedisBroker.open({
      address,
      tls,
      prefix: options.redisPrefix,
      waitReplicas: options.redisWaitReplicas,
      silenceMs: options.brokerTimeoutMs,
      history: { messages: options.historyMessages, bytes: options.historyBytes, ageMs: options.historyAgeMs },
      topicTtlMs: options.topicTtlMs,
      streamsTotalBytes: options.streamsTotalBytes,
      idempotencyKeys: options.idempotencyKeys,
      randomId: randomIds(),
      scheduler,
      now,
      remarks: remarksOnOptions(options, {
        historyTotalBytes: brokerSchemes['redis:'].totalBytes,
        maxTopics: brokerOptions.maxTopics.fallback,
      }),
    })
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigError('ENCKE_ERR_BROKER', [`${reason}; start Redis, or give another --broker (or ENCKE_BROKER)`])
  }
}

async function readTls(address: RedisAddress, options: BrokerOptions): Promise<TlsOptions | undefined> {
  const paths = { ca: options.redisCa, cert: options.redisCert, key: options.redisKey }
  const given = Object.entries(paths).filter((entry): entry is [string, string] => entry[1] !== undefined)
  if (!address.isEncrypted) {
    if (given.length === 0) return undefined
    throw new ConfigError('ENCKE_ERR_BROKER', [
      `--redis-${given[0]?.[0]} is for a Redis with TLS: begin its address with rediss://, or add ?tls=1`,
    ])
  }
  if ((paths.cert === undefined) !== (paths.key === undefined)) {
    throw new ConfigError('ENCKE_ERR_BROKER', ['--redis-cert and --redis-key belong together: give both or neither'])
  }
  return Object.fromEntries(await Promise.all(given.map(async ([name, path]) => [name, await readPem(name, path)])))
}

async function readPem(name: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigError('ENCKE_ERR_BROKER', [`--redis-${name} cannot be read: ${reason}`])
  }
}
