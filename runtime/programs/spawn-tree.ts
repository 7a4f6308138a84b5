// Spawn tree: every coroutine spawns a few more, down to a depth, and joins them; the leaves are counted on the way up.
//
// Always true of a run: a scope ends after its children, so the whole tree has ended when its root has its answer.

import type { Coroutine, SchedulerStatistics, Scope } from '../index.ts'
import { scope } from '../index.ts'
import { assertInvariants, checkedSize, ended, equal } from './invariants.ts'

export interface SpawnTreeOptions {
  /** Of the leaves; the root is at 0. */
  readonly depth: number
  /** How many children each coroutine has that is no leaf. */
  readonly branches: number
}

export interface SpawnTreeResult extends SpawnTreeOptions {
  readonly leaves: number
}

/**
 * Grow the tree and count its leaves.
 *
 * @throws RangeError unless both are whole numbers of at least 1; BrokenInvariant
 */
export function* spawnTree({ depth, branches }: SpawnTreeOptions): Coroutine<SpawnTreeResult> {
  checkedSize('depth', depth)
  checkedSize('branches', branches)
  const leaves = yield* scope((children) => branch(depth, branches, children))
  const result = { depth, branches, leaves }
  checkSpawnTree(result)
  return result
}

/** Assert what must have come of it and, with the statistics of a scheduler that it had to itself, that all has ended. */
export function checkSpawnTree({ depth, branches, leaves }: SpawnTreeResult, statistics?: SchedulerStatistics): void {
  let coroutines = 0
  for (let level = 1; level <= depth; level += 1) coroutines += branches ** level
  assertInvariants('spawn tree', [
    equal('leaves', leaves, branches ** depth),
    // Each is started, joined by the one above it, and woken once more where its own children end.
    ...ended(statistics, { coroutines, mostResumes: 3 * coroutines + 10 }),
  ])
}

function* node(depth: number, branches: number): Coroutine<number> {
  if (depth === 0) return 1
  return yield* scope((children) => branch(depth, branches, children))
}

function* branch(depth: number, branches: number, children: Scope): Coroutine<number> {
  const tasks = Array.from({ length: branches }, () => children.spawn(node, depth - 1, branches))
  let leaves = 0
  for (const task of tasks) leaves += yield* task.join()
  return leaves
}
