// The bare one: a run queue, rendezvous channels and spawn, and nothing else.
//
// What this costs everybody pays who steps generators. Nobody can be stopped here, nobody waits for whom it has spawned, a
// failure breaks off everybody, the host gets no turn before the end, and who waits for what cannot be told.

import { RunQueue } from '../../../runtime/core/run-queue.ts'
import type { Coroutine, Signal } from '../../../runtime/index.ts'
import type { Family, Kit } from '../kit.ts'
import { checkpoint, done, parkedResult, resume } from './steps.ts'

let queue = new RunQueue<Task>()
let running: Task

export const bare = (): Kit => ({ channel: () => new Channel(), checkpoint, run })

async function run(main: (family: Family) => Coroutine<number>): Promise<number> {
  queue = new RunQueue() // without what a failure has left in the last one
  const first = new Task(main({ spawn: (body, ...args) => queue.push(new Task(body(...args))) }))
  queue.push(first)
  let answer: number | undefined
  for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
    running = task
    const result = resume(task.generator)
    if (result.done === true && task === first) answer = result.value as number
  }
  if (answer === undefined) throw new Error('everybody waits')
  return answer
}

class Task {
  declare readonly generator: Coroutine<unknown>

  constructor(generator: Coroutine<unknown>) {
    this.generator = generator
  }
}

type Waiting = Send | Receive

/** Those who wait stand behind one another; senders and receivers never both wait. */
class Channel {
  declare first: Waiting | null
  declare last: Waiting | null

  constructor() {
    this.first = null
    this.last = null
  }

  send(value: number): Send {
    return new Send(this, value)
  }

  receive(): Receive {
    return new Receive(this)
  }

  add(waiting: Waiting): IteratorYieldResult<Signal> {
    waiting.task = running
    if (this.last === null) this.first = waiting
    else this.last.behind = waiting
    this.last = waiting
    return parkedResult
  }

  wake(first: Waiting): void {
    this.first = first.behind
    if (this.first === null) this.last = null
    queue.push(first.task as Task)
  }
}

class Send {
  declare readonly channel: Channel
  declare readonly value: number
  declare task: Task | null
  declare behind: Waiting | null

  constructor(channel: Channel, value: number) {
    this.channel = channel
    this.value = value
    this.task = null
    this.behind = null
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<Signal, void> {
    // Who has waited goes on only once it was met.
    if (this.task !== null) return done(undefined)
    const { first } = this.channel
    if (!(first instanceof Receive)) return this.channel.add(this)
    first.value = this.value
    this.channel.wake(first)
    return done(undefined)
  }
}

class Receive {
  declare readonly channel: Channel
  declare value: number
  declare task: Task | null
  declare behind: Waiting | null

  constructor(channel: Channel) {
    this.channel = channel
    this.value = 0
    this.task = null
    this.behind = null
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<Signal, number> {
    if (this.task !== null) return done(this.value)
    const { first } = this.channel
    if (!(first instanceof Send)) return this.channel.add(this)
    this.channel.wake(first)
    return done(first.value)
  }
}
