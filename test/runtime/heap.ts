// What tests about leaks ask the heap. All of them run in processes with --expose-gc.
//
// A heap is never quite still. V8 compiles beside the program, and a compilation in flight keeps alive what the function was
// called with: a whole chain of coroutines, and for long on a busy machine. Feedback, shapes and caches grow until they are
// warm. None of this grows each time. A leak does: so a measurement may be repeated, and the least growth counts.

import { getHeapSpaceStatistics } from 'node:v8'

const attempts = 10
/** Where compiled code and bytecode are: both come and go as V8 pleases, and no value of a program is ever there. */
const ofCode = /code|trusted/

/** Wait for the end of this turn, until which a WeakRef holds on to what it was asked for, and collect all garbage. */
async function collect(): Promise<void> {
  if (globalThis.gc === undefined) throw new Error('run the tests with --expose-gc')
  await new Promise((resolve) => setImmediate(resolve))
  // Of the two ways to collect, this one goes on until there is nothing more to be had.
  globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

/** Bytes of the live values, after a collection. */
export async function liveBytes(): Promise<number> {
  await collect()
  return usedBytes()
}

/**
 * Measure by how many bytes `work` makes the live heap grow; what it returns counts, it is held until then.
 *
 * Repeats it, up to ten times, until it is below `mostBytes`, and gives the least: what leaks grows each time.
 */
export async function leastGrowth(mostBytes: number, work: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < attempts && least >= mostBytes; attempt += 1) {
    least = Math.min(least, await growth(work))
  }
  return least
}

/**
 * Measure how many bytes of what `work` makes survive collections of the young generation, which are those of a busy program.
 *
 * The most of three times: a full collection that happens to fall into one makes it less.
 */
export async function leftByYoungCollections(work: () => unknown): Promise<number> {
  let most = Number.NEGATIVE_INFINITY
  for (let time = 0; time < 3; time += 1) {
    const before = await bytesOnceYoungAreCollected()
    await work()
    most = Math.max(most, (await bytesOnceYoungAreCollected()) - before)
  }
  return most
}

async function bytesOnceYoungAreCollected(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('run the tests with --expose-gc')
  await new Promise((resolve) => setImmediate(resolve))
  // What survives two is in the old generation.
  for (let time = 0; time < 2; time += 1) globalThis.gc({ type: 'minor', execution: 'sync' })
  return usedBytes()
}

function usedBytes(): number {
  let bytes = 0
  for (const space of getHeapSpaceStatistics()) if (!ofCode.test(space.space_name)) bytes += space.space_used_size
  return bytes
}

async function growth(work: () => unknown): Promise<number> {
  const held: unknown[] = []
  const before = await liveBytes()
  held.push(await work())
  const after = await liveBytes()
  held.pop()
  return after - before
}

/** Collect garbage, up to ten times, until all of `references` have lost what they refer to; tell of each whether it has. */
export async function collected(references: readonly WeakRef<object>[]): Promise<boolean[]> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    await collect()
    if (references.every(isEmpty)) break
  }
  return references.map(isEmpty)
}

function isEmpty(reference: WeakRef<object>): boolean {
  return reference.deref() === undefined
}
