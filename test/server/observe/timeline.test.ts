// The timeline on virtual time: what each second says, and how much is kept.

import { describe, expect, it } from 'vitest'
import { Scheduler } from '../../../runtime/index.ts'
import { VirtualHost } from '../../../runtime/testing/index.ts'
import { DurationHistogram } from '../../../server/observe/duration-histogram.ts'
import { type Readings, Timeline } from '../../../server/observe/timeline.ts'

function rig() {
  const host = new VirtualHost()
  const now: { -readonly [K in keyof Readings]: number } = {
    published: 0,
    delivered: 0,
    requests: 0,
    errors: 0,
    waiting: 0,
    connections: 0,
    coroutines: 0,
    topics: 0,
    rssBytes: 0,
    heapUsedBytes: 0,
  }
  const latency = new DurationHistogram()
  const timeline = new Timeline({
    latency,
    readings: () => ({ ...now }),
    takeLoopDelay: () => ({ p50Ms: 1, p99Ms: 2, maxMs: 3 }),
    clock: () => host.now(),
  })
  const task = new Scheduler({ host }).run(() => timeline.run())
  return { host, now, latency, timeline, task }
}

describe('the timeline', () => {
  it('has a sample for each second, of what happened in it and how things stood at its end', () => {
    const { host, now, latency, timeline } = rig()
    now.published = 10
    now.waiting = 7
    for (const ms of [4, 4, 4, 400]) latency.record(ms)
    host.advance(1_000)
    now.published = 12
    host.advance(1_000)
    expect(timeline.samples).toHaveLength(2)
    const [first, second] = timeline.samples
    expect(first).toMatchObject({ publishedPerSecond: 10, waiting: 7, loopDelayP99Ms: 2, loopDelayMaxMs: 3 })
    expect(first?.latencyP50Ms).toBeGreaterThan(3)
    expect(first?.latencyP50Ms).toBeLessThanOrEqual(4)
    expect(first?.latencyP99Ms).toBeGreaterThan(300)
    expect(second).toMatchObject({ publishedPerSecond: 2, latencyP50Ms: null, latencyP99Ms: null })
    expect(timeline.latest).toBe(second)
    expect(timeline.last(1)).toEqual([second])
  })

  it('keeps ten minutes', () => {
    const { host, now, timeline } = rig()
    for (let second = 1; second <= 605; second += 1) {
      now.waiting = second
      host.advance(1_000)
    }
    expect(timeline.samples).toHaveLength(600)
    expect(timeline.samples[0]?.waiting).toBe(6)
  })

  it('tells listeners of each sample until they are disposed', () => {
    const { host, timeline } = rig()
    const told: unknown[] = []
    {
      using _listening = timeline.onSample((sample) => told.push(sample))
      host.advance(2_000)
    }
    host.advance(2_000)
    expect(told).toEqual(timeline.samples.slice(0, 2))
  })
})
