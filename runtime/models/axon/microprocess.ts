// A microprocess: the life of a component, without its boxes.
//
// Invariants, between any two steps of the scheduler:
//   - one that is paused stands in no run queue, and holds the operation that waking it completes;
//   - it is activated once, and has one parent at most, from before it is activated;
//   - a parent counts those of its children that have not ended.

import type { Coroutine, Scope, Selectable, TaskStatus, Waiter } from '../../index.ts'
import { Misuse, SelectableOperation, scope } from '../../index.ts'
import { turn } from '../turn.ts'

/** @see Kamaelia, "Microprocess - A class supporting concurrent execution" */
export abstract class Microprocess {
  #scope: Scope | null = null
  #life: { readonly status: TaskStatus } | null = null
  #pause: Pause | null = null
  #parent: Microprocess | null = null
  #children: Children | null = null

  /** What it does while it lives. It is a coroutine like any other. */
  protected abstract main(): Coroutine<void>

  /** What dumps and errors call it. */
  get name(): string {
    return this.constructor.name || 'a component'
  }

  get isActivated(): boolean {
    return this.#scope !== null
  }

  get isStopped(): boolean {
    const status = this.#life?.status
    return status === 'done' || status === 'failed' || status === 'cancelled'
  }

  /** Start it in `scope`, which ends after it. Enqueues it; the caller goes on. @throws Misuse the second time */
  activate(scope: Scope): this {
    this.begin(scope)
    const task = scope.spawn(lifeOf, this)
    task.label = this.name
    this.#life = task
    return this
  }

  /**
   * Be it, in a scope of its own, until it has ended and everything that it has activated.
   *
   * @throws what it throws, or any of those; Misuse the second time
   */
  *run(): Coroutine<void> {
    const life: { status: TaskStatus } = { status: 'running' }
    try {
      yield* scope((own) => {
        this.begin(own)
        this.#life = life
        return this.main()
      })
    } finally {
      life.status = 'done'
    }
  }

  /**
   * Stop until somebody unpauses it: a message that arrives in an inbox does, a child that ends, and room where a message
   * was refused.
   *
   * Only what happens from now on counts: look into the inboxes first. It can be a case of `select`.
   */
  pause(): Selectable<void> {
    return new Pause(this)
  }

  /** Wake it if it is paused. */
  unpause(): void {
    const pause = this.#pause
    if (pause === null) return
    this.#pause = null
    pause.complete()
  }

  /** Let everybody else who is runnable go first: Axon's bare `yield 1`. */
  turn(): Selectable<void> {
    return turn()
  }

  /** Become the parent of `children`, to be woken when one ends. @throws Misuse if one is active, or has a parent */
  addChildren(...children: Microprocess[]): void {
    this.#children ??= new Children()
    for (const child of children) {
      if (child.#parent !== null || child.isActivated) {
        throw new Misuse(`${child.name} has a parent or is active: adopt it once, before it is activated`)
      }
      child.#parent = this
      this.#children.all.push(child)
      this.#children.left += 1
    }
  }

  /** Whether all its children have ended; it need not have any. */
  childrenDone(): boolean {
    return this.#children === null || this.#children.left === 0
  }

  /** Start all its children in the scope that it is in itself. */
  protected activateChildren(): void {
    for (const child of this.#children?.all ?? []) child.activate(this.scope)
  }

  protected get scope(): Scope {
    if (this.#scope === null) throw new Misuse(`${this.name} is in no scope yet: activate or run it`)
    return this.#scope
  }

  private begin(scope: Scope): void {
    if (this.isActivated) throw new Misuse(`${this.name} was activated already: make another one`)
    this.#scope = scope
  }

  // What follows is for its task and its pause.

  /** Its main; and its parent is told of the end, if it has one. Most have none, and are spared a generator. */
  live(): Coroutine<void> {
    return this.#parent === null ? this.main() : this.mainOfChild(this.#parent)
  }

  get isPaused(): boolean {
    return this.#pause !== null
  }

  set pausedOn(pause: Pause | null) {
    this.#pause = pause
  }

  private *mainOfChild(parent: Microprocess): Coroutine<void> {
    try {
      yield* this.main()
    } finally {
      ;(parent.#children as Children).left -= 1
      parent.unpause()
    }
  }
}

class Children {
  readonly all: Microprocess[] = []
  /** How many have not ended. */
  left = 0
}

function lifeOf(microprocess: Microprocess): Coroutine<void> {
  return microprocess.live()
}

class Pause extends SelectableOperation<void> {
  readonly #of: Microprocess

  constructor(of: Microprocess) {
    super()
    this.#of = of
  }

  poll(): boolean {
    if (!this.#of.isPaused) return false
    throw new Misuse(`${this.#of.name} is paused already: it has one coroutine, and that alone may pause it`)
  }

  take(): void {}

  describe(): string {
    return 'pause'
  }

  override withdraw(waiter: Waiter): void {
    this.#of.pausedOn = null
    super.withdraw(waiter)
  }

  protected enlist(): void {
    this.#of.pausedOn = this
  }
}
