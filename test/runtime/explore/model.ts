// What every operation should do, written as plainly as possible.
//
// A rehearsal tells the model of every step just before the runtime takes it, and of the outcome just after. The model
// knows what must come out: exactly, or, where select may pick, one of a few. It follows from two facts that an
// operation that is ready ends before anything else happens, and that one which is not has parked when it does.

import { ModelBroadcast } from './model-broadcast.ts'
import { ModelChannel } from './model-channel.ts'
import { ModelClock } from './model-clock.ts'
import { ModelScope, type ModelTask, type WaitingRoom } from './model-places.ts'
import { ModelSignal } from './model-signal.ts'
import { ModelTicker } from './model-ticker.ts'
import { gateCount, type Program, subscriptionCount } from './programs.ts'
import { type Attempt, type Beginning, type Case, Waiting } from './waiting.ts'
import { errorInWords, PlannedFailure } from './words.ts'

/** The gate that is no latch. */
const signalGate = gateCount - 1

export class Model implements WaitingRoom {
  readonly clock: ModelClock
  readonly waiting: Waiting
  readonly channels: readonly ModelChannel[]
  readonly broadcast: ModelBroadcast
  readonly signal: ModelSignal
  readonly root: ModelScope
  /** Failures that the host must be told of. */
  readonly reported: unknown[] = []
  /** What supervisors must be told of, in words, and what those that refuse throw at it. */
  readonly told: string[] = []
  readonly refusals: Error[] = []
  acting: ModelTask | null = null
  readonly #ticker: ModelTicker
  readonly #openGates = new Set<number>()

  constructor({ channels, tickMs, broadcastCapacity }: Program, now: () => number) {
    this.clock = new ModelClock(now)
    this.waiting = new Waiting(this.clock, () => this.#ticker.setTimer())
    this.channels = channels.map((shape, index) => new ModelChannel(index, shape, this.waiting))
    this.broadcast = new ModelBroadcast(broadcastCapacity, subscriptionCount)
    this.signal = new ModelSignal(this.waiting, signalGate)
    this.root = new ModelScope(this, this.clock, null, { kind: 'scope', supervise: true })
    this.#ticker = new ModelTicker(this.clock, this.waiting, tickMs)
  }

  channel(index: number): ModelChannel {
    return this.channels[index] as ModelChannel
  }

  /** What `attempt` may come to now, if it need not wait. */
  readyOutcomes({ task, cases, inOrder }: Beginning): string[] {
    const ready = cases.map((one) => this.#peek(one, task)).filter((outcome) => outcome !== null)
    return inOrder ? ready.slice(0, 1) : ready
  }

  /** Do what has come out at once. */
  choose({ task, cases }: Beginning, outcome: string): void {
    this.#apply(cases.find((one) => this.#peek(one, task) === outcome) as Case)
  }

  park(attempt: Attempt): void {
    this.waiting.park(attempt)
    this.signal.parked(attempt)
  }

  /** What one that has parked comes to, asked when its coroutine goes on. */
  outcome({ outcome, batch }: Attempt): string {
    if (batch === null) return outcome ?? 'still waiting'
    // What there is to read is looked at only now: another coroutine may have been the faster one.
    const { subscription, limit } = batch
    return this.#hasEnded(subscription) ? 'closed' : this.broadcast.read(subscription, limit)
  }

  open(gate: number): void {
    this.#openGates.add(gate)
    if (gate === signalGate) this.signal.abort()
    else this.waiting.commitAll((one) => one.kind === 'wait' && one.gate === gate, `passed ${gate}`)
  }

  stopTicker(): void {
    this.#ticker.stop()
  }

  publish(value: number): string {
    const outcome = this.broadcast.publish(value)
    this.#wakeReaders(() => true)
    return outcome
  }

  closeBroadcast(): boolean {
    const wasOpen = this.broadcast.close()
    this.#wakeReaders(() => true)
    return wasOpen
  }

  dispose(subscription: number): void {
    this.broadcast.dispose(subscription)
    this.#wakeReaders((other) => other === subscription)
  }

  // What the tree of places asks.

  interrupt(task: ModelTask): void {
    const attempt = this.waiting.of(task)
    if (attempt !== undefined) this.waiting.commit(attempt, task.cancellation as string)
  }

  wakeJoiners(task: ModelTask): boolean {
    return this.waiting.commitAll((one) => one.kind === 'join' && one.task === task, task.outcome as string)
  }

  report(error: unknown): void {
    this.reported.push(error)
  }

  tellSupervisor(task: ModelTask, error: unknown, refuses: boolean): unknown {
    this.told.push(`task ${task.number}: ${errorInWords(error)}`)
    if (!refuses) return null
    const refusal = new PlannedFailure(this.told.length)
    this.refusals.push(refusal)
    return refusal
  }

  /** What a case would come to now; null if it had to wait. */
  #peek(one: Case, task: ModelTask | null): string | null {
    if (one.kind === 'after') return one.ms <= 0 ? 'time' : null
    if (one.kind === 'wait') return this.#openGates.has(one.gate) ? `passed ${one.gate}` : null
    if (one.kind === 'join') return one.task === task ? 'misuse' : one.task.outcome
    if (one.kind === 'tick') return this.#ticker.peek()
    if (one.kind === 'changed') return this.broadcast.change(one.subscription)
    if (one.kind === 'batch') return this.#peekBatch(one.subscription, one.limit)
    if (one.kind === 'send') return this.channel(one.channel).peekSend(one.value)
    return this.channel(one.channel).peekReceive()
  }

  #peekBatch(subscription: number, limit: number): string | null {
    if (this.broadcast.change(subscription) === null) return null
    return this.#hasEnded(subscription) ? 'closed' : this.broadcast.peek(subscription, limit)
  }

  #hasEnded(subscription: number): boolean {
    return this.broadcast.change(subscription) === 'closed'
  }

  /** Do a case that is ready. */
  #apply(one: Case): void {
    if (one.kind === 'tick') this.#ticker.take()
    else if (one.kind === 'batch' && !this.#hasEnded(one.subscription)) this.broadcast.read(one.subscription, one.limit)
    else if (one.kind === 'send') this.channel(one.channel).send(one.value)
    else if (one.kind === 'receive' || one.kind === 'next') this.channel(one.channel).receive()
  }

  #wakeReaders(concerns: (subscription: number) => boolean): void {
    const isConcerned = (one: Case) => 'subscription' in one && concerns(one.subscription)
    for (const attempt of this.waiting.all(isConcerned)) {
      const one = attempt.cases.find(isConcerned) as Extract<Case, { readonly kind: 'changed' | 'batch' }>
      const outcome = this.broadcast.change(one.subscription)
      if (outcome === null) continue
      if (one.kind === 'batch') attempt.batch = one
      this.waiting.commit(attempt, outcome)
    }
  }
}
