// Opens a broker by its address. A kind of broker is a scheme: a row in `brokerSchemes` (options.ts) and one here.
//
// A broker owns its background work: it begins with the opening and ends with `close`, which is for who has opened it.

import type { Scheduler } from '../../runtime/index.ts'
import { Scheduler as OwnScheduler } from '../../runtime/index.ts'
import { ConfigError } from '../config/config-error.ts'
import { OptionTable } from '../config/option-table.ts'
import type { Broker } from '../hub/index.ts'
import type { Opening } from './opening.ts'
import type { BrokerOptions, BrokerScheme } from './options.ts'
import { brokerOptions, brokerSchemeOf, brokerSchemes, totalsOf } from './options.ts'

export interface OpenBrokerOptions extends Partial<Omit<BrokerOptions, 'broker'>> {
  /** What its background work runs on. Default: a scheduler of its own. */
  readonly scheduler?: Scheduler
  /** Milliseconds since 1970. It may jump. Default: `Date.now`. */
  readonly clock?: () => number
  /** Milliseconds on a clock that never goes back. Default: that of the process. */
  readonly now?: () => number
}

// What is not used is not loaded.
const openers: Record<BrokerScheme, (opening: Opening) => Promise<Broker>> = {
  'memory:': async (opening) => (await import('./memory/open-memory.ts')).openMemory(opening),
  'sqlite:': async (opening) => (await import('./sqlite/open-sqlite.ts')).openSqlite(opening),
  'redis:': openRedis,
  'rediss:': openRedis,
  'redis-sentinel:': openRedis,
  'redis-cluster:': openRedis,
}

const table = new OptionTable(brokerOptions, [])

/**
 * Open the broker of an address such as `memory:`. Close it when it is not needed any more: the server and the plugin close
 * only what they have opened themselves.
 *
 * @throws ConfigError ENCKE_ERR_CONFIG about the options, ENCKE_ERR_BROKER when it cannot be opened
 */
export async function openBroker(address: string, given: OpenBrokerOptions = {}): Promise<Broker> {
  const { scheduler, clock, now, ...values } = given
  const scheme = brokerSchemeOf(address)
  if (scheme === undefined) throw unknownBroker(address)
  const options = table.complete({ ...pick(values), broker: address })
  return openers[scheme]({
    address,
    options: { ...options, ...totalsOf(options) },
    scheduler: scheduler ?? new OwnScheduler(),
    clock: clock ?? Date.now,
    now: now ?? (() => performance.now()),
  })
}

async function openRedis(opening: Opening): Promise<Broker> {
  return await (await import('./redis/open-redis.ts')).openRedis(opening)
}

/** The options of brokers among those of a server. */
function pick(values: Partial<BrokerOptions>): Partial<BrokerOptions> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => Object.hasOwn(brokerOptions, key)))
}

// An address may hold a password: only its scheme is repeated.
function unknownBroker(address: string): ConfigError {
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(address)?.[0]
  const given = scheme === undefined ? 'an address without a scheme' : `an address that begins with ${scheme}`
  const known = Object.values(brokerSchemes).map(({ form }) => form)
  return new ConfigError('ENCKE_ERR_BROKER', [`there is no broker for ${given}; give one of ${known.join(', ')}`])
}
