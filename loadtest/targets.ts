// The targets of the hot path: what must be reached, in figures that are ratios within one run wherever they can be. A scenario
// measures and hands its values in; what becomes of them is told in the table, in the JSON and on the page. A target that is
// missed breaks no invariant.
//
// Where one is missed for a reason that is known, `why` says it, and stands beside it in every report.

export interface Bound {
  readonly what: string
  readonly unit: string
  readonly atMost?: number
  readonly atLeast?: number
  /** Why it is missed, when it is. */
  readonly why?: string
}

const cycle = "Node's streams, the coroutine, the subscription, and what the collector copies of them come on top"

const request = 'the coroutine, the hub and the checks come on top of what bare Fastify does'

const room =
  '9.5 KiB of it are live and 2 the connection in C++; the rest is what V8 has not given back yet: server/quiet-memory.ts'

export const bounds = {
  herdWall: {
    what: 'wall time of the fan-out, in times of nchan',
    unit: '×',
    atMost: 1,
    why: 'the kernel and the generator are most of it, for nchan as for us: see the row of node:net',
  },
  herdOfNchan: {
    what: 'server CPU per client, park and deliver, in times of nchan',
    unit: '×',
    atMost: 1.5,
    why: `half of it is the kernel's, as for nchan; ${cycle}`,
  },
  herdOfFaye: {
    what: 'server CPU per client, park and deliver, in times of faye',
    unit: '×',
    atMost: 0.6,
    why: `half of it is the kernel's; ${cycle}`,
  },
  herdOfCometd: {
    what: 'server CPU per client, park and deliver, in times of CometD',
    unit: '×',
    atMost: 0.6,
    why: `half of it is the kernel's; ${cycle}`,
  },
  memory15000: { what: 'memory added by a parked poll, 15,000 of them', unit: 'KiB', atMost: 16, why: room },
  memory19000: { what: 'memory added by a parked poll, 19,000 of them', unit: 'KiB', atMost: 16, why: room },
  ingest: { what: 'publishes a second, in times of bare Fastify', unit: '×', atLeast: 0.8, why: request },
  ingestTopics: {
    what: 'publishes a second to 20,000 topics, in times of those to one',
    unit: '×',
    atLeast: 0.8,
    why: 'the histories of 20,000 topics are twice the memory, to touch and to mark: see the row',
  },
  news: { what: 'polls that find news a second, in times of bare Fastify', unit: '×', atLeast: 0.8, why: request },
  timers: { what: 'one core, for 19,000 hold time-outs a second', unit: '%', atMost: 2 },
  // The same, but for what two servers side by side differ in anyway.
  manyTopics: { what: 'server CPU per wake-up with 100,000 topics, in times of that with 10', unit: '×', atMost: 1.15 },
  wideParked: {
    what: 'server CPU per poll of 100 topics that waits, in times of one of 1 topic',
    unit: '×',
    atMost: 20,
  },
  wideNews: { what: 'server CPU per poll of 100 topics with news, in times of one of 1 topic', unit: '×', atMost: 20 },
  start: { what: 'from npm start to the first reply, median', unit: 'ms', atMost: 1_000 },
} as const satisfies Readonly<Record<string, Bound>>

export type BoundName = keyof typeof bounds

export interface Target extends Bound {
  /** Undefined when it could not be measured, or no peer ran that it is measured against. */
  readonly value: number | undefined
  readonly verdict: 'met' | 'missed' | 'not judged'
}

export function target(name: BoundName, value: number | undefined): Target {
  return judged(bounds[name], value)
}

export function judged(bound: Bound, value: number | undefined): Target {
  return { ...bound, value, verdict: value === undefined ? 'not judged' : isReached(bound, value) ? 'met' : 'missed' }
}

function isReached({ atMost, atLeast }: Bound, value: number): boolean {
  return (atMost === undefined || value <= atMost) && (atLeast === undefined || value >= atLeast)
}

/** Undefined when one of the two is, or there is nothing to divide by. */
export function ratio(value: number | undefined, of: number | undefined): number | undefined {
  return value === undefined || of === undefined || of === 0 ? undefined : value / of
}
