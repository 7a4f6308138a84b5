// A phase: messages offered at a fixed rate while something else lasts, and the latencies of those that were due in it.

import type { Followed } from '../generator/orders.ts'
import { nowMs } from '../measure/clock.ts'
import { Latencies } from '../measure/latencies.ts'
import type { Meter, Use } from '../measure/meter.ts'
import type { FaultCounts } from './faults.ts'
import { Offering, type OfferPlan } from './offering.ts'

export interface Phase {
  readonly startMs: number
  readonly endMs: number
  readonly published: number
  /** How late the publisher itself was. */
  readonly lateness: Latencies
  readonly faults: FaultCounts
  readonly use: Use
}

/** @throws what `work` throws */
export async function offerWhile(meter: Meter, plan: OfferPlan, work: () => Promise<unknown>): Promise<Phase> {
  const stretch = meter.begin()
  const startMs = nowMs()
  const offering = new Offering(plan)
  const endMs = await work()
    .then(nowMs)
    .finally(() => offering.pause())
  const { published, lateness, faults } = await offering.stop()
  return { startMs, endMs, published, lateness, faults: faults.counts, use: stretch.end() }
}

export function latenciesDue(
  { dueMs, arrivedMs }: Pick<Followed, 'dueMs' | 'arrivedMs'>,
  { startMs, endMs }: Pick<Phase, 'startMs' | 'endMs'>,
): Latencies {
  const latencies = new Latencies()
  dueMs.forEach((due, at) => {
    if (due >= startMs && due < endMs) latencies.record(arrivedMs[at]! - due)
  })
  return latencies
}
