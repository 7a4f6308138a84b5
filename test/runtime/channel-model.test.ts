// Random programs of several coroutines over a few channels, step by step against the reference model.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Coroutine, Scheduler, Selectable, Task } from '../../runtime/index.ts'
import { after, Channel, ChannelClosed, select, trySelect, VirtualHost } from '../../runtime/index.ts'
import type { Case, Overflow } from './reference-model.ts'
import { ReferenceModel } from './reference-model.ts'

interface Shape {
  readonly capacity: number
  readonly overflow: Overflow
}

type Choice =
  | { readonly kind: 'send' | 'receive' | 'next'; readonly channel: number }
  | { readonly kind: 'after'; readonly ms: number }

type Step =
  | { readonly do: 'operation'; readonly choice: Choice }
  | { readonly do: 'select'; readonly choices: readonly Choice[]; readonly order: 'random' | 'first' }
  | { readonly do: 'trySelect'; readonly choices: readonly Choice[]; readonly order: 'random' | 'first' }
  | { readonly do: 'trySend' | 'tryReceive' | 'close'; readonly channel: number }
  | { readonly do: 'cancel'; readonly task: number }

interface Program {
  readonly seed: number
  readonly channels: readonly Shape[]
  readonly scripts: readonly (readonly Step[])[]
}

const mostChannels = 3
const mostTasks = 5

const channelIndex = fc.nat(mostChannels - 1)

const choice: fc.Arbitrary<Choice> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('send', 'receive', 'next'), channel: channelIndex }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('after'), ms: fc.nat(2) }) },
)

// One send for each channel: with two it would be open which of its values a select that waits has sent.
const choices = fc.uniqueArray(choice, {
  minLength: 0,
  maxLength: 5,
  selector: (one) => (one.kind === 'after' ? 'after' : `${one.kind} ${one.channel}`),
})

const order = fc.constantFrom<'random' | 'first'>('random', 'first')

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('operation'), choice }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('select'), choices, order }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('trySelect'), choices, order }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('trySend', 'tryReceive'), channel: channelIndex }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close'), channel: channelIndex }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel'), task: fc.nat(mostTasks - 1) }) },
)

const shape: fc.Arbitrary<Shape> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Shape>({ capacity: 0, overflow: 'suspend' }) },
  { weight: 3, arbitrary: fc.record({ capacity: fc.constantFrom(1, 2), overflow: fc.constant('suspend') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      capacity: fc.constantFrom(1, 2, Number.POSITIVE_INFINITY),
      overflow: fc.constantFrom('dropOldest', 'dropLatest', 'error'),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Shape>({ capacity: 0, overflow: 'error' }) },
)

const program: fc.Arbitrary<Program> = fc.record({
  seed: fc.nat(),
  channels: fc.array(shape, { minLength: mostChannels, maxLength: mostChannels }),
  scripts: fc.array(fc.array(step, { maxLength: 10 }), { minLength: 1, maxLength: mostTasks }),
})

/** A program that runs on the runtime and on the model at once. */
class Rehearsal {
  readonly host = new VirtualHost({ sliceResumes: 16 })
  readonly scheduler: Scheduler
  readonly channels: Channel<number>[]
  readonly model: ReferenceModel
  readonly tasks: Task<void>[]
  readonly sent: number[] = []
  readonly received: number[] = []
  #lastValue = 0

  constructor({ seed, channels, scripts }: Program, order: 'fifo' | 'shuffle') {
    this.scheduler = this.host.scheduler({ seed, order, deadlock: 'ignore' })
    this.channels = channels.map(({ capacity, overflow }) => new Channel<number>(capacity, { overflow }))
    this.model = new ReferenceModel(channels, () => this.host.now())
    this.tasks = scripts.map((script, index) => this.scheduler.run(() => this.#perform(index, script)))
  }

  validate(): void {
    for (const [index, channel] of this.channels.entries()) {
      channel.validate()
      const expected = this.model.channels[index]?.buffer.length
      // A comparison, not `expect`: this line runs a few hundred thousand times.
      if (channel.length !== expected) throw new Error(`a buffer holds ${channel.length}, in the model ${expected}`)
    }
    this.scheduler.validate()
  }

  channel(index: number): Channel<number> {
    return this.channels[index] as Channel<number>
  }

  cancel(index: number): void {
    this.model.cancel(index)
    this.tasks[index]?.cancel()
  }

  *#perform(task: number, script: readonly Step[]): Coroutine<void> {
    for (const step of script) {
      if (step.do === 'operation') yield* this.#operate(task, [step.choice], 'first', false)
      else if (step.do === 'select') yield* this.#operate(task, step.choices, step.order, true)
      else this.#act(task, step)
      this.validate()
    }
  }

  *#operate(task: number, choices: readonly Choice[], order: 'random' | 'first', selects: boolean): Coroutine<void> {
    const cases = choices.map((one) => this.#give(one))
    this.model.begin(task, cases, order === 'first')
    let outcome: string
    try {
      if (selects) {
        const selected = yield* select(this.#operations(cases), { order })
        outcome = this.#outcomeOf(cases[Number(selected.case)] as Case, selected.value)
      } else {
        const only = cases[0] as Case
        outcome = this.#outcomeOf(only, yield* this.#operation(only))
      }
    } catch (error) {
      outcome = failure(cases, error)
    }
    this.model.end(task, outcome)
  }

  #act(task: number, step: Exclude<Step, { do: 'operation' | 'select' }>): void {
    if (step.do === 'cancel') this.cancel(step.task)
    else if (step.do === 'trySelect') this.#trySelect(task, step.choices, step.order)
    else if (step.do === 'trySend') this.#trySend(step.channel)
    else if (step.do === 'tryReceive') this.#tryReceive(step.channel)
    else this.#close(step.channel)
  }

  #close(index: number): void {
    const expected = this.model.close(index)
    expect(this.channel(index).close()).toBe(expected)
  }

  #trySend(index: number): void {
    const value = this.#newValue()
    const expected = this.model.trySend(index, value)
    let wasSent: boolean | 'closed'
    try {
      wasSent = this.channel(index).trySend(value)
    } catch (error) {
      expect(error).toBeInstanceOf(ChannelClosed)
      wasSent = 'closed'
    }
    expect(wasSent).toBe(expected)
    if (wasSent === true) this.sent.push(value)
  }

  #tryReceive(index: number): void {
    const expected = this.model.tryReceive(index)
    const received = this.channel(index).tryReceive()
    if (received.status === 'value') this.received.push(received.value)
    expect(received.status === 'value' ? `received ${received.value}` : received.status).toBe(expected)
  }

  #trySelect(task: number, choices: readonly Choice[], order: 'random' | 'first'): void {
    const cases = choices.map((one) => this.#give(one))
    let outcome: string
    this.model.catchUp()
    try {
      const selected = trySelect(this.#operations(cases), { order })
      outcome =
        selected === undefined ? 'nothing' : this.#outcomeOf(cases[Number(selected.case)] as Case, selected.value)
    } catch (error) {
      outcome = failure(cases, error)
    }
    this.model.attemptNow(task, cases, order === 'first', outcome)
  }

  #give(one: Choice): Case {
    if (one.kind !== 'send') return one as Case
    return { kind: 'send', channel: one.channel, value: this.#newValue() }
  }

  /** Every value that is offered is another one. */
  #newValue(): number {
    this.#lastValue += 1
    return this.#lastValue
  }

  #operations(cases: readonly Case[]): Record<string, Selectable<unknown>> {
    return Object.fromEntries(cases.map((one, index) => [index, this.#operation(one)]))
  }

  #operation(one: Case): Selectable<unknown> {
    if (one.kind === 'after') return after(one.ms)
    const channel = this.channel(one.channel)
    if (one.kind === 'send') return channel.send(one.value)
    return one.kind === 'next' ? channel.next() : channel.receive()
  }

  #outcomeOf(one: Case, result: unknown): string {
    if (one.kind === 'after') return 'time'
    if (one.kind === 'send') {
      this.sent.push(one.value)
      return `sent ${one.value}`
    }
    const { done, value } = one.kind === 'next' ? (result as IteratorResult<number>) : { done: false, value: result }
    if (done === true) return 'closed'
    this.received.push(value as number)
    return `received ${value}`
  }
}

function failure(cases: readonly Case[], error: unknown): string {
  const { code } = error as { code?: string }
  if (code === 'CANCELLED') return 'cancelled'
  if (code === 'CHANNEL_FULL') return 'full'
  // To `next` a closed channel is a result.
  if (code === 'CHANNEL_CLOSED' && cases.some(({ kind }) => kind === 'send' || kind === 'receive')) return 'closed'
  throw error
}

function runProgram(program: Program, order: 'fifo' | 'shuffle'): void {
  const rehearsal = new Rehearsal(program, order)
  const { host, model, scheduler, tasks } = rehearsal
  host.finish()
  throwReported(host)
  model.catchUp()
  rehearsal.validate()
  expect(tasks.map((task) => task.status === 'parked')).toEqual(tasks.map((_, index) => model.attempts.has(index)))

  for (const index of tasks.keys()) {
    rehearsal.cancel(index)
    model.catchUp()
    rehearsal.validate()
  }
  host.finish()
  throwReported(host)
  expect(scheduler.statistics()).toMatchObject({ coroutines: 0, runnable: 0, parked: 0, timers: 0, awaited: 0 })
  expect(host.pending).toBe(0)
  accountForEveryValue(rehearsal, program)
}

/** Also without trust in the model: what was sent is received, once, or still there; nobody stands in a queue. */
function accountForEveryValue({ channels, model, sent, received }: Rehearsal, program: Program): void {
  const left = channels.map(drain)
  expect(left).toEqual(model.channels.map(({ buffer }) => buffer))
  const dropped = model.channels.flatMap((channel) => channel.dropped)
  // A value that was dropped as the latest counts as sent by `send`, and as not sent by `trySend`.
  const accounted = [...received, ...left.flat(), ...dropped]
  expect(new Set(accounted).size).toBe(accounted.length)
  expect(accounted.toSorted(byNumber)).toEqual(sent.toSorted(byNumber))
  for (const [index, channel] of channels.entries()) {
    if (channel.isClosed) continue
    expect(channel.trySend(0)).toBe((program.channels[index] as Shape).capacity > 0)
    expect(channel.tryReceive().status).toBe((program.channels[index] as Shape).capacity > 0 ? 'value' : 'empty')
  }
}

function drain(channel: Channel<number>): number[] {
  const values: number[] = []
  for (let next = channel.tryReceive(); next.status === 'value'; next = channel.tryReceive()) values.push(next.value)
  return values
}

function throwReported(host: VirtualHost): void {
  if (host.reported.length > 0) throw host.reported[0]
}

function byNumber(a: number, b: number): number {
  return a - b
}

it.each(['fifo', 'shuffle'] as const)('random programs do exactly what the reference model says, with %s', (order) => {
  fc.assert(
    fc.property(program, (given) => runProgram(given, order)),
    { seed: 20_260_101, numRuns: 4_000 },
  )
})
