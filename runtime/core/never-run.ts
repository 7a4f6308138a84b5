// Debug mode: finds operations that were made and never run, which is what a forgotten `yield*` looks like.

import { Misuse } from './errors.ts'
import type { Audit, AuditedOperation, Runner } from './operation.ts'
import { FRESH, running } from './operation.ts'

export class NeverRun implements Audit {
  readonly #report: (error: Misuse) => void
  readonly #made = new Map<AuditedOperation, { readonly by: Runner | null; readonly at: Error }>()

  constructor(report: (error: Misuse) => void) {
    this.#report = report
  }

  created(operation: AuditedOperation): void {
    for (const made of this.#made.keys()) if (made.state !== FRESH) this.#made.delete(made)
    this.#made.set(operation, { by: running.task, at: new Error('made here') })
  }

  /** Report what a coroutine has made and left: after its end it cannot run it any more. */
  taskEnded(task: Runner & { readonly name: string }): void {
    for (const [operation, { by, at }] of this.#made) {
      if (by !== task) continue
      this.#made.delete(operation)
      if (operation.state !== FRESH) continue
      const what = `${task.name} made an operation and never ran it (a forgotten yield*?)`
      this.#report(new Misuse(`${what}: ${operation.describe()}\n${at.stack}`))
    }
  }
}
