// Ring: stations in a circle pass tokens on, each to the next one, until every token has made its laps.
//
// Always true of a run:
//   - there are fewer tokens than stations: with a token in every hand nobody could take one, and all would wait for ever;
//   - a token counts its hops down, and the station where it comes to none takes it out;
//   - every token visits every station once a lap.

import type { Coroutine, SchedulerStatistics, Scope } from '../index.ts'
import { Channel, scope } from '../index.ts'
import { assertInvariants, checkedSize, ended, equal } from './invariants.ts'

export interface RingOptions {
  readonly stations: number
  /** Fewer than stations. */
  readonly tokens: number
  readonly laps: number
}

export interface RingResult extends RingOptions {
  readonly hops: number
  readonly fewestVisits: number
  readonly mostVisits: number
}

/**
 * Pass the tokens round.
 *
 * @throws RangeError unless all are whole numbers of at least 1, and stations are more than tokens; BrokenInvariant
 */
export function* ring(options: RingOptions): Coroutine<RingResult> {
  const tokens = checkedSize('tokens', options.tokens)
  const stations = checkedSize('stations', options.stations, tokens + 1)
  const laps = checkedSize('laps', options.laps)
  const visits = new Array<number>(stations).fill(0)
  yield* scope((circle) => passRound(options, visits, circle))
  const hops = visits.reduce((sum, count) => sum + count, 0)
  const result = { stations, tokens, laps, hops, fewestVisits: Math.min(...visits), mostVisits: Math.max(...visits) }
  checkRing(result)
  return result
}

/** Assert what must have come of it and, with the statistics of a scheduler that it had to itself, that all has ended. */
export function checkRing(result: RingResult, statistics?: SchedulerStatistics): void {
  const { stations, tokens, laps, hops, fewestVisits, mostVisits } = result
  assertInvariants('ring', [
    equal('hops', hops, stations * tokens * laps),
    equal('the fewest visits to a station', fewestVisits, tokens * laps),
    equal('the most visits to a station', mostVisits, tokens * laps),
    ...ended(statistics, { coroutines: stations, mostResumes: 2 * (hops + stations + tokens) + 10 }),
  ])
}

function* passRound({ stations, tokens, laps }: RingOptions, visits: number[], circle: Scope): Coroutine<void> {
  const inlets = Array.from({ length: stations }, () => new Channel<number>())
  // With room for all: a station that had to wait to hand one in would hold up the ring behind it.
  const finished = new Channel<void>(tokens)
  for (let at = 0; at < stations; at += 1) circle.spawn(station, at, inlets, finished, visits)
  for (let token = 0; token < tokens; token += 1) yield* (inlets[token] as Channel<number>).send(laps * stations)
  for (let token = 0; token < tokens; token += 1) yield* finished.receive()
  for (const inlet of inlets) inlet.close()
}

function* station(
  at: number,
  inlets: readonly Channel<number>[],
  finished: Channel<void>,
  visits: number[],
): Coroutine<void> {
  const inlet = inlets[at] as Channel<number>
  const outlet = inlets[(at + 1) % inlets.length] as Channel<number>
  for (let token = yield* inlet.next(); token.done !== true; token = yield* inlet.next()) {
    visits[at] = (visits[at] as number) + 1
    if (token.value > 1) yield* outlet.send(token.value - 1)
    else yield* finished.send()
  }
}
