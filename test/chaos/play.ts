// Plays faults one after the other, and tells of each how long it was felt.

import { setTimeout as wait } from 'node:timers/promises'
import { Random } from '../../runtime/index.ts'
import type { Fault } from './faults.ts'
import { judge, listenedMs, type Verdict } from './ledger.ts'
import type { Kind, Size } from './stage.ts'
import { Stage } from './stage.ts'

interface Felt {
  readonly fault: string
  /** From the first publish that was refused or lost to the last, in milliseconds; 0: none was. */
  readonly refusedMs: number
  readonly refused: number
  /** From acknowledged to heard, of every reader, the longest and the one that 99 of 100 stay below, in milliseconds. */
  readonly longestMs: number
  readonly p99Ms: number
  /** Connections that readers and publishers made in each tenth of a second. */
  readonly herd: readonly number[]
  readonly told: number
}

export interface Played {
  readonly felt: readonly Felt[]
  readonly verdicts: readonly (Verdict & { readonly kind: Kind })[]
}

const herdMs = 100

/** Publishing goes on for so long before a fault and after it, in milliseconds. */
const quietMs = 1_500

export async function play(
  faults: readonly Fault[],
  size: Size,
  seed: number,
  say: (line: string) => void,
): Promise<Played> {
  const random = new Random(seed)
  const felt: Felt[] = []
  const verdicts: (Verdict & { kind: Kind })[] = []
  for (const [kind, some] of Map.groupBy(faults, (fault) => fault.kind)) {
    await using stage = await Stage.set(kind, size)
    // Hundreds of readers take their time to begin, which is not to be taken for that of the first fault.
    await stage.untilPublishing(60_000)
    await stage.calm(60_000)
    await wait(quietMs)
    for (const fault of some) {
      say(`${kind}: ${fault.name}`)
      felt.push(await inflict(fault, stage, random))
    }
    for (const publisher of stage.publishers) await publisher.stop()
    if (!(await stage.calm(40_000))) say(`${kind}: some readers have not heard all of it`)
    verdicts.push({ kind, ...judge(await stage.observations()) })
  }
  return { felt, verdicts }
}

async function inflict(fault: Fault, stage: Stage, random: Random): Promise<Felt> {
  const from = performance.now()
  const connected = stage.balancer.connectedAt.length
  const told = tellings(stage)
  await fault.inflict(stage, random)
  await stage.untilPublishing(fault.withinMs - (performance.now() - from))
  await wait(quietMs)
  await stage.calm(40_000)
  const until = performance.now()
  const troubles = stage.publishers.flatMap((publisher) =>
    publisher.troubles.filter(({ at }) => at >= from && at < until),
  )
  const times = troubles.map(({ at }) => at).sort((a, b) => a - b)
  const delays = delaysSince(stage, from).sort((a, b) => a - b)
  return {
    fault: fault.name,
    refused: troubles.length,
    refusedMs: times.length === 0 ? 0 : (times.at(-1) as number) - (times[0] as number),
    longestMs: delays.at(-1) ?? 0,
    p99Ms: delays[Math.floor(delays.length * 0.99)] ?? 0,
    herd: herdOf(stage.balancer.connectedAt.slice(connected), from, until),
    told: tellings(stage) - told,
  }
}

/** From acknowledged to heard, of all that was acknowledged since. */
function delaysSince({ publishers, readers }: Stage, from: number): number[] {
  const acknowledgedAt = new Map<string, number>()
  for (const { acknowledged } of publishers) {
    for (const { topic, publisher, number, at } of acknowledged) {
      if (at >= from) acknowledgedAt.set(`${topic} ${publisher} ${number}`, at)
    }
  }
  const delays: number[] = []
  for (const { heard, away } of readers) {
    for (const [topic, told] of heard) {
      for (const { publisher, number, at } of told) {
        const acknowledged = acknowledgedAt.get(`${topic} ${publisher} ${number}`)
        if (acknowledged !== undefined) delays.push(Math.max(listenedMs(acknowledged, at, away), 0))
      }
    }
  }
  return delays
}

function tellings({ readers }: Stage): number {
  return readers.reduce((sum, { verdicts }) => sum + verdicts.length, 0)
}

function herdOf(times: readonly number[], from: number, until: number): readonly number[] {
  const counts: number[] = Array(Math.ceil((until - from) / herdMs)).fill(0)
  for (const at of times) {
    const bin = Math.floor((at - from) / herdMs)
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  return counts
}
