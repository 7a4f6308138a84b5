// A loss of power: the files as they stood at one moment, whole, cut and damaged.
//
// A process that publishes is stopped, its files are copied, and it goes on: that is what a disk has at one moment. A whole
// copy holds everything that was acknowledged before. Of the journal a disk may have less, or other bytes, where nothing was
// synced: whatever is done to its end, the file opens to what some of the first commits have made, and to no other state.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Random } from '../../runtime/index.ts'
import { Folder } from '../server/brokers/make-sqlite.ts'
import { checkFile } from './kills.ts'
import { Ledger } from './ledger.ts'

const script = fileURLToPath(new URL('victim.ts', import.meta.url))
const headerBytes = 32
const frameBytes = 24 + 4_096

interface PowerLossReport {
  readonly copies: number
  readonly cut: number
  readonly damaged: number
}

/** @throws Error where a copy lacks what was acknowledged, or is no prefix of what was committed */
export async function losePower(random: Random, copies: number): Promise<PowerLossReport> {
  let [cut, damaged] = [0, 0]
  for (let copy = 0; copy < copies; copy += 1) {
    using folder = new Folder()
    const { ledger, journal } = await copyUnderLoad(folder, random)
    for (const bytes of cuts(journal, random)) {
      expectPrefix(folder, bytes)
      cut += 1
    }
    for (const bytes of damages(journal, random)) {
      expectPrefix(folder, bytes)
      damaged += 1
    }
    writeFileSync(folder.file('copy.db-wal'), journal)
    copyFileSync(folder.file('kept.db'), folder.file('copy.db'))
    await checkFile(folder.file('copy.db'), ledger)
  }
  return { copies, cut, damaged }
}

/** Stop a process that publishes, copy its files, and end it. What it has acknowledged is told to the end. */
async function copyUnderLoad(folder: Folder, random: Random): Promise<{ ledger: Ledger; journal: Buffer }> {
  const ledger = new Ledger()
  const child = spawn(process.execPath, [script, folder.file(), '1', 'full'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  const opened = Promise.withResolvers<void>()
  createInterface(child.stdout).on('line', (line) => {
    if (line === 'open') opened.resolve()
    else ledger.enterLine(line)
  })
  await Promise.race([opened.promise, ended])
  await pause(20 + random.below(150))
  child.kill('SIGSTOP')
  copyFileSync(folder.file(), folder.file('kept.db'))
  const journal = readFileSync(`${folder.file()}-wal`)
  child.kill('SIGKILL')
  await ended
  return { ledger, journal }
}

/** At every border of a frame, and at some other bytes. */
function* cuts(journal: Buffer, random: Random): Generator<Buffer> {
  for (let end = headerBytes; end <= journal.length; end += frameBytes) yield journal.subarray(0, end)
  for (let count = 0; count < 30; count += 1) yield journal.subarray(0, random.below(journal.length))
}

/** With a frame that has a bit flipped, or is all zeros, as a disk leaves it that was writing. */
function* damages(journal: Buffer, random: Random): Generator<Buffer> {
  const frames = Math.floor((journal.length - headerBytes) / frameBytes)
  for (let count = 0; count < 30; count += 1) {
    const bytes = Buffer.from(journal)
    const at = headerBytes + random.below(frames) * frameBytes
    if (count % 2 === 0) bytes.fill(0, at, at + frameBytes)
    else {
      const byte = at + random.below(frameBytes)
      bytes.writeUInt8(bytes.readUInt8(byte) ^ (1 << random.below(8)), byte)
    }
    yield bytes
  }
}

/** Messages are numbered in the order of their commits: what is there are the first ones. */
function expectPrefix(folder: Folder, journal: Buffer): void {
  const file = folder.file('cut.db')
  copyFileSync(folder.file('kept.db'), file)
  writeFileSync(`${file}-wal`, journal)
  const database = new DatabaseSync(file)
  try {
    const isThere = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'messages'").get()
    if (isThere === undefined) return
    const sums = database
      .prepare('SELECT count(*) AS count, coalesce(max(CAST(data AS INTEGER)), 0) AS last FROM messages')
      .get()
    const heads = database.prepare('SELECT coalesce(sum(head), 0) AS heads FROM topics').get()
    const keys = database.prepare('SELECT count(*) AS keys FROM keys').get()
    const [count, last] = [Number(sums?.count), Number(sums?.last)]
    if (count === last && count === Number(heads?.heads) && count === Number(keys?.keys)) return
    throw new Error(`a copy has ${count} messages up to ${last}, heads of ${heads?.heads} and ${keys?.keys} keys`)
  } finally {
    database.close()
  }
}
