// One thing more: whoever spawns owns what it has spawned.
//
// A task ends after all of its children; one that is stopped stops them, and one that fails stops its whole family first.

import { WaitList } from '../../../runtime/core/wait-list.ts'
import type { Coroutine } from '../../../runtime/index.ts'
import type { Family, Kit } from '../kit.ts'
import { Channel, queue, running, Scheduler, Task } from './cancel.ts'
import { checkpoint } from './steps.ts'

export const scopes = (): Kit => ({
  channel: () => new Channel(),
  checkpoint,
  run: (main) => new OwningScheduler().run(main),
})

export class OwnedTask extends Task {
  declare readonly parent: OwnedTask | null
  /** Most have none. */
  declare children: WaitList<OwnedTask> | null
  declare hasReturned: boolean

  constructor(generator: Coroutine<unknown>, parent: OwnedTask | null) {
    super(generator)
    this.ahead = null
    this.behind = null
    this.parent = parent
    this.children = null
    this.hasReturned = false
    if (parent === null) return
    parent.children ??= new WaitList()
    parent.children.add(this)
    this.isCancelled = parent.isCancelled
  }

  get hasEnded(): boolean {
    return this.hasReturned && (this.children === null || this.children.isEmpty)
  }

  override cancel(): void {
    const reached: OwnedTask[] = [this]
    // Read while it grows, not by recursion: families may be deep.
    for (const task of reached) {
      task.stop()
      for (const child of task.children ?? []) reached.push(child)
    }
  }
}

export class OwningScheduler extends Scheduler {
  #result: unknown

  override spawn<Args extends unknown[]>(body: (...args: Args) => Coroutine<void>, ...args: Args): OwnedTask {
    const task = new OwnedTask(body(...args), running.task as OwnedTask)
    queue.push(task)
    return task
  }

  protected override spawnFirst(main: (family: Family) => Coroutine<number>): OwnedTask {
    const task = new OwnedTask(main(this), null)
    queue.push(task)
    return task
  }

  protected override returned(task: OwnedTask, value: unknown): void {
    if (task === this.first) this.#result = value
    this.#finished(task)
  }

  protected override threw(task: OwnedTask, error: unknown): void {
    const before = this.failure
    super.threw(task, error)
    if (this.failure !== before) (task.parent ?? task).cancel()
    this.#finished(task)
  }

  /** Told of everybody who has ended, children before their parents. */
  protected ended(task: OwnedTask): void {
    if (task === this.first && this.failure === null) super.returned(task, this.#result)
  }

  #finished(task: OwnedTask): void {
    task.hasReturned = true
    for (let last: OwnedTask | null = task; last?.hasEnded; last = last.parent) {
      last.unlink()
      this.ended(last)
    }
  }
}
