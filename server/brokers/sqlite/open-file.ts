// Opens the file for the one thread that writes to it: folder, lock, journal, format, and what has to be made good first.

import { closeSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { FileInUseError, lockFile } from './file-lock.ts'
import { makeFolder } from './make-folder.ts'
import { Meta } from './meta.ts'
import { checkFormat, FileFormatError, migrate } from './schema.ts'
import { errorNumber, sqliteCorrupt, sqliteFull, sqliteNotADatabase, sqliteReadOnly } from './sqlite-errors.ts'

export type Durability = 'full' | 'normal' | 'off'

export interface OpenFile {
  readonly database: DatabaseSync
  readonly meta: Meta
  /** Close it in order: the next start need not fear that something was lost. */
  close(): void
}

export interface FileOptions {
  readonly file: string
  readonly durability: Durability
  readonly randomId: () => string
  /** Milliseconds since 1970. */
  readonly clock: number
  readonly pid: number
}

/** How long a checkpoint waits for readers, in milliseconds. */
const busyMs = 1_000

/** Open the file, and make it if there is none. @throws what `explainOpenFailure` explains */
export function openFile(
  options: FileOptions,
  open = (file: string) => new DatabaseSync(file, { timeout: busyMs }),
): OpenFile {
  const { file, durability, pid } = options
  makeFolder(dirname(file))
  makeForOwner(file)
  const lock = lockFile(file, pid)
  let database: DatabaseSync | undefined
  try {
    database = open(file)
    const opened = prepare(database, options)
    setDurability(database, durability)
    return { database, meta: opened, close: () => closeInOrder(opened, database as DatabaseSync, lock) }
  } catch (error) {
    database?.close()
    lock.close()
    throw error
  }
}

/**
 * SQLite would make it readable by others; what it makes beside it has the rights of the file. One that is there is not
 * opened: closing it would take away the locks that this process has on it by another broker.
 */
function makeForOwner(file: string): void {
  try {
    closeSync(openSync(file, 'ax', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function prepare(database: DatabaseSync, options: FileOptions): Meta {
  database.exec('PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY')
  if (process.platform === 'darwin') database.exec('PRAGMA fullfsync = 1; PRAGMA checkpoint_fullfsync = 1')
  setDurability(database, 'full')
  checkFormat(database)
  const mode = database.prepare('PRAGMA journal_mode = WAL').get() as { journal_mode: string }
  if (mode.journal_mode !== 'wal') throw new FileFormatError('is on a file system without shared memory: ')
  database.exec('PRAGMA wal_autocheckpoint = 0')
  migrate(database)
  const meta = new Meta(database)
  database.exec('BEGIN IMMEDIATE')
  makeGood(database, meta, options)
  database.exec('COMMIT')
  return meta
}

/** What a start has to know of the end before: the newest messages may be lost, or the whole file may be an old copy. */
function makeGood(database: DatabaseSync, meta: Meta, { durability, randomId, clock }: FileOptions): void {
  const mayHaveLost = meta.text('clean') === '0' && meta.text('durability') !== 'full'
  if (mayHaveLost) meta.set('generation', meta.number('generation') + 1)
  if (meta.text('copied') === '1') renew(database, meta, randomId, clock)
  meta.set('clean', 0)
  meta.set('durability', durability)
}

/**
 * A copy of a file that went on begins anew: the same offsets have other messages there. Epochs and segments are new, so
 * that a cursor or an offset of the other one is not taken for one of this.
 */
function renew(database: DatabaseSync, meta: Meta, randomId: () => string, clock: number): void {
  const segment = Math.max(Math.floor(clock * 1_000), meta.number('segment') + 1)
  const update = database.prepare('UPDATE topics SET epoch = ?, segments = ? WHERE number = ?')
  for (const { number } of database.prepare('SELECT number FROM topics').all() as { number: number }[]) {
    update.run(randomId(), JSON.stringify([[segment, 1]]), number)
  }
  meta.set('segment', segment)
  meta.set('copied', 0)
}

function setDurability(database: DatabaseSync, durability: Durability): void {
  database.exec(`PRAGMA synchronous = ${durability}`)
}

function closeInOrder(meta: Meta, database: DatabaseSync, lock: DatabaseSync): void {
  try {
    setDurability(database, 'full')
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    // Only now: with what it says everything else is on the disk.
    meta.set('clean', 1)
  } finally {
    database.close()
    lock.close()
  }
}

const elsewhere = 'give another file with --broker sqlite:<file> (or ENCKE_BROKER)'

/** One line about why a file cannot be opened, and what to do. */
export function explainOpenFailure(error: unknown, file: string): string {
  const reason = error instanceof Error ? error.message : String(error)
  if (error instanceof FileInUseError) return `${file} ${reason}: stop that one, or ${elsewhere}`
  if (error instanceof FileFormatError) return `${file} ${reason}${elsewhere}`
  switch (errorNumber(error)) {
    case sqliteNotADatabase:
    case sqliteCorrupt:
      return `${file} is damaged, or no database (${reason}); nothing was changed: put a backup in its place, or ${elsewhere}`
    case sqliteReadOnly:
      return `${file} cannot be written to (${reason}): give this process the right to, or ${elsewhere}`
    case sqliteFull:
      return `there is no space left for ${file}: make some, or ${elsewhere}`
  }
  const isForbidden = ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')
  const orElse = isForbidden ? `give this process the right to, or ${elsewhere}` : elsewhere
  return `${file} cannot be opened (${reason}): ${orElse}`
}
