// One process serves a file, and another is told which.
//
// The lock is a transaction that is begun and never ended in a small database beside the file: the system ends it with the
// process, however that ends, and others can read who holds it. The file itself stays free for our own readers.

import { DatabaseSync } from 'node:sqlite'
import { errorNumber, sqliteBusy } from './sqlite-errors.ts'

/** Thrown when another process serves the file; the message continues the sentence "<file> …". */
export class FileInUseError extends Error {}

/** Take the lock of a file; closing the result gives it back. @throws FileInUseError */
export function lockFile(file: string, pid: number): DatabaseSync {
  const lock = new DatabaseSync(`${file}-lock`)
  try {
    lock.exec('CREATE TABLE IF NOT EXISTS holder (one INTEGER PRIMARY KEY, pid INTEGER)')
    // Written by who has it, so that others read it: they may come in between, and then we are refused.
    lock.exec('BEGIN IMMEDIATE')
    lock.prepare('INSERT OR REPLACE INTO holder VALUES (1, ?)').run(pid)
    lock.exec('COMMIT')
    lock.exec('BEGIN IMMEDIATE')
    return lock
  } catch (error) {
    const holder = errorNumber(error) === sqliteBusy ? holderOf(lock) : undefined
    lock.close()
    throw holder === undefined ? error : new FileInUseError(`is in use by ${holder}`)
  }
}

function holderOf(lock: DatabaseSync): string {
  try {
    const row = lock.prepare('SELECT pid FROM holder').get() as { pid: number } | undefined
    return row === undefined ? 'another process' : `the process ${row.pid}`
  } catch {
    return 'another process'
  }
}
