// A disk that fails behind the broker, at commits, at checkpoints and at the opening, or that is full, over several boots.
//
// A publish that was acknowledged is there, one that was refused is not, and one of unknown outcome is there at most once.

import type { Random } from '../../runtime/index.ts'
import { type Coroutine, run, Scheduler } from '../../runtime/index.ts'
import { ConfigError } from '../../server/config/config-error.ts'
import { EnckeError } from '../../server/errors.ts'
import type { Broker } from '../../server/hub/index.ts'
import type { Faults } from '../server/brokers/failing-writer.ts'
import { Folder, openFailingFile } from '../server/brokers/make-sqlite.ts'
import { checkFile } from './kills.ts'
import { appendOf, boundless, Ledger, topicOf } from './ledger.ts'

const appendsEach = 120

/** Less than the file has by then: SQLite takes it for what it has, and the disk is full within some messages. */
const fullPages = 1

interface FailuresReport {
  readonly boots: number
  readonly acknowledged: number
  readonly refused: number
  readonly unknown: number
}

/** @throws Error where anything was lost, or is there twice */
export async function failAtRandom(random: Random, boots: number): Promise<FailuresReport> {
  const counts = { acknowledged: 0, refused: 0, unknown: 0 }
  using folder = new Folder()
  const ledger = new Ledger()
  for (let boot = 0; boot < boots; boot += 1) {
    const isFull = boot % 3 === 2
    const faults = {
      seed: random.below(2 ** 31),
      commits: random.below(30),
      checkpoints: random.below(60),
      opens: isFull ? 0 : 20,
    }
    await publishOn(folder.file(), { ...faults, ...(isFull && { pages: fullPages }) }, ledger, counts)
  }
  await checkFile(folder.file(), ledger)
  return { boots, ...counts }
}

type Counts = { -readonly [K in keyof Omit<FailuresReport, 'boots'>]: number }

async function publishOn(file: string, faults: Faults, ledger: Ledger, counts: Counts): Promise<void> {
  let broker: Broker
  try {
    broker = await openFailingFile(file, faults, { scheduler: new Scheduler(), ...boundless })
  } catch (error) {
    if (error instanceof ConfigError) return
    throw error
  }
  const first = ledger.next
  await run(function* () {
    for (let number = first; number < first + appendsEach; number += 1) yield* publish(broker, number, ledger, counts)
    yield* broker.close()
  }).promise
}

function* publish(broker: Broker, number: number, ledger: Ledger, counts: Counts): Coroutine<void> {
  try {
    const answer = yield* broker.append(topicOf(number), appendOf(number))
    if (answer.outcome === 'refused') throw new Error(`message ${number} was refused`)
    const { offset, id } = answer.receipts[0] as { offset: number; id: string }
    ledger.enter(number, { offset, id, epoch: answer.standing.epoch })
    counts.acknowledged += 1
  } catch (error) {
    if (!(error instanceof EnckeError)) throw error
    ledger.last = Math.max(ledger.last, number)
    counts[error.code === 'ENCKE_ERR_PUBLISH_UNKNOWN' ? 'unknown' : 'refused'] += 1
  }
}
