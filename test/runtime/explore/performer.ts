// Takes the steps of a program, as coroutines.

import type { Coroutine, MovedOn, Operation, Scope } from '../../../runtime/index.ts'
import { checkpoint, moveOn, scope, select, shield, timeout } from '../../../runtime/index.ts'
import { Acts } from './acts.ts'
import { ModelScope, ModelTask } from './model-places.ts'
import type { Act, Catches, Choice, Enclosure, Script, StepOf } from './programs.ts'
import { gateCount } from './programs.ts'
import type { Attempt } from './waiting.ts'
import { type Actor, agree, EnclosureWatch, OperationWatch, Watched } from './watches.ts'
import { carriesCancel, errorInWords, isToBeExpected, PlannedFailure } from './words.ts'
import type { Place, World } from './world.ts'

/** More operations than a coroutine may do in a row. */
const busyOperations = 150
/** More would be due at times that a number cannot tell apart. */
const mostOutside = 20

export class Performer {
  readonly #world: World
  readonly #acts: Acts
  readonly #violated: (violation: unknown) => void
  #plannedFailures = 0
  #outside = 0

  /** `violated` is told what the runtime did and the model does not allow. */
  constructor(world: World, violated: (violation: unknown) => void) {
    this.#world = world
    this.#acts = new Acts(world)
    this.#violated = violated
  }

  /** `local` is what the spawner has of it. */
  spawn({ model, handle }: Place, script: Script, local = 0): void {
    const number = this.#world.actors.length
    const outcome = tried(() => {
      const task = handle.spawn((): Coroutine<number> => this.#body(number, script))
      task.label = `task ${number}`
      this.#world.actors.push({ model: new ModelTask(number, model, local), handle: task, violated: this.#violated })
    })
    agree(outcome, [model.hasEnded ? 'misuse' : 'done'])
  }

  *#body(number: number, script: Script): Coroutine<number> {
    const actor = this.#world.actors[number] as Actor
    try {
      yield* this.#perform(actor, script)
    } catch (error) {
      if (!isToBeExpected(error)) this.#violated(error)
      actor.model.threw(error)
      throw error
    }
    actor.model.returned(number)
    return number
  }

  *#perform(actor: Actor, script: Script): Coroutine<void> {
    for (const step of script) {
      this.#judge(() => agree(this.#world.local.get(), [actor.model.local]))
      if (step.do === 'run') yield* this.#run(actor, step.choice, step.catches)
      else if (step.do === 'select') yield* this.#select(actor, step)
      else if (step.do === 'checkpoint') yield* this.#checkpoint(actor)
      else if (step.do === 'keepBusy') yield* this.#keepBusy(actor)
      else if (step.do === 'enclose') yield* this.#enclose(actor, step)
      else if (step.do === 'rescue') yield* this.#rescue(actor, step)
      else if (step.do === 'finally') yield* this.#finally(actor, step)
      else if (step.do === 'withLocal') yield* this.#withLocal(actor, step)
      else if (step.do === 'using') yield* this.#using(actor, step)
      else if (step.do === 'fail') throw this.#plannedFailure()
      else this.#judge(() => this.#act(actor, step))
    }
  }

  #act(actor: Actor, step: Act | StepOf<'spawn' | 'crowd' | 'outside' | 'setLocal' | 'askSignal'>): void {
    if (step.do === 'spawn') this.spawn(this.#world.place(step.scope), step.script, actor.model.local)
    else if (step.do === 'crowd') for (const choice of step.choices) this.#spawnOne(actor, step.scope, choice)
    else if (step.do === 'outside') this.#actFromOutside(step)
    else if (step.do === 'setLocal') this.#setLocal(actor, step.value)
    else if (step.do === 'askSignal') this.#world.askSignal(actor.model)
    else this.#acts.take(actor.model, step)
  }

  #spawnOne(actor: Actor, place: number, choice: Choice): void {
    this.spawn(this.#world.place(place), [{ do: 'run', choice, catches: 'failures' }], actor.model.local)
  }

  /** At a time that is nobody else's: of two things that are due together it would be open which comes first. */
  #actFromOutside({ ms, act }: StepOf<'outside'>): void {
    if (this.#outside === mostOutside) return
    this.#outside += 1
    this.#world.host.setTimer(() => this.#judge(() => this.#acts.take(null, act)), ms + 2 ** -this.#outside)
  }

  #setLocal({ model }: Actor, value: number): Disposable {
    model.local = value
    return this.#world.local.set(value)
  }

  /** From outside all coroutines. */
  abortSignal(): void {
    this.#judge(() => this.#acts.take(null, { do: 'open', gate: gateCount - 1 }))
  }

  #plannedFailure(): PlannedFailure {
    this.#plannedFailures += 1
    return new PlannedFailure(this.#plannedFailures)
  }

  /** Thrown, a violation might be caught by the program. */
  #judge(act: () => void): void {
    try {
      act()
    } catch (violation) {
      this.#violated(violation)
    }
  }

  *#run(actor: Actor, choice: Choice, catches: Catches): Coroutine<void> {
    const attempt = this.#attempt(actor, [choice], true)
    const [only] = attempt.cases as [Attempt['cases'][0]]
    const watch = new OperationWatch(this.#world.model, attempt)
    const inWords = (result: unknown) => this.#world.inWords(actor.model, only, result)
    yield* this.#caught(catches, new Watched(actor, this.#world.operation(only), watch, inWords))
  }

  *#select(actor: Actor, { choices, inOrder, catches }: StepOf<'select'>): Coroutine<void> {
    const attempt = this.#attempt(actor, choices, inOrder)
    const operation = select(this.#world.operations(attempt.cases), { order: inOrder ? 'first' : 'random' })
    const watch = new OperationWatch(this.#world.model, attempt)
    const inWords = (chosen: { readonly case: string; readonly value: unknown }) =>
      this.#world.inWords(actor.model, attempt.cases[Number(chosen.case)] as Attempt['cases'][0], chosen.value)
    yield* this.#caught(catches, new Watched(actor, operation, watch, inWords))
  }

  #attempt({ model }: Actor, choices: readonly Choice[], inOrder: boolean): Attempt {
    const cases = this.#world.cases(model, choices)
    return { task: model, cases, inOrder, outcome: null, timer: null, batch: null }
  }

  *#checkpoint(actor: Actor): Coroutine<void> {
    const watch = new OperationWatch(this.#world.model, this.#attempt(actor, [], true), true)
    yield* new Watched(actor, checkpoint(), watch, () => 'passed')
  }

  *#keepBusy(actor: Actor): Coroutine<void> {
    for (let operations = 0; operations < busyOperations; operations += 1) {
      yield* this.#run(actor, { kind: 'after', ms: 0 }, 'nothing')
    }
  }

  *#enclose(actor: Actor, { in: enclosure, script, catches }: StepOf<'enclose'>): Coroutine<void> {
    const { model } = this.#world
    let entered: ModelScope | null = null
    const enter = () => {
      entered = new ModelScope(model, model.clock, actor.model, enclosure)
      return entered
    }
    const watch = new EnclosureWatch(model, actor.model, enclosure.kind === 'shield', enter)
    const body = (handle: Scope) =>
      this.#enclosed(actor, () => ({ model: entered as unknown as ModelScope, handle }), script)
    yield* this.#caught(catches, new Watched(actor, this.#enclosing(enclosure, body), watch, resultInWords))
  }

  #enclosing(enclosure: Enclosure, body: (handle: Scope) => Coroutine<number>): Operation<number | MovedOn<number>> {
    const { kind } = enclosure
    if (kind === 'scope') return scope(body, { supervise: this.#world.supervisor(enclosure.supervise) })
    if (kind === 'timeout') return timeout(enclosure.ms, body)
    if (kind === 'moveOn') return moveOn(enclosure.ms, body)
    return shield(body, { limitMs: enclosure.ms })
  }

  /** The model's scope is there once the runtime has entered its own. */
  *#enclosed(actor: Actor, placeEntered: () => Place, script: Script): Coroutine<number> {
    const place = placeEntered()
    this.#world.places.push(place)
    try {
      yield* this.#perform(actor, script)
    } catch (error) {
      if (!isToBeExpected(error)) this.#violated(error)
      place.model.bodyThrew(error)
      throw error
    }
    place.model.bodyReturned(actor.model.number)
    return actor.model.number
  }

  *#rescue(actor: Actor, { script, after }: StepOf<'rescue' | 'finally'>): Coroutine<void> {
    try {
      yield* this.#perform(actor, script)
    } catch (error) {
      if (!isToBeExpected(error)) this.#violated(error)
      yield* this.#perform(actor, after)
    }
  }

  *#finally(actor: Actor, { script, after }: StepOf<'rescue' | 'finally'>): Coroutine<void> {
    try {
      yield* this.#perform(actor, script)
    } finally {
      yield* this.#perform(actor, after)
    }
  }

  *#withLocal(actor: Actor, { value, script }: StepOf<'withLocal'>): Coroutine<void> {
    const before = actor.model.local
    using _ = this.#setLocal(actor, value)
    try {
      yield* this.#perform(actor, script)
    } finally {
      actor.model.local = before
    }
  }

  *#using(actor: Actor, { script }: StepOf<'using'>): Coroutine<void> {
    const dispose = () => {
      throw this.#plannedFailure()
    }
    using _ = { [Symbol.dispose]: dispose }
    yield* this.#perform(actor, script)
  }

  *#caught(catches: Catches, operation: Operation<unknown>): Coroutine<void> {
    try {
      yield* operation
    } catch (error) {
      if (!isToBeExpected(error)) this.#violated(error)
      if (catches === 'nothing' || (catches === 'failures' && carriesCancel(error))) throw error
    }
  }
}

function resultInWords(result: number | MovedOn<number>): string {
  if (typeof result === 'number') return `gave ${result}`
  return result.done ? `gave ${result.value}` : 'moved on'
}

function tried(act: () => void): string {
  try {
    act()
    return 'done'
  } catch (error) {
    return errorInWords(error)
  }
}
