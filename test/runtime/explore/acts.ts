// What is done to the world without waiting, by a coroutine or from outside all of them.

import { trySelect } from '../../../runtime/index.ts'
import type { ModelTask } from './model-places.ts'
import type { Act, StepOf } from './programs.ts'
import type { Beginning } from './waiting.ts'
import { agree } from './watches.ts'
import { errorInWords } from './words.ts'
import { batchInWords, type World } from './world.ts'

export class Acts {
  readonly #world: World
  #published = 0

  constructor(world: World) {
    this.#world = world
  }

  /** @throws Error if the runtime does something that the model does not allow */
  take(by: ModelTask | null, act: Act): void {
    const { model } = this.#world
    model.clock.catchUp()
    model.acting = by
    try {
      this.#take(by, act)
    } finally {
      model.acting = null
    }
  }

  #take(by: ModelTask | null, act: Act): void {
    const { model, broadcast } = this.#world
    if (act.do === 'trySelect') this.#trySelect(by, act)
    else if (act.do === 'trySend') times(act.times, () => this.#trySend(by, act.channel))
    else if (act.do === 'tryReceive') times(act.times, () => this.#tryReceive(by, act.channel))
    else if (act.do === 'close') agree(this.#world.channel(act.channel).close(), [model.channel(act.channel).close()])
    else if (act.do === 'open') this.#open(act.gate)
    else if (act.do === 'publish') this.#publish()
    else if (act.do === 'closeBroadcast') agree(broadcast.close(), [model.closeBroadcast()])
    else if (act.do === 'read') this.#read(act)
    else if (act.do === 'dispose') this.#dispose(act.subscription)
    else if (act.do === 'stopTicker') this.#stopTicker()
    else if (act.do === 'setLimit') this.#setLimit(act)
    else if (act.do === 'tieTask' || act.do === 'tieScope') this.#tie(act)
    else this.#cancel(by, act)
  }

  #trySelect(by: ModelTask | null, { choices, inOrder }: StepOf<'trySelect'>): void {
    const cases = this.#world.cases(by, choices)
    // Outside of coroutines there is no seed to draw from.
    const beginning: Beginning = { task: by, cases, inOrder: inOrder || by === null }
    const outcome = outcomeOf(() => {
      const chosen = trySelect(this.#world.operations(cases), { order: inOrder ? 'first' : 'random' })
      if (chosen === undefined) return 'nothing'
      return this.#world.inWords(by, cases[Number(chosen.case)] as (typeof cases)[0], chosen.value)
    })
    const ready = this.#world.model.readyOutcomes(beginning)
    agree(outcome, ready.length === 0 ? ['nothing'] : ready)
    if (ready.length > 0) this.#world.model.choose(beginning, outcome)
  }

  #trySend(by: ModelTask | null, channel: number): void {
    const value = this.#world.offer(by, channel)
    const outcome = outcomeOf(() => String(this.#world.channel(channel).trySend(value)))
    if (outcome === 'true') this.#world.books.sent(value)
    agree(outcome, [String(this.#world.model.channel(channel).trySend(value))])
  }

  #tryReceive(by: ModelTask | null, channel: number): void {
    const result = this.#world.channel(channel).tryReceive()
    const outcome = result.status === 'value' ? this.#world.received(by, channel, result.value) : result.status
    agree(outcome, [this.#world.model.channel(channel).tryReceive()])
  }

  #open(gate: number): void {
    const latch = this.#world.latches[gate]
    if (latch === undefined) this.#world.signal.abort()
    else latch.open()
    this.#world.model.open(gate)
  }

  #publish(): void {
    this.#published += 1
    const outcome = outcomeOf(() => `position ${this.#world.broadcast.publish(this.#published)}`)
    agree(outcome, [this.#world.model.publish(this.#published)])
  }

  #read({ subscription, limit }: StepOf<'read'>): void {
    const outcome = outcomeOf(() => batchInWords(this.#world.subscription(subscription).read(limit)))
    agree(outcome, [this.#world.model.broadcast.read(subscription, limit)])
  }

  #dispose(subscription: number): void {
    this.#world.subscription(subscription)[Symbol.dispose]()
    this.#world.model.dispose(subscription)
  }

  #stopTicker(): void {
    this.#world.ticker.stop()
    this.#world.model.stopTicker()
  }

  #setLimit({ scope, ms }: StepOf<'setLimit'>): void {
    const { model, handle } = this.#world.place(scope)
    if (model === this.#world.model.root) return
    agree(handle.remainingMs, [model.remainingMs])
    agree(handle.setLimit(ms), [model.setLimit(ms)])
    agree(handle.remainingMs, [model.remainingMs])
  }

  #tie(act: StepOf<'tieTask' | 'tieScope'>): void {
    const { model, handle } = act.do === 'tieTask' ? this.#world.actor(act.task) : this.#world.place(act.scope)
    if (model === this.#world.model.root) return
    handle.cancelOn(this.#world.signal)
    this.#world.model.signal.tie(model)
  }

  #cancel(by: ModelTask | null, act: StepOf<'cancelTask' | 'cancelScope'>): void {
    const { model, handle } = act.do === 'cancelTask' ? this.#world.actor(act.task) : this.#world.place(act.scope)
    if (model === this.#world.model.root) return
    const reason = by === null ? 'somebody outside' : `task ${by.number}`
    handle.cancel(reason)
    model.cancel(reason)
  }
}

function outcomeOf(act: () => string): string {
  try {
    return act()
  } catch (error) {
    return errorInWords(error)
  }
}

function times(count: number, act: () => void): void {
  for (let time = 0; time < count; time += 1) act()
}
