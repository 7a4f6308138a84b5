// The thread that reads from the file, so that catching up holds no commit up. It opens the file when it is asked first.

import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type { ReaderOptions } from './reader.ts'
import { Reader } from './reader.ts'
import type { Posted, ReaderRequest, Replies, Reply } from './requests.ts'

export interface ReaderData {
  readonly file: string
  readonly options: ReaderOptions
}

const { file, options } = workerData as ReaderData
const port = parentPort
let database: DatabaseSync | undefined
let reader: Reader | undefined

port?.on('message', (requests: readonly Posted<ReaderRequest>[] | 'close') => {
  if (requests !== 'close') return port.postMessage({ replies: requests.map(answer) } satisfies Replies)
  database?.close()
  port.postMessage('closed')
  port.close()
})

function answer({ number, request, now, clock }: Posted<ReaderRequest>): Reply {
  try {
    return { number, result: opened().perform(request, { now, clock }) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { number, failure: { code: 'ENCKE_ERR_SERVER_BROKER', message: `the database cannot be read (${reason})` } }
  }
}

function opened(): Reader {
  if (reader !== undefined) return reader
  database = new DatabaseSync(file, { readOnly: true, timeout: 1_000 })
  reader = new Reader(database, options)
  return reader
}
