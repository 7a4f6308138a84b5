// The disk beneath a file: what file system it is, how long a sync takes, and how many group commits a bare writer makes.

import { closeSync, fdatasyncSync, openSync, readFileSync, readSync, realpathSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { nowMs } from './clock.ts'
import { Latencies } from './latencies.ts'

const syncs = 200
/** Where SQLite's index of the journal has its count of transactions, by the documentation of its format. */
const transactionsAt = 8

/** The type of the file system that `folder` is on; undefined where there is no /proc. */
export function fileSystemOf(folder: string, mounts = readMounts()): string | undefined {
  const path = `${folder}/`
  const holding = mounts.filter(({ at }) => path.startsWith(at === '/' ? at : `${at}/`))
  return holding.toSorted((a, b) => a.at.length - b.at.length).at(-1)?.type
}

/** @throws Error when `folder` is in memory, where a sync costs nothing */
export function checkDisk(folder: string, type = fileSystemOf(realpathSync(folder))): string {
  if (type === 'tmpfs' || type === 'ramfs')
    throw new Error(`${folder} is in memory (${type}): set TMPDIR to a folder on a disk`)
  return type ?? 'unknown'
}

/** How long it takes to append a page to a file and to sync it, median. */
export function syncMs(folder: string): number {
  const file = openSync(join(folder, 'synced'), 'w')
  const page = Buffer.alloc(4_096, 1)
  const times = new Latencies()
  for (let at = 0; at < syncs; at += 1) {
    const fromMs = nowMs()
    writeSync(file, page)
    fdatasyncSync(file)
    times.record(nowMs() - fromMs)
  }
  closeSync(file)
  return times.percentile(50)
}

/** How many transactions a database in WAL mode has had, while it is open somewhere. */
export function transactionsOf(database: string): number {
  const index = openSync(`${database}-shm`, 'r')
  const count = Buffer.alloc(4)
  readSync(index, count, 0, 4, transactionsAt)
  closeSync(index)
  return count.readUInt32LE()
}

/** Rows of `bytes` that a bare writer puts into a file of its own in a second, so many to a commit that is synced. */
export class BareWriter implements Disposable {
  readonly #database: DatabaseSync

  constructor(folder: string) {
    this.#database = new DatabaseSync(join(folder, 'bare.db'))
    this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4096;
      CREATE TABLE messages (place INTEGER PRIMARY KEY, id TEXT, time INTEGER, data TEXT)`)
  }

  rowsPerSecond(group: number, bytes: number, durationMs: number): number {
    const insert = this.#database.prepare('INSERT INTO messages (id, time, data) VALUES (?, ?, ?)')
    const [fromMs, data] = [nowMs(), 'x'.repeat(bytes)]
    let rows = 0
    while (nowMs() - fromMs < durationMs) {
      this.#database.exec('BEGIN IMMEDIATE')
      for (let row = 0; row < group; row += 1) insert.run('0123456789abcdef', fromMs, data)
      this.#database.exec('COMMIT')
      rows += group
    }
    return (rows * 1_000) / (nowMs() - fromMs)
  }

  [Symbol.dispose](): void {
    this.#database.close()
  }
}

function readMounts(): { readonly at: string; readonly type: string }[] {
  try {
    const lines = readFileSync('/proc/self/mounts', 'utf8').trim().split('\n')
    return lines.map((line) => line.split(' ')).map(([, at = '', type = '']) => ({ at, type }))
  } catch {
    return []
  }
}
