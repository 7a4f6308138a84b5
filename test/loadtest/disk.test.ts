// What the load test says of a disk: its file system by the mounts, and the transactions of a database by the index of its journal.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it, onTestFinished } from 'vitest'
import { BareWriter, checkDisk, fileSystemOf, transactionsOf } from '../../loadtest/measure/disk.ts'

const mounts = [
  { at: '/', type: 'ext4' },
  { at: '/tmp', type: 'tmpfs' },
  { at: '/tmp/disk', type: 'xfs' },
]

function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'encke-disk-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

it.each([
  ['/home', 'ext4'],
  ['/tmp', 'tmpfs'],
  ['/tmp/x', 'tmpfs'],
  ['/tmpx', 'ext4'],
  ['/tmp/disk/x', 'xfs'],
])('%s is on %s', (folder, type) => {
  expect(fileSystemOf(folder, mounts)).toBe(type)
})

it('a folder in memory is refused, because a sync costs nothing there', () => {
  const folder = aFolder()
  expect(() => checkDisk(folder, 'tmpfs')).toThrow('is in memory (tmpfs): set TMPDIR')
  expect(checkDisk(folder, 'ext4')).toBe('ext4')
})

it('every transaction of a database is counted, whatever is in it', () => {
  const file = join(aFolder(), 'x.db')
  const database = new DatabaseSync(file)
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (a)')
  const before = transactionsOf(file)
  for (let at = 0; at < 3; at += 1) database.exec('BEGIN; INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); COMMIT')
  expect(transactionsOf(file) - before).toBe(3)
  database.close()
})

it('a bare writer puts rows into a file, some to a commit', () => {
  using writer = new BareWriter(aFolder())
  expect(writer.rowsPerSecond(10, 100, 1)).toBeGreaterThan(0)
})
