// A program on the runtime and on the model at once.
//
// When all that can happen has happened, both must agree on who waits; then everything is cancelled, and both must agree
// that nobody is left. A patient program does so itself, after a long sleep; an impatient one leaves it to the scheduler,
// to which this is a deadlock.

import type { Coroutine, ExploreStage, Scope } from '../../../runtime/index.ts'
import { Deadlock, scope, sleep } from '../../../runtime/index.ts'
import { Performer } from './performer.ts'
import type { Program } from './programs.ts'
import type { Actor } from './watches.ts'
import { deadlockInWords } from './words.ts'
import { World } from './world.ts'

/** Longer than everything in a program together. */
const patienceMs = 1_000_000
/** More than there can be bodies inside each other, each of which may catch a cancel. */
const mostRounds = 1_000

/** Run `program` on `stage`, as a coroutine to be explored. */
export function* rehearse(stage: ExploreStage, program: Program): Coroutine<void> {
  const rehearsal = new Rehearsal(stage, program)
  stage.always(() => rehearsal.check())
  stage.afterwards(() => rehearsal.end())
  yield* scope((top) => rehearsal.perform(top), { supervise: true })
}

class Rehearsal {
  readonly #stage: ExploreStage
  readonly #program: Program
  readonly #world: World
  readonly #performer: Performer
  /** The first thing that the runtime did and the model does not allow. */
  #violation: unknown = null
  #sleepsUntil = 0
  #isPerformed = false

  constructor(stage: ExploreStage, program: Program) {
    this.#stage = stage
    this.#program = program
    this.#world = new World(program, stage.host)
    this.#performer = new Performer(this.#world, (violation) => {
      this.#violation ??= violation
    })
  }

  *perform(top: Scope): Coroutine<void> {
    const place = { model: this.#world.model.root, handle: top }
    this.#world.places.push(place)
    for (const script of this.#program.scripts) this.#performer.spawn(place, script)
    if (this.#program.isPatient) yield* this.#waitPatiently()
    // The scheduler takes no standstill for a deadlock while somebody waits for the outside, which has to act at last.
    else this.#stage.host.setTimer(() => this.#performer.abortSignal(), patienceMs)
    this.#isPerformed = true
  }

  *#waitPatiently(): Coroutine<void> {
    for (let round = 0; round < mostRounds; round += 1) {
      this.#sleepsUntil = this.#stage.host.now() + patienceMs
      yield* sleep(patienceMs)
      if (!this.#isAnybodyLeft()) return
      this.#world.cancelEverything()
    }
    throw new Error(`not everybody has ended after ${mostRounds} cancels`)
  }

  /** Between any two steps. */
  check(): void {
    if (this.#violation !== null) throw this.#violation
    this.#world.model.clock.catchUp()
    this.#followDeadlock()
    this.#checkReports()
    this.#checkSignals()
    this.#checkCounts()
    for (const actor of this.#world.actors) checkStatus(actor)
    this.#world.broadcast.validate()
    for (const [index, channel] of this.#world.channels.entries()) {
      channel.validate()
      const expected = this.#world.model.channels[index]?.buffer.length
      if (channel.length !== expected) throw new Error(`a buffer holds ${channel.length}, in the model ${expected}`)
    }
  }

  end(): void {
    if (!this.#isPerformed) throw new Error('the program broke off')
    this.#world.close(this.#program)
  }

  /** The scheduler has broken a deadlock: so it must have been one. First it cancels everybody, later shields. */
  #followDeadlock(): void {
    for (const { model, handle } of this.#world.places) {
      if (model.reason !== null || !(handle.reason?.reason instanceof Deadlock)) continue
      const { clock, signal } = this.#world.model
      if (clock.size + signal.awaiting > 0) throw new Error('a deadlock, although something is still to happen')
      model.cancel(deadlockInWords)
    }
  }

  /** With nothing left that could happen, whoever has not ended is parked. */
  #isAnybodyLeft(): boolean {
    const live = this.#world.actors.filter(({ model }) => !model.hasEnded)
    for (const { handle } of live) {
      if (handle.status !== 'parked') throw new Error(`${handle.label} is left ${handle.status}`)
    }
    const lines = this.#stage.scheduler.dump().split('\n').length
    if (lines !== live.length + 1) throw new Error(`the dump has ${lines} lines for ${live.length + 1} coroutines`)
    return live.length > 0
  }

  #checkReports(): void {
    const { model } = this.#world
    for (const error of this.#stage.host.reported.splice(0)) {
      const index = model.reported.indexOf(error)
      if (index >= 0) model.reported.splice(index, 1)
      // The coroutine that plays all this fails of a deadlock, too.
      else if (!(error instanceof Deadlock && error === this.#world.places[0]?.handle.reason?.reason)) throw error
    }
    const { told } = this.#world
    if (told.join('\n') !== model.told.join('\n')) {
      throw new Error(`supervisors were told of ${told.at(-1)}, in the model ${model.told.at(-1)}`)
    }
    if (model.reported.length > 0) throw new Error(`the host was not told of ${String(model.reported[0])}`)
  }

  #checkSignals(): void {
    for (const { model, signal } of this.#world.signals) {
      if (signal.aborted !== (model.reason !== null))
        throw new Error('the abort signal of a place lies about its cancel')
    }
  }

  #checkCounts(): void {
    const { model, signal, actors } = this.#world
    const { timers, awaited, coroutines, spawned, finished } = this.#stage.scheduler.statistics()
    const own = this.#stage.host.now() < this.#sleepsUntil ? 1 : 0
    const live = actors.filter((actor) => !actor.model.hasEnded).length
    same('timers', timers, model.clock.size + own)
    same('awaited', awaited, model.signal.awaiting)
    same('listeners of the signal', signal.listening, model.signal.listening)
    // And the coroutine that plays all this, until it has ended.
    if (own === 1) same('coroutines', coroutines, live + 1)
    if (own === 1) same('finished', finished, actors.length - live)
    same('spawned', spawned, actors.length + 1)
  }
}

function checkStatus({ model, handle }: Actor): void {
  const { status } = handle
  const isEnded = status === 'done' || status === 'failed' || status === 'cancelled'
  if (isEnded !== model.hasEnded)
    throw new Error(`${handle.label} is ${status}, in the model ${model.outcome ?? 'live'}`)
  if ((status === 'parked') !== model.isParked) {
    throw new Error(`${handle.label} is ${status}, in the model it is ${model.isParked ? '' : 'not '}parked`)
  }
}

function same(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`${actual} ${what}, in the model ${expected}`)
}
