// One thing more: an operator can ask who there is, how many have done what, and who waits for what since when.

import type { Coroutine } from '../../../runtime/index.ts'
import type { Family, Kit } from '../kit.ts'
import type { Task } from './cancel.ts'
import { Channel, queue, running, Send, Waiting } from './cancel.ts'
import { OwnedTask, OwningScheduler } from './scopes.ts'
import { checkpoint } from './steps.ts'

export const statistics = (): Kit => ({
  channel: () => new NamedChannel(),
  checkpoint,
  run: (main) => new CountingScheduler().run(main),
})

/** What it is called by: asked for when somebody looks. */
export interface Named {
  readonly name: string
}

export class KnownTask extends OwnedTask {
  declare readonly id: number
  declare private readonly body: Named
  /** In milliseconds, as fine as the looks at the clock. */
  declare parkedAt: number

  constructor(id: number, body: Named, generator: Coroutine<unknown>, parent: OwnedTask | null) {
    super(generator, parent)
    this.id = id
    this.body = body
    this.parkedAt = 0
  }

  get name(): string {
    return `${this.body.name}#${this.id}`
  }
}

export class NamedChannel extends Channel {
  declare readonly name: string | null

  constructor(name: string | null = null) {
    super()
    this.name = name
  }
}

/** How many resumes pass between two looks at the clock. */
const clockStride = 16

export class CountingScheduler extends OwningScheduler {
  protected time = 0
  #spawned = 0
  #finished = 0
  #resumes = 0

  get counts() {
    const coroutines = this.#spawned - this.#finished
    const parked = coroutines - queue.length - (running.task === null ? 0 : 1)
    return { coroutines, parked, spawned: this.#spawned, finished: this.#finished, resumes: this.#resumes }
  }

  /** A line for everybody, parents before their children. */
  dump(): string {
    const lines: string[] = []
    const ahead = [this.first as KnownTask]
    for (let task = ahead.pop(); task !== undefined; task = ahead.pop()) {
      lines.push(`${task.name}  ${this.doing(task)}`)
      for (const child of [...(task.children ?? [])].reverse()) ahead.push(child as KnownTask)
    }
    return lines.join('\n')
  }

  override spawn<Args extends unknown[]>(body: (...args: Args) => Coroutine<void>, ...args: Args): KnownTask {
    return this.start(body, body(...args), running.task as KnownTask)
  }

  protected override spawnFirst(main: (family: Family) => Coroutine<number>): KnownTask {
    return this.start(main, main(this), null)
  }

  protected make(id: number, body: Named, generator: Coroutine<unknown>, parent: KnownTask | null): KnownTask {
    return new KnownTask(id, body, generator, parent)
  }

  private start(body: Named, generator: Coroutine<unknown>, parent: KnownTask | null): KnownTask {
    this.#spawned += 1
    const task = this.make(this.#spawned, body, generator, parent)
    queue.push(task)
    return task
  }

  protected override step(task: Task): void {
    this.#resumes += 1
    if (this.#resumes % clockStride === 0) this.look(performance.now())
    super.step(task)
    ;(task as KnownTask).parkedAt = this.time
    running.task = null
  }

  protected look(now: number): void {
    this.time = Math.floor(now)
  }

  protected override ended(task: OwnedTask): void {
    this.#finished += 1
    super.ended(task)
  }

  private doing({ operation, hasReturned, parkedAt }: KnownTask): string {
    if (hasReturned) return 'parked on its children'
    return operation === null ? 'runnable' : `parked ${this.time - parkedAt} ms on ${describe(operation)}`
  }
}

function describe(operation: object): string {
  if (!(operation instanceof Waiting)) return 'a choice'
  const channel = (operation.channel as NamedChannel).name ?? 'a channel'
  return operation instanceof Send ? `send ${channel}` : `receive ${channel}`
}
