// Opens the broker that keeps topics in a file: `sqlite:<file>`.

import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigError } from '../../config/config-error.ts'
import { withoutSecrets } from '../../config/without-secrets.ts'
import type { Opening } from '../opening.ts'
import { BrokerThread, type Packing, scriptBeside } from './broker-thread.ts'
import { type PackedReplies, packRequest, unpackReplies } from './packing.ts'
import type { ReaderData } from './reader-thread.ts'
import type { WriterRequest } from './requests.ts'
import type { WriterData } from './serve-writes.ts'
import { CannotOpen, SqliteBroker } from './sqlite-broker.ts'

/** What the writing thread runs, and what it is given beside its options: tests have one whose disk fails. */
interface WriterScript {
  readonly script: URL
  readonly data?: object
}

const packing: Packing<WriterRequest> = {
  pack: packRequest,
  unpack: (packed) => unpackReplies(packed as PackedReplies),
}

const writerScript: WriterScript = { script: scriptBeside('writer-thread', import.meta.url) }

/** @throws ConfigError ENCKE_ERR_BROKER */
export async function openSqlite(opening: Opening, { script, data = {} } = writerScript): Promise<SqliteBroker> {
  const { options, scheduler, clock, now } = opening
  const file = fileOf(opening.address)
  const { historyMessages: messages, historyBytes: bytes, historyAgeMs: ageMs, topicTtlMs } = options
  const operations = { ...options, history: { messages, bytes, ageMs }, totalBytes: options.historyTotalBytes }
  const writerData: WriterData = { file, durability: options.durability, options: operations, clock: clock() }
  const readerData: ReaderData = { file, options: { ageMs, topicTtlMs } }
  try {
    return await SqliteBroker.open({
      scheduler,
      clock,
      now,
      makeWriter: (onReplies) => new BrokerThread(script, { ...data, ...writerData }, onReplies, packing),
      makeReader: () => new BrokerThread(scriptBeside('reader-thread', import.meta.url), readerData, () => {}),
    })
  } catch (error) {
    if (!(error instanceof CannotOpen)) throw error
    throw new ConfigError('ENCKE_ERR_BROKER', [error.message])
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    // There is none, or it cannot be looked at: then whoever opens it says why.
    return false
  }
}

/** The file of an address, from the folder of the process. @throws ConfigError ENCKE_ERR_BROKER */
export function fileOf(address: string): string {
  // As a URL it begins with three strokes.
  const name = address.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '')
  const complain = (what: string) =>
    new ConfigError('ENCKE_ERR_BROKER', [
      `${withoutSecrets(address)} ${what}; give a file with --broker sqlite:data/encke.db (or ENCKE_BROKER)`,
    ])
  if (name === '') throw complain('names no file')
  if (name.startsWith('//') || name.includes('\0')) throw complain('is a network address, not a file')
  const file = resolve(name)
  if (isFolder(file)) throw complain('is a folder')
  return file
}
