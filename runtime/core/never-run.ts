// Debug mode: finds operations that were made and never run, which is what a forgotten `yield*` looks like.
//
// What a coroutine makes it runs at once, or a little later: as a case of a select, or by another coroutine that it spawns.
// So an operation is looked at when its coroutine has gone on once more and stopped again, or has ended.

import { inWords, Misuse } from './errors.ts'
import type { Audit, AuditedOperation, Runner } from './operation.ts'
import { FRESH, running } from './operation.ts'

/** What is asked of the task that runs. */
interface AuditedTask extends Runner {
  readonly name: string
  readonly hasEnded: boolean
  readonly body: object
}

interface Made {
  readonly operation: AuditedOperation
  /** Where it was made, if that was noted. It is put into words only for a report. */
  readonly at: Error | null
}

/** The runtime's own frames, and some of the program's. */
const stackFrames = 6

/**
 * So many places are noted for each body: to note one costs ten times what the operation does. A body that forgets one
 * later has all its places noted from then on.
 */
const placesOfBody = 1_000

export class NeverRun implements Audit {
  readonly #report: (error: Misuse) => void
  /** By the coroutine that runs, in this step. */
  #made: Made[] = []
  /** In the last step of each coroutine, and not run in it. */
  readonly #suspects = new Map<Runner, Made[]>()

  /** How many places of a body have been noted; less than nothing once it has forgotten one. */
  readonly #noted = new WeakMap<object, number>()

  constructor(report: (error: Misuse) => void) {
    this.#report = report
  }

  created(operation: AuditedOperation): void {
    const at = this.#isToBeNoted(running.task as AuditedTask) ? stackOf('made here', stackFrames) : null
    this.#made.push({ operation, at })
  }

  #isToBeNoted({ body }: AuditedTask): boolean {
    const noted = this.#noted.get(body) ?? 0
    if (noted === placesOfBody) return false
    this.#noted.set(body, noted + 1)
    return true
  }

  /** `task` has parked, handed over or ended. */
  stopped(task: AuditedTask): void {
    const made = this.#made.filter(isFresh)
    if (this.#made.length > 0) this.#made = []
    const suspects = this.#suspects.get(task)
    if (suspects === undefined && made.length === 0) return
    this.#suspects.delete(task)
    const forgotten = (suspects ?? []).filter(isFresh)
    if (task.hasEnded) forgotten.push(...made)
    else if (made.length > 0) this.#suspects.set(task, made)
    for (const { operation, at } of forgotten) {
      const what = `${task.name} made an operation and never ran it (a forgotten yield*?)`
      const where = at === null ? 'where, is noted for the next one' : at.stack
      this.#report(new Misuse(`${what}: ${inWords(() => operation.describe())}\n${where}`))
      this.#noted.set(task.body, Number.NEGATIVE_INFINITY)
    }
  }
}

/** A stack of at most so many frames: each costs time and memory. */
export function stackOf(what: string, frames: number): Error {
  const errors = Error as unknown as { stackTraceLimit?: number | undefined }
  const before = errors.stackTraceLimit
  errors.stackTraceLimit = frames
  const at = new Error(what)
  errors.stackTraceLimit = before
  return at
}

function isFresh({ operation }: Made): boolean {
  return operation.state === FRESH
}
