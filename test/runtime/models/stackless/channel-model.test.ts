// Random programs of several tasklets over two channels, step by step against the reference.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Coroutine, Operation } from '../../../../runtime/index.ts'
import { Cancelled, ChannelClosed, VirtualHost } from '../../../../runtime/index.ts'
import type { Preference, StacklessThread, Tasklet } from '../../../../runtime/models/stackless.ts'
import { Channel, stackless, TaskletExit } from '../../../../runtime/models/stackless.ts'
import type { Outcome, Parcel, Pending } from './reference-channel.ts'
import { ReferenceChannel } from './reference-channel.ts'

type Transfer = 'send' | 'sendException' | 'receive'

type Configuration =
  | { readonly do: 'close' | 'open'; readonly channel: number }
  | {
      readonly do: 'prefer'
      readonly channel: number
      readonly preference: Preference
      readonly scheduleAll: boolean
    }

type Step =
  | { readonly do: Transfer; readonly channel: number }
  | Configuration
  | { readonly do: 'kill' | 'raise'; readonly tasklet: number }
  | { readonly do: 'schedule' }

const channels = 2
const mostTasklets = 5
const channel = fc.nat(channels - 1)
const tasklet = fc.nat(mostTasklets - 1)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('send', 'receive'), channel }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sendException'), channel }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('close', 'open'), channel }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('prefer'),
      channel,
      preference: fc.constantFrom<Preference>(-1, 0, 1),
      scheduleAll: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('kill', 'raise'), tasklet }) },
  { weight: 1, arbitrary: fc.constant({ do: 'schedule' } as const) },
)

const scripts = fc.array(fc.array(step, { maxLength: 10 }), { minLength: 1, maxLength: mostTasklets })

/** A program that runs on the model and on the reference at once. */
class Rehearsal {
  readonly channels = Array.from({ length: channels }, (_, index) => new Channel<number>(`channel ${index}`))
  readonly references = this.channels.map(() => new ReferenceChannel())
  readonly tasklets: Tasklet[]
  readonly #thread: StacklessThread
  /** What was thrown into each tasklet and is still to come out of one of its operations. */
  readonly #thrown: unknown[][]
  #lastValue = 0

  constructor(thread: StacklessThread, scripts: readonly (readonly Step[])[]) {
    this.#thread = thread
    this.#thrown = scripts.map(() => [])
    this.tasklets = scripts.map((script, index) => thread.tasklet(() => this.#perform(index, script))())
  }

  validate(): void {
    for (const [index, channel] of this.channels.entries()) {
      channel.validate()
      const reference = this.references[index] as ReferenceChannel
      const { balance, closing } = reference
      const closed = closing && balance === 0
      expect([channel.balance, channel.closing, channel.closed]).toEqual([balance + 0, closing, closed])
    }
    const waiting = this.references.flatMap(({ queue }) => queue.map(({ tasklet }) => tasklet))
    expect(this.tasklets.flatMap(({ blocked }, index) => (blocked ? [index] : []))).toEqual(waiting.toSorted())
  }

  *#perform(index: number, script: readonly Step[]): Coroutine<void> {
    for (const step of script) {
      if (!(yield* this.#take(index, step))) return
      this.validate()
      const others = this.tasklets.filter(({ isAlive, blocked }) => isAlive && !blocked).length
      // Main waits in `run`, unless somebody has failed.
      expect(this.#thread.getRunCount() - others).toBe(Number(this.#thread.getMain().scheduled))
    }
  }

  /** Take one step, and say whether the tasklet goes on after it. */
  *#take(index: number, step: Step): Coroutine<boolean> {
    switch (step.do) {
      case 'send':
      case 'sendException':
      case 'receive':
        return yield* this.#transfer(index, step.do, step.channel)
      case 'kill':
      case 'raise':
        return yield* this.#throw(index, step.do, step.tasklet)
      case 'schedule':
        return yield* this.#schedule(index)
      default:
        this.#configure(step)
        return true
    }
  }

  *#transfer(index: number, kind: Transfer, at: number): Coroutine<boolean> {
    this.#lastValue += 1
    const value = this.#lastValue
    const error = `exception ${value}`
    const parcel = kind === 'send' ? { value, isException: false } : { value: error, isException: true }
    const channel = this.channels[at] as Channel<number>
    const operation =
      kind === 'send' ? channel.send(value) : kind === 'receive' ? channel.receive() : channel.sendException(error)
    const expected = this.#expect(index, at, kind === 'receive' ? null : parcel)
    const outcome = yield* this.#outcome(operation, kind === 'receive')
    expect(outcome).toEqual(expected.outcome)
    return !isExit(outcome)
  }

  /** What the reference expects of a transfer: what is to be thrown into the tasklet comes first. */
  #expect(index: number, at: number, parcel: Parcel | null): Pending {
    const thrown = this.#thrown[index]?.shift()
    if (thrown === undefined) return (this.references[at] as ReferenceChannel).begin(index, parcel)
    return { tasklet: index, parcel, outcome: { kind: 'thrown', error: thrown } }
  }

  *#throw(index: number, kind: 'kill' | 'raise', target: number): Coroutine<boolean> {
    const tasklet = this.tasklets[target]
    if (tasklet === undefined) return true
    const own = this.#thrown[index]?.shift()
    const error = kind === 'kill' ? new TaskletExit() : `raised ${(this.#lastValue += 1)}`
    const isAlive = tasklet.isAlive
    if (own === undefined && isAlive && target !== index) this.#throwIntoReference(target, error)
    const operation = tasklet.raiseException(error)
    const outcome = yield* this.#outcome(operation, false)
    if (own !== undefined) expect(outcome).toEqual({ kind: 'thrown', error: own })
    else if (target === index) expect(outcome).toEqual({ kind: 'thrown', error })
    else if (isAlive || kind === 'kill') expect(outcome.kind).toBe('sent')
    else expect(outcome).toMatchObject({ kind: 'thrown', error: { code: 'MISUSE' } })
    return !isExit(outcome)
  }

  #throwIntoReference(target: number, error: unknown): void {
    for (const reference of this.references) {
      const pending = reference.remove(target)
      if (pending === undefined) continue
      pending.outcome = { kind: 'thrown', error }
      return
    }
    this.#thrown[target]?.push(error)
  }

  *#schedule(index: number): Coroutine<boolean> {
    const before = this.#thrown[index]?.shift()
    const outcome = yield* this.#outcome(this.#thread.schedule(), false)
    const thrown = before ?? this.#thrown[index]?.shift()
    expect(outcome).toEqual(thrown === undefined ? { kind: 'sent' } : { kind: 'thrown', error: thrown })
    return !isExit(outcome)
  }

  #configure(step: Configuration): void {
    const channel = this.channels[step.channel] as Channel<number>
    if (step.do === 'prefer') {
      channel.preference = step.preference
      channel.scheduleAll = step.scheduleAll
    } else {
      channel[step.do]()
      ;(this.references[step.channel] as ReferenceChannel).closing = step.do === 'close'
    }
  }

  *#outcome(operation: Operation<unknown>, receives: boolean): Coroutine<Outcome> {
    try {
      const value = yield* operation
      return receives ? { kind: 'received', value } : { kind: 'sent' }
    } catch (error) {
      if (error instanceof Cancelled) throw error
      return error instanceof ChannelClosed ? { kind: 'closed' } : { kind: 'thrown', error }
    }
  }
}

function isExit(outcome: Outcome): boolean {
  return outcome.kind === 'thrown' && outcome.error instanceof TaskletExit
}

function play(scripts: readonly (readonly Step[])[], order: 'fifo' | 'shuffle', seed: number): void {
  const host = new VirtualHost()
  const channels: Channel<number>[] = []
  let failure: unknown = null
  host.scheduler({ order, seed }).run(function* () {
    try {
      yield* stackless((thread) => rehearse(thread, scripts, channels))
    } catch (error) {
      failure = error
    }
  })
  host.finish()
  if (failure !== null) throw failure
  expect(host.reported).toEqual([])
  // The tasklets that were left were killed, and have left their channels.
  for (const channel of channels) {
    channel.validate()
    expect(channel.balance).toBe(0)
  }
}

function* rehearse(
  thread: StacklessThread,
  scripts: readonly (readonly Step[])[],
  channels: Channel<number>[],
): Coroutine<void> {
  const rehearsal = new Rehearsal(thread, scripts)
  channels.push(...rehearsal.channels)
  for (;;) {
    try {
      yield* thread.run()
      break
    } catch (error) {
      if (!isUnheard(error)) throw error
    }
  }
  expect(rehearsal.tasklets.every(({ isAlive, blocked }) => blocked || !isAlive)).toBe(true)
  rehearsal.validate()
}

/** What main may hear of: exceptions that were thrown into tasklets that never met them. */
function isUnheard(error: unknown): boolean {
  return typeof error === 'string' || (error instanceof SuppressedError && isUnheard(error.error))
}

it.each(['fifo', 'shuffle'] as const)('channels do what the reference says, in %s order', (order) => {
  fc.assert(
    fc.property(scripts, fc.nat(), (scripts, seed) => play(scripts, order, seed)),
    { numRuns: 1_000, seed: 20_260_701 },
  )
})
