// What the commands have in common that open a broker themselves, instead of asking a server over HTTP.

import { type Coroutine, run } from '../../runtime/index.ts'
import { brokerOptions } from '../brokers/options.ts'
import { ConfigError } from '../config.ts'
import { EnckeError } from '../errors.ts'
import type { Broker } from '../hub/index.ts'
import { Failure, misuse } from './command.ts'

/** Where topics are kept: without a word, where `encke serve` keeps them. */
export const keptAt = { ...brokerOptions.broker, fallback: 'sqlite:data/encke.db' }

const { redisPrefix, redisCa, redisCert, redisKey, brokerTimeoutMs } = brokerOptions

/** How a Redis is reached. */
export const reachOptions = { brokerTimeoutMs, redisPrefix, redisCa, redisCert, redisKey }

/** @throws ConfigError where the broker is one of the process that has opened it */
export function refuseMemory(command: string, address: string): void {
  if (address.startsWith('memory:')) throw misuse(`${command} needs a broker that outlives its server, not ${address}`)
}

/** Use a broker, and close it. What goes wrong with it meanwhile is a failure, not a misuse. */
export async function withBroker<T>(broker: Broker, use: (broker: Broker) => Coroutine<T>): Promise<T> {
  const work = run(function* () {
    try {
      return yield* use(broker)
    } finally {
      yield* broker.close()
    }
  })
  try {
    return await work.promise
  } catch (error) {
    if (error instanceof ConfigError || error instanceof EnckeError) throw new Failure(error.message, { cause: error })
    throw error
  }
}

/** What was taken along, in words. */
export function inWords({ topics, messages }: { readonly topics: number; readonly messages: number }): string {
  return `${count(topics, 'topic')} with ${count(messages, 'message')}`
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`
}
