// The answer to "what does everybody wait for?".

import { inWords } from './errors.ts'
import type { TaskStatus } from './task-handle.ts'
import { Numbering } from './unnamed.ts'

/** One coroutine, as an operator wants to see it. */
export interface CoroutineDescription {
  readonly id: number
  /** The id of the coroutine that has spawned it; null for a root. */
  readonly parent: number | null
  readonly name: string
  /** The names from its root down to itself. */
  readonly path: string
  readonly status: TaskStatus
  /** What it is parked on, in words; null while it is not parked. */
  readonly waitsFor: string | null
  /** For how long it has been parked, in milliseconds, as fine as a slice. */
  readonly parkedMs: number | null
  /** In debug mode, the file and line in which it was spawned. */
  readonly spawnSite?: string
}

/** What a dump asks of a task. */
export interface Described {
  readonly id: number
  readonly name: string
  readonly status: TaskStatus
  readonly operation: { describe(): string } | null
  readonly parkedAt: number
  readonly spawnSite: string | null
  /** The tasks in the scopes that it has open, the outermost scope's first. */
  spawned(): Described[]
}

/** What stands above a root. */
const root = { id: null, path: '' }

/** A dump of a million coroutines would itself be a failure. */
const mostLines = 1_000

/** Describe tasks and all they have spawned, parents first, without recursion: trees of tasks can be deep. */
export function* describeTasks(roots: Iterable<Described>, now: number): Generator<CoroutineDescription, void, void> {
  const numbering = new Numbering()
  const ahead: { task: Described; parent: Parent }[] = [...roots].reverse().map((task) => ({ task, parent: root }))
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    const { task, parent } = next
    const description = numbering.during(() => describe(task, parent, now))
    yield description
    for (const child of task.spawned().reverse()) ahead.push({ task: child, parent: description })
  }
}

/** One line for each of the first thousand, and how many more there are. */
export function dumpTasks(coroutines: Iterable<CoroutineDescription>): string {
  const lines: string[] = []
  let count = 0
  for (const { path, status, waitsFor, parkedMs, spawnSite } of coroutines) {
    count += 1
    if (count > mostLines) continue
    const doing = waitsFor === null ? status : `parked ${seconds(parkedMs ?? 0)} on ${waitsFor}`
    lines.push(spawnSite === undefined ? `${path}  ${doing}` : `${path}  ${doing}  (spawned at ${spawnSite})`)
  }
  if (count > mostLines) lines.push(`… and ${count - mostLines} more`)
  return lines.join('\n')
}

type Parent = { readonly id: number | null; readonly path: string }

function describe(task: Described, parent: Parent, now: number): CoroutineDescription {
  const { id, name, status, spawnSite } = task
  const isParked = status === 'parked'
  return {
    id,
    parent: parent.id,
    name,
    path: parent.id === null ? name : `${parent.path} > ${name}`,
    status,
    waitsFor: isParked ? waitsForOf(task) : null,
    parkedMs: isParked ? now - task.parkedAt : null,
    ...(spawnSite === null ? null : { spawnSite }),
  }
}

function waitsForOf({ operation }: Described): string {
  return operation === null ? 'the children of its scope' : inWords(() => operation.describe())
}

function seconds(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`
}
