// What the coroutines of a program share, on the runtime and in the model.

import type {
  AbortSignalLike,
  BroadcastBatch,
  BroadcastSubscription,
  OnFailure,
  Scope,
  Selectable,
  Ticker,
  VirtualHost,
} from '../../../runtime/index.ts'
import { abortSignal, after, Broadcast, Channel, Latch, local, ticker, until } from '../../../runtime/index.ts'
import { Books } from './books.ts'
import { HandSignal } from './hand-signal.ts'
import { Model } from './model.ts'
import type { ModelPlace, ModelScope, ModelTask } from './model-places.ts'
import type { Choice, Program, Supervision } from './programs.ts'
import { gateCount, subscriptionCount } from './programs.ts'
import type { Case } from './waiting.ts'
import { type Actor, agree } from './watches.ts'
import { errorInWords } from './words.ts'

/** A scope that was entered at some time. */
export interface Place {
  readonly model: ModelScope
  readonly handle: Scope
}

/** In the books, whoever is no coroutine of the program. */
const outsider = -1

export class World {
  readonly host: VirtualHost
  readonly model: Model
  readonly books = new Books()
  readonly channels: readonly Channel<number>[]
  readonly latches = Array.from({ length: gateCount - 1 }, () => new Latch())
  readonly signal = new HandSignal()
  readonly ticker: Ticker
  readonly broadcast: Broadcast<number>
  readonly subscriptions: readonly BroadcastSubscription<number>[]
  readonly actors: Actor[] = []
  /** The first one is there from the beginning, around everybody; nobody cancels it. */
  readonly places: Place[] = []
  /** What supervisors were told, in words. */
  readonly told: string[] = []
  /** Each coroutine has a value of its own. */
  readonly local = local(0)
  /** The abort signals that were asked for, and whose cancel each of them tells. */
  readonly signals: { readonly model: ModelPlace; readonly signal: AbortSignalLike }[] = []

  /** Inside a coroutine. */
  constructor(program: Program, host: VirtualHost) {
    this.host = host
    this.model = new Model(program, () => host.now())
    this.channels = program.channels.map(({ capacity, overflow }) =>
      overflow === 'suspend' ? new Channel<number>(capacity) : new Channel<number>(capacity, { overflow }),
    )
    this.ticker = ticker(program.tickMs)
    this.broadcast = new Broadcast(program.broadcastCapacity)
    this.subscriptions = Array.from({ length: subscriptionCount }, () => this.broadcast.subscribe())
  }

  channel(index: number): Channel<number> {
    return this.channels[index] as Channel<number>
  }

  subscription(index: number): BroadcastSubscription<number> {
    return this.subscriptions[index] as BroadcastSubscription<number>
  }

  /** The coroutine that was spawned last is 0, the one before it 1, and so on around. */
  actor(number: number): Actor {
    return this.actors.at(-1 - (number % this.actors.length)) as Actor
  }

  /** The scope that was entered last is 0, the one before it 1, and so on around. */
  place(number: number): Place {
    return this.places.at(-1 - (number % this.places.length)) as Place
  }

  cases(by: ModelTask | null, choices: readonly Choice[]): Case[] {
    return choices.map((choice) => {
      if (choice.kind === 'join') return { kind: 'join', task: this.actor(choice.task).model }
      if (choice.kind !== 'send') return choice as Case
      return { kind: 'send', channel: choice.channel, value: this.offer(by, choice.channel) }
    })
  }

  offer(by: ModelTask | null, channel: number): number {
    return this.books.offer(channel, by?.number ?? outsider)
  }

  received(by: ModelTask | null, channel: number, value: number): string {
    this.books.received(value, channel, by?.number ?? outsider)
    return `received ${value}`
  }

  operation(one: Case): Selectable<unknown> {
    if (one.kind === 'after') return after(one.ms)
    if (one.kind === 'tick') return this.ticker.receive()
    if (one.kind === 'join') return (this.actors[one.task.number] as Actor).handle.join()
    if (one.kind === 'wait') return this.latches[one.gate]?.wait() ?? until(this.signal)
    if (one.kind === 'changed') return this.subscription(one.subscription).changed()
    if (one.kind === 'batch') return this.subscription(one.subscription).next(one.limit)
    const channel = this.channel(one.channel)
    if (one.kind === 'send') return channel.send(one.value)
    return one.kind === 'next' ? channel.next() : channel.receive()
  }

  operations(cases: readonly Case[]): Record<string, Selectable<unknown>> {
    return Object.fromEntries(cases.map((one, index) => [index, this.operation(one)]))
  }

  /** What `one` came to, in words; and in the books. */
  inWords(by: ModelTask | null, one: Case, result: unknown): string {
    if (one.kind === 'after') return 'time'
    if (one.kind === 'tick') return `${result} ticks`
    if (one.kind === 'join') return `gave ${result}`
    if (one.kind === 'wait') return `passed ${one.gate}`
    if (one.kind === 'changed') return `changed ${one.subscription}`
    if (one.kind === 'batch') return nextBatchInWords(result as IteratorResult<BroadcastBatch<number>, void>)
    if (one.kind === 'send') {
      this.books.sent(one.value)
      return `sent ${one.value}`
    }
    if (one.kind === 'receive') return this.received(by, one.channel, result as number)
    const { done, value } = result as IteratorResult<number, void>
    return done === true ? 'closed' : this.received(by, one.channel, value)
  }

  /** The supervisor of a scope. */
  supervisor(supervision: Supervision): boolean | OnFailure {
    if (typeof supervision === 'boolean') return supervision
    return (failure, task) => {
      this.told.push(`${task.label}: ${errorInWords(failure)}`)
      if (supervision === 'refuse') throw this.model.refusals.shift() ?? new Error('told of what has not failed')
    }
  }

  /** The signal of the innermost place that `by` is in. */
  askSignal({ place }: ModelTask): void {
    const signal = abortSignal()
    const before = this.signals.find(({ model }) => model === place)
    if (before === undefined) this.signals.push({ model: place, signal })
    else agree(signal, [before.signal])
  }

  /** Cancel whoever is left, and what is behind shields. */
  cancelEverything(): void {
    for (const { model, handle } of [...this.actors, ...this.places.slice(1)]) {
      handle.cancel('the end')
      model.cancel('the end')
    }
  }

  /** When everybody has ended: somebody still in a queue would be woken by this, and is not there to be. */
  close(program: Program): void {
    this.books.close(this.channels, program.channels)
    for (const [index, channel] of this.channels.entries()) {
      const { capacity } = program.channels[index] as Program['channels'][number]
      if (!channel.isClosed) agree(channel.trySend(0), [capacity > 0])
      channel.close()
    }
    for (const latch of this.latches) latch.open()
    this.signal.abort()
    this.ticker.stop()
    this.broadcast.close()
  }
}

function nextBatchInWords({ done, value }: IteratorResult<BroadcastBatch<number>, void>): string {
  return done === true ? 'closed' : batchInWords(value)
}

export function batchInWords({ values, missed, more }: BroadcastBatch<number>): string {
  return `[${values.join(' ')}], ${missed} missed, ${more ? 'and more' : 'no more'}`
}
