// What tasks and scopes should do: who is cancelled by what, which failure goes where, and when a scope ends.
//
// It follows design rules 3 and 5 to the letter, by recursion and sets. What it predicts is exact, because all that
// depends on the schedule (who runs next) it is told.

import type { ModelClock, ModelTimer } from './model-clock.ts'
import type { Enclosure, Supervision } from './programs.ts'
import { carriesCancel, deadlockInWords, errorInWords, failuresBesideCancel, reasonInWords } from './words.ts'

/** So many operations in a row that need not wait, and a coroutine hands over. */
const allowance = 128

/** What the tree asks of the waiting room. */
export interface WaitingRoom {
  /** Who does what is being done, if a coroutine does it. */
  readonly acting: ModelTask | null
  /** A cancel has reached what this task waits for. */
  interrupt(task: ModelTask): void
  /** Wake those who join `task`; whether there was anybody. */
  wakeJoiners(task: ModelTask): boolean
  report(error: unknown): void
  /** A supervisor is told; what it throws, if it is one that refuses. */
  tellSupervisor(task: ModelTask, error: unknown, refuses: boolean): unknown
}

export abstract class ModelPlace {
  /** What cancelled it, in words: the first reason stays. */
  reason: string | null = null
  readonly inner = new Set<ModelPlace>()
  readonly isShielded: boolean

  constructor(isShielded: boolean) {
    this.isShielded = isShielded
  }

  abstract readonly hasEnded: boolean
  abstract becameCancelled(): void

  cancel(reason: string): void {
    if (this.reason !== null) return
    this.reason = reason
    for (const place of this.inner) if (!place.isShielded) place.cancel(reason)
    this.becameCancelled()
  }
}

export class ModelTask extends ModelPlace {
  readonly number: number
  /** What joining it comes to, once it has ended. */
  outcome: string | null = null
  /** The innermost scope it is in, or itself. */
  place: ModelPlace = this
  /** Parked on an operation that nothing has happened to yet. */
  isWaiting = false
  readonly scope: ModelScope
  /** The value of the one coroutine-local that programs use. */
  local: number
  #operationsInARow = 0
  /** Whether it has gone into a cancelled place or out of one since it was resumed: both cost it its budget. */
  #hasCrossed = false
  /** Whether it has met the cancel of the place that it is in. */
  isTold = false

  constructor(number: number, scope: ModelScope, inherited: number) {
    super(false)
    this.local = inherited
    this.number = number
    this.scope = scope
    this.reason = scope.reason
    scope.inner.add(this)
  }

  get hasEnded(): boolean {
    return this.outcome !== null
  }

  get isParked(): boolean {
    return this.isWaiting || (this.place instanceof ModelScope && this.place.isClosing)
  }

  /** What its next operation throws, if it is cancelled. */
  get cancellation(): string | null {
    return this.place.reason === null ? null : `cancelled by ${this.place.reason}`
  }

  override cancel(reason: string): void {
    if (!this.hasEnded) super.cancel(reason)
  }

  override becameCancelled(): void {
    if (this.place === this) this.scope.room.interrupt(this)
  }

  moveTo(place: ModelPlace): void {
    if ((place.reason === null) !== (this.place.reason === null)) {
      this.#hasCrossed = true
      this.isTold = false
    }
    this.place = place
  }

  /** It has done an operation without stopping. @throws Error if it should have stopped */
  countOperation(): void {
    if (this.#operationsInARow >= allowance) throw new Error(`${allowance} operations in a row, and no hand-over`)
    this.#operationsInARow += 1
  }

  /** Whether it may stop before an operation that it could do. */
  get mayHandOver(): boolean {
    return this.cancellation !== null || this.#hasCrossed || this.#operationsInARow >= allowance
  }

  stopped(): void {
    this.#operationsInARow = 0
    this.#hasCrossed = false
  }

  returned(value: number): void {
    this.#end(`gave ${value}`, null)
  }

  threw(error: unknown): void {
    if (this.reason === null || !carriesCancel(error)) {
      this.#end(errorInWords(error), { error })
    } else {
      for (const failure of failuresBesideCancel(error)) this.scope.room.report(failure)
      this.#end(`it was cancelled by ${this.reason}`, null)
    }
  }

  #end(outcome: string, failure: { readonly error: unknown } | null): void {
    this.outcome = outcome
    const isObserved = this.scope.room.wakeJoiners(this)
    this.scope.childEnded(this, failure, isObserved)
  }
}

export class ModelScope extends ModelPlace {
  readonly host: ModelTask | null
  readonly kind: Enclosure['kind']
  readonly room: WaitingRoom
  readonly #clock: ModelClock
  readonly #supervision: Supervision
  readonly #outer: ModelPlace | null
  #deadline: ModelTimer | null = null
  #due = Number.POSITIVE_INFINITY
  /** What it was cancelled by, if that was its limit. */
  #timedOut: string | null = null
  #bodyHasEnded = false
  /** Whether it was cancelled, not by its own body, while it had children. */
  #wasCutOff = false
  /** What its coroutine knew of the cancel around it: a shield makes it forget nothing, and learn nothing. */
  readonly #wasTold: boolean
  #value = 0
  #unwoundBy: { readonly words: string; readonly failures: readonly unknown[] } | null = null
  #failure: { readonly error: unknown } | null = null
  hasEnded = false

  constructor(room: WaitingRoom, clock: ModelClock, host: ModelTask | null, enclosure: Enclosure) {
    super(enclosure.kind === 'shield')
    this.room = room
    this.#clock = clock
    this.host = host
    this.kind = enclosure.kind
    this.#supervision = enclosure.kind === 'scope' && enclosure.supervise
    this.#outer = host?.place ?? null
    this.#wasTold = host?.isTold ?? false
    if (host === null) return
    if (!this.isShielded) this.reason = host.place.reason
    host.place.inner.add(this)
    host.moveTo(this)
    if (enclosure.kind !== 'scope') this.setLimit(enclosure.ms)
  }

  /** Its body has ended, and it waits for its children. */
  get isClosing(): boolean {
    return this.#bodyHasEnded && !this.hasEnded
  }

  override cancel(reason: string): void {
    if (!this.hasEnded) super.cancel(reason)
  }

  override becameCancelled(): void {
    // Cut off, but by what its own body does: half of the work is not the whole.
    const isByBody = this.host === this.room.acting && this.#timedOut === null
    this.#wasCutOff = [...this.inner].some((place) => place instanceof ModelTask) && !isByBody
    if (this.#bodyHasEnded) this.#cutOff()
    if (this.host?.place === this) this.room.interrupt(this.host)
  }

  bodyReturned(value: number): void {
    this.#value = value
    if (this.#wasCutOff && this.host?.isTold === false) this.#cutOff()
    this.#bodyEnded()
  }

  bodyThrew(error: unknown): void {
    if (this.reason === null || !carriesCancel(error)) this.#fail(error)
    else this.#unwoundBy = { words: errorInWords(error), failures: failuresBesideCancel(error) }
    this.#bodyEnded()
  }

  childEnded(child: ModelTask, failure: { readonly error: unknown } | null, isObserved: boolean): void {
    this.inner.delete(child)
    if (failure !== null) this.#childFailed(child, failure.error, isObserved)
    this.#closeIfOver()
  }

  /** What it comes to, asked when its coroutine goes on. */
  outcome(): string {
    if (!this.hasEnded) return 'still waiting for its children'
    const goesOn = this.#failure === null && !this.isShielded && this.#outerReason !== null
    if (this.#unwoundBy !== null && goesOn) return this.#unwoundBy.words
    for (const failure of this.#unwoundBy?.failures ?? []) this.room.report(failure)
    if (this.#failure !== null) return errorInWords(this.#failure.error)
    if (this.#unwoundBy === null) return `gave ${this.#value}`
    if (this.kind === 'moveOn') return 'moved on'
    // Only a shield is let go by a deadlock itself: elsewhere the cancel comes from around.
    if (this.reason === deadlockInWords) return deadlockInWords
    return this.#timedOut ?? `it was cancelled by ${this.reason}`
  }

  get remainingMs(): number {
    return this.#due - this.#clock.now
  }

  setLimit(limitMs: number): boolean {
    if (this.hasEnded || this.reason !== null) return false
    if (this.#deadline !== null) this.#clock.unset(this.#deadline)
    this.#due = this.#clock.now + limitMs
    if (limitMs <= 0) this.#timeOut(limitMs)
    else if (limitMs < Number.POSITIVE_INFINITY)
      this.#deadline = this.#clock.set(this.#due, () => this.#timeOut(limitMs))
    return true
  }

  get #outerReason(): string | null {
    return this.#outer?.reason ?? null
  }

  #childFailed(child: ModelTask, error: unknown, isObserved: boolean): void {
    if (this.#supervision === false) this.#fail(error)
    else if (this.#supervision === 'note') this.room.tellSupervisor(child, error, false)
    else if (this.#supervision === 'refuse') this.#fail(this.room.tellSupervisor(child, error, true))
    else if (!isObserved) this.room.report(error)
  }

  #timeOut(limitMs: number): void {
    if (this.reason !== null) return
    this.#timedOut = `not within ${limitMs} ms`
    this.cancel(this.#timedOut)
  }

  #cutOff(): void {
    this.#unwoundBy ??= { words: `cancelled by ${this.reason}`, failures: [] }
  }

  #fail(error: unknown): void {
    if (this.#failure === null) {
      this.#failure = { error }
      this.cancel(reasonInWords(error))
    } else if (this.#failure.error !== error) {
      this.room.report(error)
    }
  }

  #bodyEnded(): void {
    this.#bodyHasEnded = true
    // What its coroutine does from here on comes after a trip through the run queue, if there are children to wait for.
    if (this.inner.size > 0) this.host?.stopped()
    this.#closeIfOver()
  }

  #closeIfOver(): void {
    if (!this.#bodyHasEnded || this.inner.size > 0 || this.host === null) return
    this.hasEnded = true
    if (this.#deadline !== null) this.#clock.unset(this.#deadline)
    const outer = this.#outer as ModelPlace
    outer.inner.delete(this)
    this.host.moveTo(outer)
    if (this.isShielded) this.host.isTold = this.#wasTold && outer.reason !== null
  }
}
