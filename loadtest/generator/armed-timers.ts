// What hold time-outs cost: as many coroutines as polls may wait are woken together, round after round, each from a select that
// has a time-out as its second case, or has not. The difference is what arming and cancelling cost.
//
// Rounds come in pairs of one kind, and the first of each pair is measured: it wakes from a select of that kind and parks in
// another of it, so it cancels and arms once for each coroutine, or does neither.

import process from 'node:process'
import { after, type Coroutine, checkpoint, Latch, Scheduler, scope, select } from '../../runtime/index.ts'

export interface TimersPlan {
  readonly waiters: number
  /** With time-outs, and as many without. */
  readonly rounds: number
  readonly holdMs: number
}

export interface TimersMeasured {
  /** Processor time of the whole process in each round, in milliseconds. */
  readonly withMs: readonly number[]
  readonly withoutMs: readonly number[]
  /** Time-outs that ran out instead of being cancelled, timers that are left at the end. */
  readonly ranOut: number
  readonly left: number
}

export async function armAndCancel({ waiters, rounds, holdMs }: TimersPlan): Promise<TimersMeasured> {
  const scheduler = new Scheduler({ deadlock: 'reject' })
  const [withMs, withoutMs]: [number[], number[]] = [[], []]
  const gates = Array.from({ length: 4 * rounds }, () => new Latch())
  const isTimed = (round: number) => Math.floor(round / 2) % 2 === 0
  let [arrived, ranOut] = [0, 0]
  let everybody = new Latch()

  function* waiter(): Coroutine<void> {
    for (const [round, gate] of gates.entries()) {
      arrived += 1
      if (arrived === waiters) everybody.open()
      const quiet = isTimed(round) ? after(holdMs) : null
      const woken = yield* select({ news: gate.wait(), quiet }, { order: 'first' })
      if (woken.case === 'quiet') ranOut += 1
    }
  }

  await scheduler.run(function* (): Coroutine<void> {
    yield* scope(function* (all) {
      for (let at = 0; at < waiters; at += 1) {
        all.spawn(waiter)
        if (at % 1_000 === 0) yield* checkpoint()
      }
      yield* everybody.wait()
      for (const [round, gate] of gates.entries()) {
        everybody = new Latch()
        arrived = 0
        const start = process.cpuUsage()
        gate.open()
        if (round === gates.length - 1) break
        yield* everybody.wait()
        const { user, system } = process.cpuUsage(start)
        if (round % 2 === 0) (isTimed(round) ? withMs : withoutMs).push((user + system) / 1_000)
      }
    })
  }).promise
  return { withMs, withoutMs, ranOut, left: scheduler.statistics().timers }
}
