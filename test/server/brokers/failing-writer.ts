// The writing thread on a disk that fails: at commits, at checkpoints and when the file is opened, by a seed; or that is full
// after so many pages; or a thread that ends.

import { existsSync, readFileSync, rmSync } from 'node:fs'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { Random } from '../../../runtime/index.ts'
import { serveWrites, type WriterData } from '../../../server/brokers/sqlite/serve-writes.ts'

export interface Faults {
  readonly seed: number
  /** Of each: how many in a hundred fail. */
  readonly commits?: number
  readonly checkpoints?: number
  readonly opens?: number
  /** While there is this file, the next commit removes it and ends the thread: after it, or before it as the file may say. */
  readonly death?: string
  /** The file has room for so many pages. */
  readonly pages?: number
}

class FailingDatabase extends DatabaseSync {
  readonly #random: Random
  readonly #faults: Faults

  constructor(file: string, faults: Faults) {
    super(file, { timeout: 1_000 })
    this.#faults = faults
    this.#random = new Random(faults.seed)
    if (this.#happens(faults.opens)) throw failure('the disk does not answer')
    if (faults.pages !== undefined) super.exec(`PRAGMA max_page_count = ${faults.pages}`)
  }

  override exec(sql: string): void {
    const { death } = this.#faults
    if (sql === 'COMMIT' && death !== undefined && existsSync(death)) {
      const when = readFileSync(death, 'utf8')
      rmSync(death)
      if (when === 'after') super.exec('COMMIT')
      process.exit()
    }
    if (sql === 'COMMIT' && this.#happens(this.#faults.commits)) {
      // Before the commit, or after it, when the answer is lost: then it is in the file.
      if (this.#random.below(2) === 0) super.exec('COMMIT')
      throw failure('the disk does not answer')
    }
    if (sql.includes('wal_checkpoint') && this.#happens(this.#faults.checkpoints))
      throw failure('the disk does not answer')
    super.exec(sql)
  }

  #happens(inHundred = 0): boolean {
    return this.#random.below(100) < inHundred
  }
}

/** As SQLite says it of a disk. */
function failure(message: string): Error {
  return Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode: 10 })
}

const { faults, ...data } = workerData as WriterData & { readonly faults: Faults }
if (parentPort !== null) serveWrites(parentPort, data, (file) => new FailingDatabase(file, faults))
