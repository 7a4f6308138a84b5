// The life of a process: the task that carries it, the exit signals that reach it, and its end, of which those are told who
// are tied to it.
//
// Invariants, between any two steps of the scheduler:
//   - a link is known at both ends, and a monitor to its watcher and to its target, or to neither;
//   - whoever has ended has no name, no links and no monitors: everybody was told, once;
//   - the exit signal that ends a process is its reason, whatever its finalizers do then.
//
// There may be a million of them: what only some have is in `ties`, and only the end of those is waited for, by standing
// among the joiners of their task; so it costs no coroutine, and nobody else anything.

import type { Coroutine, Scope, Selectable, Task } from '../../index.ts'
import type { ExitMessage } from './exit.ts'
import { Exit } from './exit.ts'
import { Mailbox } from './mailbox.ts'
import type { Names } from './names.ts'
import { Ties } from './ties.ts'

/** Where processes live. */
export interface Node {
  readonly scope: Scope
  readonly names: Names
}

export class Life {
  declare readonly node: Node
  declare readonly mailbox: Mailbox
  /** Set as soon as it is spawned. */
  declare protected task: Task<unknown> | null
  /** The exit signal that ends it. */
  declare protected fatal: { readonly reason: unknown } | null
  /** Null while it has none. */
  declare ties: Ties | null

  constructor(node: Node) {
    this.node = node
    this.mailbox = new Mailbox()
    this.task = null
    this.fatal = null
    this.ties = null
  }

  get id(): number {
    return (this.task as Task<unknown>).id
  }

  get hasEnded(): boolean {
    const { status } = this.task as Task<unknown>
    return status === 'done' || status === 'failed' || status === 'cancelled'
  }

  /** False from the exit signal on that ends it, though its finalizers may still run. */
  get lives(): boolean {
    return this.fatal === null && !this.hasEnded
  }

  get trapExit(): boolean {
    return this.ties?.trapsExits ?? false
  }

  set trapExit(trapsExits: boolean) {
    this.tied().trapsExits = trapsExits
  }

  toString(): string {
    return `<0.${this.id}.0>`
  }

  /** Its ties, made when the first one is. Not for one that has ended: it would never let go of them. */
  tied(): Ties {
    if (this.ties === null) {
      this.ties = new Ties()
      this.watchEnd()
    }
    return this.ties
  }

  /** Take a message, unless it comes too late. */
  accept(message: unknown): void {
    if (this.lives) this.mailbox.deliver(message)
    else this.mailbox.discard()
  }

  /** What an exit signal does: of kind 'link' when a linked process has ended, 'sent' when somebody sent it. */
  receiveExit(from: Life, reason: unknown, kind: 'link' | 'sent'): void {
    if (!this.lives) return
    if (kind === 'sent' && reason === 'kill') this.terminate('killed')
    else if (this.trapExit) this.mailbox.deliver({ type: 'EXIT', from, reason } satisfies ExitMessage)
    else if (reason !== 'normal' || from === this) this.terminate(reason)
  }

  protected watchEnd(): void {
    const end = (this.task as Task<unknown>).join()
    end.register({ wake: () => this.end(this.reasonOf(end)) })
  }

  protected cancel(reason: unknown): void {
    ;(this.task as Task<unknown>).cancel(reason)
  }

  protected end(reason: unknown): void {
    this.mailbox.discard()
    this.ties?.sever(this, this.fatal === null ? reason : this.fatal.reason)
  }

  private terminate(reason: unknown): void {
    this.fatal = { reason }
    this.mailbox.discard()
    this.cancel(reason)
  }

  private reasonOf(end: Selectable<unknown>): unknown {
    try {
      end.take()
      return 'normal'
    } catch (error) {
      if (error instanceof Exit) return error.reason
      // Cancelled, and if by no exit signal: its node goes down.
      if ((this.task as Task<unknown>).status === 'cancelled') return 'killed'
      // As the failure of a task that nobody joins: this one is joined, right here.
      this.node.scope.spawn(failing, error)
      return error
    }
  }
}

function* failing(error: unknown): Coroutine<void> {
  throw error
}
