// Writes to the file: what has been asked meanwhile becomes one transaction, and is answered once that is committed.
//
// Always true: after `perform` what is at hand is as the file has it; a request that was answered with a failure has left no
// trace, except where the failure says that its outcome is unknown.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { EnckeError } from '../../errors.ts'
import type { BrokerStatistics } from '../../hub/index.ts'
import type { Operations } from './operations.ts'
import type { Failure, Posted, Replies, Reply, WriterRequest } from './requests.ts'
import { errorNumber, sqliteBusy, sqliteFull } from './sqlite-errors.ts'

const pageBytes = 4_096
const mib = 1024 * 1024

/** Above this the journal is copied into the file, and above that, from its beginning again. */
const checkpointBytes = 16 * mib
const restartBytes = 64 * mib
/** A restart waits for readers, one of which may read for long: a backup. */
const restartEveryMs = 10_000

/** Dropped messages that are left in the file while there is other work. */
const mostDropped = 2_000

type Request = Posted<WriterRequest>

/** Thrown when it is not known whether a transaction is in the file. */
class OutcomeUnknown extends Error {}

export class Writer {
  readonly #database: DatabaseSync
  readonly #operations: Operations
  readonly #journal: StatementSync
  #trouble: string | undefined
  #restartedAt = -restartEveryMs

  constructor(database: DatabaseSync, operations: Operations) {
    this.#database = database
    this.#operations = operations
    this.#journal = database.prepare('PRAGMA wal_checkpoint(NOOP)')
  }

  get statistics(): BrokerStatistics {
    const { topics, messages, bytes, heldMessages, heldBytes } = this.#operations.totals
    return { topics, messages: messages + heldMessages, bytes: bytes + heldBytes }
  }

  /** Do what is asked, in order, in as few transactions as it takes. */
  perform(requests: readonly Request[]): Replies {
    const replies = this.#perform(requests)
    this.#tidy()
    const { statistics } = this
    return this.#trouble === undefined ? { replies, statistics } : { replies, statistics, trouble: this.#trouble }
  }

  /** Do a little of what can wait; false when nothing is left. */
  idle(): boolean {
    return this.#deleteSome() || this.#checkpoint('PASSIVE')
  }

  #perform(requests: readonly Request[]): readonly Reply[] {
    try {
      const replies = this.#transaction(() => requests.map((posted) => this.#answer(posted)))
      this.#trouble = undefined
      return replies
    } catch (error) {
      // One that does not fit must not take the others with it.
      if (requests.length > 1 && !(error instanceof OutcomeUnknown))
        return requests.flatMap((one) => this.#perform([one]))
      this.#trouble = messageOf(error)
      if (errorNumber(error) === sqliteFull && this.#makeSpace()) return this.#perform(requests)
      const failure = failureOf(error)
      if (!(error instanceof OutcomeUnknown)) return requests.map(({ number }) => ({ number, failure }))
      return requests.map(({ number, request }) => ({ number, failure, moves: this.#operations.whereabouts(request) }))
    }
  }

  /** The disk is full: use what is free in the files, and free what was dropped. False when nothing more can be. */
  #makeSpace(): boolean {
    this.#checkpoint('PASSIVE')
    return this.#deleteSome()
  }

  #answer({ number, request, now, clock }: Request): Reply {
    try {
      const { result, moves } = this.#operations.perform(request, { now, clock })
      return moves.length > 0 ? { number, result, moves } : { number, result }
    } catch (error) {
      if (!(error instanceof EnckeError)) throw error
      return { number, failure: { code: error.code, message: error.message } }
    }
  }

  /** @throws OutcomeUnknown, or what has kept it from being committed */
  #transaction<T>(body: () => T): T {
    let isAsked = false
    try {
      this.#database.exec('BEGIN IMMEDIATE')
      this.#operations.begin()
      const result = body()
      this.#operations.finish()
      isAsked = true
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      this.#rollBack()
      const isCertain = !isAsked || [sqliteFull, sqliteBusy].includes(errorNumber(error) ?? 0)
      throw isCertain ? error : new OutcomeUnknown(messageOf(error), { cause: error })
    }
  }

  #rollBack(): void {
    // A full disk has rolled it back already.
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    this.#operations.undo()
  }

  /** What cannot wait for quiet. */
  #tidy(): void {
    if (this.#operations.dropped > mostDropped) this.#deleteSome()
    const { log, checkpointed } = this.#journalPages()
    if (log * pageBytes >= restartBytes && performance.now() - this.#restartedAt >= restartEveryMs) {
      this.#restartedAt = performance.now()
      this.#checkpoint('RESTART')
    } else if ((log - checkpointed) * pageBytes >= checkpointBytes) this.#checkpoint('PASSIVE')
  }

  #deleteSome(): boolean {
    try {
      return this.#transaction(() => this.#operations.deleteSome())
    } catch (error) {
      this.#trouble = messageOf(error)
      return false
    }
  }

  /** False: there is nothing more to do, or not now. */
  #checkpoint(how: 'PASSIVE' | 'RESTART'): false {
    const { log, checkpointed } = this.#journalPages()
    if (log === checkpointed && how === 'PASSIVE') return false
    try {
      this.#database.exec(`PRAGMA wal_checkpoint(${how})`)
    } catch (error) {
      this.#trouble = messageOf(error)
    }
    return false
  }

  #journalPages() {
    return this.#journal.get() as { readonly log: number; readonly checkpointed: number }
  }
}

function failureOf(error: unknown): Failure {
  const reason = messageOf(error)
  if (error instanceof OutcomeUnknown) {
    const advice = 'the message may have been published or not; publish again only with the same Idempotency-Key'
    return { code: 'ENCKE_ERR_PUBLISH_UNKNOWN', message: `the database has failed (${reason}): ${advice}` }
  }
  if (errorNumber(error) === sqliteFull) {
    return {
      code: 'ENCKE_ERR_SERVER_DISK',
      message: 'there is no space left on the disk of the server: nothing was changed',
    }
  }
  return { code: 'ENCKE_ERR_SERVER_BROKER', message: `the database has failed (${reason}): nothing was changed` }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
