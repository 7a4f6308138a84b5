// Fan-in: one coroutine selects over many channels, each with a sender of its own, until all of them are closed.
//
// Always true of a run:
//   - every message arrives once, and those of one channel in the order in which they were sent;
//   - a channel that has closed is switched off, and the select goes on without it;
//   - a losing case takes nothing: what a select did not choose is there for the next one.

import type { Coroutine, SchedulerStatistics, Scope, Selectable } from '../index.ts'
import { Channel, scope, select } from '../index.ts'
import { assertInvariants, checkedSize, ended, equal } from './invariants.ts'

export interface FanInOptions {
  readonly channels: number
  /** On each channel. */
  readonly messages: number
}

export interface FanInResult extends FanInOptions {
  readonly received: number
  readonly outOfOrder: number
  readonly closed: number
}

/**
 * Receive `messages` messages from each of `channels` channels.
 *
 * @throws RangeError unless both are whole numbers of at least 1; BrokenInvariant
 */
export function* fanIn({ channels, messages }: FanInOptions): Coroutine<FanInResult> {
  checkedSize('channels', channels)
  checkedSize('messages', messages)
  const gathered = yield* scope((senders) => gather({ channels, messages }, senders))
  checkFanIn(gathered)
  return gathered
}

/** Assert what must have come of it and, with the statistics of a scheduler that it had to itself, that all has ended. */
export function checkFanIn(result: FanInResult, statistics?: SchedulerStatistics): void {
  const { channels, messages, received, outOfOrder, closed } = result
  assertInvariants('fan-in', [
    equal('messages received', received, channels * messages),
    equal('messages out of order', outOfOrder, 0),
    equal('channels closed', closed, channels),
    ...ended(statistics, { coroutines: channels, mostResumes: 2 * received + 2 * channels + 10 }),
  ])
}

type Case = Selectable<IteratorResult<number, void>> | null

function* gather({ channels, messages }: FanInOptions, senders: Scope): Coroutine<FanInResult> {
  const open: (Channel<number> | null)[] = Array.from({ length: channels }, () => new Channel<number>())
  for (const channel of open) senders.spawn(sendAll, messages, channel as Channel<number>)
  const lastOf = open.map(() => 0)
  const counted = { received: 0, outOfOrder: 0, closed: 0 }
  while (counted.closed < channels) {
    const cases: Record<number, Case> = open.map((channel) => channel?.next() ?? null)
    const { case: name, value: next } = yield* select(cases)
    const from = Number(name)
    if (next.done === true) {
      open[from] = null
      counted.closed += 1
      continue
    }
    counted.received += 1
    if (next.value !== (lastOf[from] as number) + 1) counted.outOfOrder += 1
    lastOf[from] = next.value
  }
  return { channels, messages, ...counted }
}

function* sendAll(messages: number, to: Channel<number>): Coroutine<void> {
  for (let message = 1; message <= messages; message += 1) yield* to.send(message)
  to.close()
}
