// How a scope ends: when its body and its other children have, its daemons are cancelled; when they have ended as well, what
// was deferred runs, the newest first. Made when it is first needed: most scopes have neither.

import type { Coroutine } from './operation.ts'

/** What a scope runs at its end, in a scope `Own` of its own. */
export interface Finalizer<Own> {
  readonly body: (own: Own) => Coroutine<unknown>
  readonly limitMs: number
}

/** What is asked of a child that does not keep its scope open: of a task. */
export interface Daemon {
  cancel(reason: unknown): void
}

export class Endings<Own> {
  /** Those that have not ended. */
  readonly daemons = new Set<Daemon>()
  readonly finalizers: Finalizer<Own>[] = []
  /** Whether the work of the scope is done: a cancel cuts nothing off any more. */
  hasBegun = false

  cancelDaemons(): void {
    for (const daemon of this.daemons) daemon.cancel('the others in its scope have ended')
  }
}
