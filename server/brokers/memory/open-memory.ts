// Opens the memory broker: `memory:`.

import { ConfigError } from '../../config/config-error.ts'
import type { Opening } from '../opening.ts'
import { randomIds } from '../random-ids.ts'
import { MemoryBroker } from './memory-broker.ts'

export function openMemory({ address, options, scheduler, clock, now }: Opening): MemoryBroker {
  if (address !== 'memory:') {
    throw new ConfigError('ENCKE_ERR_BROKER', [
      'the memory broker takes nothing behind its scheme; give --broker memory: (or ENCKE_BROKER)',
    ])
  }
  const broker = new MemoryBroker({
    ...options,
    history: { messages: options.historyMessages, bytes: options.historyBytes, ageMs: options.historyAgeMs },
    totalBytes: options.historyTotalBytes,
    clock,
    now,
    randomId: randomIds(),
  })
  broker.start(scheduler)
  return broker
}
