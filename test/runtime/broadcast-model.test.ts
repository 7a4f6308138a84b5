// Random programs of several coroutines over one broadcast, step by step against an array of everything published.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { BroadcastSubscription, Coroutine, Scheduler, Selectable, Task } from '../../runtime/index.ts'
import { after, Broadcast, Cancelled, ChannelClosed, select, VirtualHost } from '../../runtime/index.ts'

type From = 'now' | 'earliest' | number

/** What a coroutine can wait for: news of a subscription, with or without reading it, or time. */
type Wait =
  | { readonly on: 'changed' | 'next'; readonly subscription: number; readonly limit: number }
  | { readonly on: 'time'; readonly ms: number }

type Step =
  | { readonly do: 'publish' | 'close' }
  | { readonly do: 'subscribe'; readonly subscription: number; readonly from: From }
  | { readonly do: 'read'; readonly subscription: number; readonly limit: number }
  | { readonly do: 'dispose'; readonly subscription: number }
  | { readonly do: 'wait'; readonly waits: readonly Wait[]; readonly selects: boolean }
  | { readonly do: 'cancel'; readonly task: number }

interface Program {
  readonly seed: number
  readonly capacity: number
  readonly scripts: readonly (readonly Step[])[]
}

const mostTasks = 5
const mostSubscriptions = 3

const subscription = fc.nat(mostSubscriptions - 1)
const limit = fc.constantFrom(1, 2, Number.POSITIVE_INFINITY)
const from = fc.oneof(fc.constantFrom<From>('now', 'earliest'), fc.nat(6))

const wait: fc.Arbitrary<Wait> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ on: fc.constantFrom('changed', 'next'), subscription, limit }) },
  { weight: 1, arbitrary: fc.record({ on: fc.constant('time'), ms: fc.nat(2) }) },
)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('publish') }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('read'), subscription, limit }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('wait'),
      waits: fc.array(wait, { minLength: 1, maxLength: 1 }),
      selects: fc.constant(false),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('wait'),
      waits: fc.array(wait, { maxLength: 4 }),
      selects: fc.constant(true),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('subscribe'), subscription, from }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('dispose'), subscription }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel'), task: fc.nat(mostTasks - 1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close') }) },
)

const program: fc.Arbitrary<Program> = fc.record({
  seed: fc.nat(),
  capacity: fc.constantFrom(1, 2, 3, 5),
  scripts: fc.array(fc.array(step, { maxLength: 12 }), { minLength: 1, maxLength: mostTasks }),
})

/** A reader's place, as the model has it. */
interface Place {
  position: number
  isDisposed: boolean
}

type PlacedWait = Wait & { readonly place: Place | null }

interface Attempt {
  readonly waits: readonly PlacedWait[]
  readonly startedAt: number
  /** Which of its waits came to their end together, once they have; none when it was cancelled before. */
  committed: readonly PlacedWait[] | null
  /** What the end of the committed wait is: that there is news, or never will be any. */
  isClosed: boolean
}

class Model {
  readonly values: number[] = []
  readonly attempts = new Map<number, Attempt>()
  readonly #cancelled = new Set<number>()
  readonly #capacity: number
  readonly #now: () => number
  isClosed = false
  /** Begun, and nothing has happened since: it has either ended at once or parked. */
  #undecided: Attempt | null = null

  constructor(capacity: number, now: () => number) {
    this.#capacity = capacity
    this.#now = now
  }

  get earliest(): number {
    return Math.max(this.values.length - this.#capacity, 0)
  }

  publish(value: number): void {
    this.catchUp()
    if (this.isClosed) return
    this.values.push(value)
    this.#commitWhere(({ place }) => place !== null && !place.isDisposed, false)
  }

  close(): boolean {
    this.catchUp()
    if (this.isClosed) return false
    this.isClosed = true
    this.#commitWhere(({ place }) => place !== null, true)
    return true
  }

  dispose(place: Place): void {
    this.catchUp()
    place.isDisposed = true
    this.#commitWhere((one) => one.place === place, true)
  }

  read(place: Place, limit: number): unknown {
    this.catchUp()
    if (place.isDisposed) return 'closed'
    const first = Math.max(place.position, this.earliest)
    const values = this.values.slice(first, first + limit)
    const missed = first - place.position
    place.position = first + values.length
    return { values, missed, more: place.position < this.values.length }
  }

  cancel(task: number): void {
    this.catchUp()
    this.#cancelled.add(task)
    const attempt = this.attempts.get(task)
    if (attempt !== undefined) attempt.committed ??= []
  }

  begin(task: number, waits: readonly PlacedWait[]): void {
    this.catchUp()
    const attempt: Attempt = { waits, startedAt: this.#now(), committed: null, isClosed: false }
    this.attempts.set(task, attempt)
    if (this.#cancelled.has(task)) attempt.committed = []
    else this.#undecided = attempt
  }

  /** The runtime says that `ended` is over, or that it was cancelled with null: it must be, and in which way? */
  end(task: number, ended: PlacedWait | null): { readonly isClosed: boolean } {
    const attempt = this.attempts.get(task) as Attempt
    if (attempt === this.#undecided && ended !== null && this.#isReady(ended)) {
      this.#undecided = null
      this.#commit(attempt, [ended], this.hasEnded(ended))
    }
    this.catchUp()
    this.attempts.delete(task)
    const { committed } = attempt
    if (!(ended === null ? committed?.length === 0 : committed?.includes(ended))) {
      throw new Error(`a wait has ended that had not: ${JSON.stringify(ended)}`)
    }
    return attempt
  }

  /** Let happen what must have happened by now. */
  catchUp(): void {
    const attempt = this.#undecided
    this.#undecided = null
    if (attempt?.waits.some((one) => this.#isReady(one))) throw new Error('a wait that was over did not end at once')
    for (const waiting of this.attempts.values()) {
      const over = waiting.waits.filter((one) => one.on === 'time' && waiting.startedAt + one.ms <= this.#now())
      if (over.length > 0) this.#commit(waiting, over, false)
    }
  }

  /** How many stand in the wait list for one place. */
  waiting(place: Place): number {
    const parked = [...this.attempts.values()].filter(({ committed }) => committed === null)
    return parked.flatMap(({ waits }) => waits).filter((one) => one.place === place).length
  }

  #isReady(one: PlacedWait): boolean {
    if (one.on === 'time') return one.ms <= 0
    return this.hasEnded(one) || (one.place as Place).position < this.values.length
  }

  hasEnded({ place }: PlacedWait): boolean {
    if (place === null) return false
    return place.isDisposed || (this.isClosed && place.position === this.values.length)
  }

  #commitWhere(matches: (one: PlacedWait) => boolean, isClosed: boolean): void {
    for (const attempt of this.attempts.values()) {
      const matching = attempt.waits.filter(matches)
      if (matching.length > 0) this.#commit(attempt, matching, isClosed)
    }
  }

  #commit(attempt: Attempt, waits: readonly PlacedWait[], isClosed: boolean): void {
    if (attempt.committed !== null) return
    attempt.committed = waits
    attempt.isClosed = isClosed
  }
}

/** A program that runs on the runtime and on the model at once. */
class Rehearsal {
  readonly host = new VirtualHost({ sliceResumes: 16 })
  readonly scheduler: Scheduler
  readonly broadcast: Broadcast<number>
  readonly model: Model
  readonly tasks: Task<void>[]
  readonly #readers: { subscription: BroadcastSubscription<number>; place: Place }[]
  #lastValue = 0

  constructor({ seed, capacity, scripts }: Program, order: 'fifo' | 'shuffle') {
    this.scheduler = this.host.scheduler({ seed, order, deadlock: 'ignore' })
    this.broadcast = new Broadcast<number>(capacity)
    this.model = new Model(capacity, () => this.host.now())
    this.#readers = Array.from({ length: mostSubscriptions }, () => this.#subscribe('now'))
    this.tasks = scripts.map((script, index) => this.scheduler.run(() => this.#perform(index, script)))
  }

  validate(): void {
    this.broadcast.validate()
    this.scheduler.validate()
  }

  /** Who stands in the wait list, once the program has come to rest. */
  validateWaiting(): void {
    for (const { subscription, place } of this.#readers) {
      expect(subscription.waiting).toBe(this.model.waiting(place))
      expect(subscription.position).toBe(place.position)
    }
  }

  cancel(index: number): void {
    this.model.cancel(index)
    this.tasks[index]?.cancel()
  }

  *#perform(task: number, script: readonly Step[]): Coroutine<void> {
    for (const step of script) {
      if (step.do === 'wait') yield* this.#wait(task, step.waits, step.selects)
      else this.#act(step)
      this.validate()
    }
  }

  #act(step: Exclude<Step, { do: 'wait' }>): void {
    if (step.do === 'publish') this.#publish()
    else if (step.do === 'close') expect(this.broadcast.close()).toBe(this.model.close())
    else if (step.do === 'cancel') this.cancel(step.task)
    else if (step.do === 'subscribe') this.#readers[step.subscription] = this.#subscribe(step.from)
    else if (step.do === 'read') this.#read(step.subscription, step.limit)
    else if (step.do === 'dispose') this.#dispose(step.subscription)
  }

  #publish(): void {
    const value = (this.#lastValue += 1)
    const { isClosed } = this.model
    this.model.publish(value)
    if (isClosed) expect(() => this.broadcast.publish(value)).toThrow(ChannelClosed)
    else expect(this.broadcast.publish(value)).toBe(this.model.values.length)
  }

  #subscribe(from: From): { subscription: BroadcastSubscription<number>; place: Place } {
    const { length } = this.model.values
    const position = from === 'now' ? length : from === 'earliest' ? this.model.earliest : Math.min(from, length)
    const subscription = this.broadcast.subscribe({ from: typeof from === 'number' ? position : from })
    return { subscription, place: { position, isDisposed: false } }
  }

  #read(index: number, limit: number): void {
    const { subscription, place } = this.#reader(index)
    const expected = this.model.read(place, limit)
    if (expected === 'closed') expect(() => subscription.read(limit)).toThrow(ChannelClosed)
    else expect(subscription.read(limit)).toEqual(expected)
  }

  #dispose(index: number): void {
    const { subscription, place } = this.#reader(index)
    this.model.dispose(place)
    subscription[Symbol.dispose]()
  }

  *#wait(task: number, wanted: readonly Wait[], selects: boolean): Coroutine<void> {
    const waits = wanted.map((one) => ({ ...one, place: this.#placeOf(one) }))
    const operations = waits.map((one) => this.#operation(one))
    this.model.begin(task, waits)
    // A select of one shuffles nothing: so what threw is known where only one can.
    let ended = waits[0] as PlacedWait
    let value: unknown
    try {
      if (selects) {
        const selected = yield* select(Object.fromEntries(operations.entries()))
        ended = waits[Number(selected.case)] as PlacedWait
        value = selected.value
      } else {
        value = yield* operations[0] as Selectable<unknown>
      }
    } catch (error) {
      this.#endThrown(task, waits, error)
      return
    }
    const { isClosed } = this.model.end(task, ended)
    if (ended.on !== 'next') expect(isClosed).toBe(false)
    else if (this.model.hasEnded(ended)) expect(value).toEqual({ done: true, value: undefined })
    else expect(value).toEqual({ done: false, value: this.model.read(ended.place as Place, ended.limit) })
  }

  #endThrown(task: number, waits: readonly PlacedWait[], error: unknown): void {
    if (error instanceof Cancelled) {
      this.model.end(task, null)
      throw error
    }
    if (!(error instanceof ChannelClosed)) throw error
    // Which of several it was does not show: it is one that can have thrown.
    const { committed } = this.model.attempts.get(task) as Attempt
    const thrower = (committed ?? waits).find((one) => one.on === 'changed' && (committed || this.model.hasEnded(one)))
    expect(this.model.end(task, thrower as PlacedWait).isClosed).toBe(true)
  }

  #operation(one: PlacedWait & Wait): Selectable<unknown> {
    if (one.on === 'time') return after(one.ms)
    const { subscription } = this.#reader(one.subscription)
    return one.on === 'changed' ? subscription.changed() : subscription.next(one.limit)
  }

  #placeOf(one: Wait): Place | null {
    return one.on === 'time' ? null : this.#reader(one.subscription).place
  }

  #reader(index: number): { subscription: BroadcastSubscription<number>; place: Place } {
    return this.#readers[index] as { subscription: BroadcastSubscription<number>; place: Place }
  }
}

function runProgram(program: Program, order: 'fifo' | 'shuffle'): void {
  const rehearsal = new Rehearsal(program, order)
  const { host, model, scheduler, tasks } = rehearsal
  host.finish()
  throwReported(host)
  model.catchUp()
  rehearsal.validate()
  rehearsal.validateWaiting()
  expect(tasks.map((task) => task.status === 'parked')).toEqual(tasks.map((_, index) => model.attempts.has(index)))

  for (const index of tasks.keys()) {
    rehearsal.cancel(index)
    rehearsal.validate()
    rehearsal.validateWaiting()
  }
  host.finish()
  throwReported(host)
  expect(scheduler.statistics()).toMatchObject({ coroutines: 0, runnable: 0, parked: 0, timers: 0, awaited: 0 })
  expect(host.pending).toBe(0)
}

function throwReported(host: VirtualHost): void {
  if (host.reported.length > 0) throw host.reported[0]
}

it.each(['fifo', 'shuffle'] as const)(
  'random readers of a broadcast see exactly what an array says, with %s',
  (order) => {
    fc.assert(
      fc.property(program, (given) => runProgram(given, order)),
      { seed: 20_260_102, numRuns: 3_000 },
    )
  },
)
