// A sqlite broker for a test, on a file of its own that is gone afterwards.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scheduler } from '../../../runtime/index.ts'
import { run, type VirtualHost } from '../../../runtime/index.ts'
import type { OpenBrokerOptions } from '../../../server/brokers/open-broker.ts'
import { openBroker } from '../../../server/brokers/open-broker.ts'
import { totalsOf } from '../../../server/brokers/options.ts'
import { openSqlite } from '../../../server/brokers/sqlite/open-sqlite.ts'
import { completeConfig } from '../../../server/config.ts'
import type { Broker } from '../../../server/hub/index.ts'
import type { Faults } from './failing-writer.ts'

/** A folder that is removed when it is disposed. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'encke-'))

  file(name = 'encke.db'): string {
    return join(this.path, name)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** Open one whose clocks are those of a virtual host. */
export function openOn(host: VirtualHost, scheduler: Scheduler, file: string, options: OpenBrokerOptions = {}) {
  const clocks = { clock: () => host.now(), now: () => host.now() }
  return openBroker(`sqlite:${file}`, { scheduler, ...clocks, ...options })
}

/** Open one whose disk fails. */
export function openFailing(host: VirtualHost, scheduler: Scheduler, file: string, faults: Faults) {
  const now = () => host.now()
  return openFailingFile(file, faults, { scheduler, clock: now, now })
}

/** The same, on the clocks of the process where none are given. */
export function openFailingFile(file: string, faults: Faults, given: OpenBrokerOptions & { scheduler: Scheduler }) {
  const { scheduler, clock = Date.now, now = () => performance.now(), ...values } = given
  const options = completeConfig({ ...values, broker: `sqlite:${file}` })
  const opening = { address: options.broker, options: { ...options, ...totalsOf(options) }, scheduler, clock, now }
  return openSqlite(opening, { script: new URL('failing-writer.ts', import.meta.url), data: { faults } })
}

/** Wait until nothing is on its way between the threads; virtual time stands still meanwhile. */
export async function answered(host: VirtualHost, scheduler: Scheduler): Promise<void> {
  do {
    host.settle()
    await new Promise<void>((resolve) => setImmediate(resolve))
    host.settle()
  } while (scheduler.statistics().awaited > 0)
}

export function closeBroker(broker: Broker): Promise<void> {
  return run(function* () {
    yield* broker.close()
  }).promise
}
