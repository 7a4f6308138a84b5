// What the writing thread does: it opens the file, and serves requests. What arrives during one transaction forms the next.

import type { DatabaseSync } from 'node:sqlite'
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { randomIds } from '../random-ids.ts'
import type { Durability, OpenFile } from './open-file.ts'
import { explainOpenFailure, openFile } from './open-file.ts'
import type { OperationsOptions } from './operations.ts'
import { Operations } from './operations.ts'
import { type PackedRequest, packReplies, unpackRequest } from './packing.ts'
import type { Greeting } from './requests.ts'
import { Writer } from './writer.ts'

export interface WriterData {
  readonly file: string
  readonly durability: Durability
  readonly options: OperationsOptions
  readonly clock: number
}

/** At most so much is written in one transaction: those that come first need not wait for all that wait. */
const mostRequests = 1_000

/** After so long without a request there is time for the rest. */
const quietMs = 200

/** How much of the rest is left when the broker is closed. */
const lastRounds = 50

/** Serve the requests that come by a port, until one of them is to close. */
export function serveWrites(port: MessagePort, data: WriterData, open?: (file: string) => DatabaseSync): void {
  const randomId = randomIds()
  const greet = (greeting: Greeting) => port.postMessage(greeting)
  let file: OpenFile
  let writer: Writer
  try {
    file = openFile({ ...data, randomId, pid: process.pid }, open)
    writer = new Writer(file.database, new Operations(file.database, data.options, file.meta, randomId))
  } catch (error) {
    greet({ isOpen: false, complaint: explainOpenFailure(error, data.file) })
    port.close()
    return
  }
  greet({ isOpen: true, now: file.meta.number('now'), statistics: writer.statistics })
  let quiet: NodeJS.Timeout | undefined
  port.on('message', (first: readonly PackedRequest[]) => {
    clearTimeout(quiet)
    const requests = takeMore(port, first).map(unpackRequest)
    const last = requests.at(-1)
    const replies = writer.perform(requests)
    if (last?.request.what !== 'close') {
      port.postMessage(packReplies(replies))
      quiet = setTimeout(rest, quietMs)
      return
    }
    const trouble = end(writer, file)
    port.postMessage(packReplies(trouble === undefined ? replies : { ...replies, trouble }))
    port.close()
  })
  function rest(): void {
    if (writer.idle()) quiet = setTimeout(rest, 1)
  }
}

/** Close the file. What was committed is safe also where that fails, but the next start takes it for a crash. */
function end(writer: Writer, file: OpenFile): string | undefined {
  try {
    for (let round = 0; round < lastRounds && writer.idle(); round += 1);
    file.close()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** What has arrived besides. */
function takeMore(port: MessagePort, first: readonly PackedRequest[]): readonly PackedRequest[] {
  const requests = [...first]
  while (requests.length < mostRequests) {
    const next = receiveMessageOnPort(port) as { message: readonly PackedRequest[] } | undefined
    if (next === undefined) break
    requests.push(...next.message)
  }
  return requests
}
