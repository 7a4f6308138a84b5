// One link of the chain, in a thread of its own: receives from its right, sends one more to its left, and ends.

import { workerData } from 'node:worker_threads'
import { SharedInboxes } from './shared-inboxes.ts'

export interface LinkData {
  readonly memory: SharedArrayBuffer
  /** The sends and the receives of all links. */
  readonly counts: SharedArrayBuffer
  /** Where it receives; its left neighbour's inbox, or main's, has the number below. */
  readonly inbox: number
}

const { memory, counts, inbox } = workerData as LinkData
const inboxes = new SharedInboxes(memory)
const [sends, receives] = [0, 1]
const counters = new Int32Array(counts)

const value = inboxes.receive(inbox)
Atomics.add(counters, receives, 1)
inboxes.put(inbox - 1, value + 1)
inboxes.waitUntilTaken(inbox - 1)
Atomics.add(counters, sends, 1)
