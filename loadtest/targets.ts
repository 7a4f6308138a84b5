// Targets: what must be reached, in figures that are ratios within one run wherever they can be. A scenario measures and hands
// its values in; what becomes of them stands in the table, in the JSON and on the page. A target that is missed breaks no
// invariant. `why` says why one is missed, where that is known, or why it is not judged.

export interface Bound {
  readonly what: string
  readonly unit: string
  readonly atMost?: number
  readonly atLeast?: number
  readonly why?: string
}

const cycle = "Node's streams, the coroutine, the subscription, and what the collector copies of them come on top"
const request = 'the coroutine, the hub and the checks come on top of what bare Fastify does'
const room =
  '9.5 KiB of it are live and 2 the connection in C++; the rest is what V8 has not given back yet: server/process/quiet-memory.ts'
const kernel = 'the kernel and the generator are most of it, for nchan as for us: see the row of node:net'
const histories = 'the histories of 20,000 topics are twice the memory, to touch and to mark: see the row'

const perClient = 'server CPU per client, park and deliver, in times of'
const reference = 'in times of the reference server of Durable Streams'
const ofHundred = 'server CPU per poll of 100 topics'

export const bounds = {
  herdWall: times('wall time of the fan-out, in times of nchan', { atMost: 1, why: kernel }),
  herdOfNchan: times(`${perClient} nchan`, { atMost: 1.5, why: `half of it is the kernel's, as for nchan; ${cycle}` }),
  herdOfFaye: times(`${perClient} faye`, { atMost: 0.6, why: `half of it is the kernel's; ${cycle}` }),
  herdOfCometd: times(`${perClient} CometD`, { atMost: 0.6, why: `half of it is the kernel's; ${cycle}` }),
  eventsOfNchan: times('server CPU per event delivered to 10,000 readers, in times of nchan', { atMost: 1.5 }),
  memory15000: { what: 'memory added by a parked poll, 15,000 of them', unit: 'KiB', atMost: 16, why: room },
  memory19000: { what: 'memory added by a parked poll, 19,000 of them', unit: 'KiB', atMost: 16, why: room },
  ingest: times('publishes a second, in times of bare Fastify', { atLeast: 0.8, why: request }),
  ingestTopics: times('publishes a second to 20,000 topics, in times of those to one', {
    atLeast: 0.8,
    why: histories,
  }),
  news: times('polls that find news a second, in times of bare Fastify', { atLeast: 0.8, why: request }),
  timers: { what: 'one core, for 19,000 hold time-outs a second', unit: '%', atMost: 2 },
  // The same, but for what two servers side by side differ in anyway.
  manyTopics: times('server CPU per wake-up with 100,000 topics, in times of that with 10', { atMost: 1.15 }),
  wideParked: times(`${ofHundred} that waits, in times of one of 1 topic`, { atMost: 20 }),
  wideNews: times(`${ofHundred} with news, in times of one of 1 topic`, { atMost: 20 }),
  streamsCycle: times(`${reference}: server CPU of a parked poll`, { atMost: 0.5 }),
  streamsMemory: times(`${reference}: memory of a parked poll, warm`, { atMost: 0.4 }),
  streamsAppends: times(`${reference}: appends a second, the least of all numbers of streams`, { atLeast: 1 }),
  streamsCatchUp: times(`${reference}: catching up, in MB a second`, { atLeast: 1 }),
  streamsEvents: times(`${reference}: p99 of readers of events`, { atMost: 0.5 }),
  durablePublish: times(
    'publishes a second to a file, in times of the lower of 0.5 of memory and 0.8 of group commits',
    {
      atLeast: 1,
    },
  ),
  durableDelay: { what: "p99 of the event loop's delay with a file, less that with memory", unit: 'ms', atMost: 5 },
  durableFanOut: times('fan-out to 10,000 with a file, in times of memory', { atMost: 1.1 }),
  durableLive: times('p99 of live deliveries beside a reader that catches up, in times of alone', { atMost: 2 }),
  durableStart: { what: 'start with 100,000 topics and 1 GB of history, median', unit: 'ms', atMost: 2_000 },
  start: { what: 'from npm start to the first reply, median', unit: 'ms', atMost: 1_000 },
} as const satisfies Readonly<Record<string, Bound>>

/** A ratio to another server, or to another size. */
function times(what: string, bound: Omit<Bound, 'what' | 'unit'>): Bound {
  return { what, unit: '×', ...bound }
}

export interface Target extends Bound {
  /** Undefined when it could not be measured, or no peer ran that it is measured against. */
  readonly value: number | undefined
  readonly verdict: 'met' | 'missed' | 'not judged'
}

export function target(name: keyof typeof bounds, value: number | undefined): Target {
  return judged(bounds[name], value)
}

export function judged(bound: Bound, value: number | undefined): Target {
  const { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY } = bound
  const verdict = value === undefined ? 'not judged' : value <= atMost && value >= atLeast ? 'met' : 'missed'
  return { ...bound, value, verdict }
}

export function boundText({ atMost, atLeast, unit }: Bound): string {
  return `${atMost === undefined ? `at least ${atLeast}` : `at most ${atMost.toLocaleString('en-US')}`} ${unit}`
}
