// The metrics: one table, which docs/operations.md lists in both directions (test/server/observe/metrics.test.ts).

import type { Scheduler } from '../../runtime/index.ts'
import { type ErrorCode, errorTable } from '../errors.ts'
import type { Draining } from '../http/draining.ts'
import type { Hub } from '../hub/index.ts'
import { brokerOperations } from './broker-times.ts'
import type { MetricRow, Reading } from './metric.ts'
import type { Observations } from './observations.ts'

/** What metrics are read from. */
export interface MetricSources {
  readonly observations: Observations
  readonly hub: Hub
  readonly scheduler: Scheduler
  readonly draining: Draining
  readonly version: string
}

const codes = Object.keys(errorTable) as ErrorCode[]

/** Scrapes are 15 to 60 s apart: a second in between that was bad should not be missed by most of them. */
const delaySeconds = 15

export function metricRows(sources: MetricSources): readonly MetricRow[] {
  return [
    ...messageRows(sources),
    ...requestRows(sources),
    ...brokerRows(sources),
    ...runtimeRows(sources),
    ...processRows(sources),
  ]
}

function messageRows({ hub, observations }: MetricSources): MetricRow[] {
  return [
    counter('encke_published_total', 'Messages published through this node.', () => hub.statistics().published),
    counter('encke_delivered_total', 'Messages handed to readers by this node.', () => hub.statistics().delivered),
    counter(
      'encke_verdicts_total',
      'Topics in replies with news, by what their readers were told: `ok`, `gap` (history was trimmed past the cursor), `reset` (the cursor belongs to no message).',
      () => Object.entries(hub.verdicts).map(([verdict, count]) => [{ verdict }, count]),
      ['verdict'],
    ),
    counter('encke_missed_total', 'Messages that readers were told they have missed.', () => hub.missed),
    {
      name: 'encke_delivery_seconds',
      kind: 'histogram',
      labels: [],
      about:
        'From publish to written on this node, one for each reply with news, or piece of an event stream, to a reader that waited, by the oldest of its messages. With Redis it begins when the message comes from there.',
      read: () => [{ labels: {}, durations: observations.latency }],
    },
  ]
}

function requestRows({ hub, observations: { traffic }, draining }: MetricSources): MetricRow[] {
  return [
    gauge('encke_waiting', 'Requests that wait for news.', () => hub.statistics().waiting),
    gauge('encke_connections', 'Open connections; 0 in an application of others.', () => traffic.connections),
    counter('encke_requests_total', 'Requests, those of the fast path included.', () => traffic.requests),
    counter('encke_fast_path_total', 'Polls and publishes that began on the fast path.', () => traffic.repeats),
    counter(
      'encke_errors_total',
      'Replies that were errors, by their code.',
      () => codes.map((code) => [{ code }, traffic.errors.get(code) ?? 0] as const),
      ['code'],
    ),
    counter('encke_tokens_refused_total', 'Requests refused for a key or a token, missing or wrong (401).', () =>
      [...traffic.errors].reduce((sum, [code, count]) => sum + (errorTable[code].statusCode === 401 ? count : 0), 0),
    ),
    gauge('encke_draining', '1 while the server sends its clients away, else 0.', () => Number(draining.begun.isOpen)),
  ]
}

function brokerRows({ hub, observations: { brokerTimes } }: MetricSources): MetricRow[] {
  return [
    gauge('encke_broker_healthy', '1 while the broker is well, else 0.', () => Number(hub.broker.health.isOk)),
    {
      name: 'encke_broker_operation_seconds',
      kind: 'histogram',
      labels: ['operation'],
      about: `How long the broker took, by operation: ${brokerOperations.map((name) => `\`${name}\``).join(', ')}.`,
      read: () =>
        brokerOperations.map((operation) => ({ labels: { operation }, durations: brokerTimes[operation].took })),
    },
    counter(
      'encke_broker_failures_total',
      'Operations of the broker that failed or were given up, by operation.',
      () => brokerOperations.map((operation) => [{ operation }, brokerTimes[operation].failed]),
      ['operation'],
    ),
    gauge('encke_topics', 'Topics that the broker holds in this process.', () => hub.statistics().topics),
    gauge('encke_messages', 'Messages in their histories.', () => hub.statistics().messages),
    gauge('encke_history_bytes', 'Bytes of message data in their histories.', () => hub.statistics().bytes),
  ]
}

function runtimeRows({ scheduler }: MetricSources): MetricRow[] {
  return [
    gauge(
      'encke_coroutines',
      'Coroutines, by what they do: `parked` or `runnable`.',
      () => {
        const { parked, runnable } = scheduler.statistics()
        return [
          [{ state: 'parked' }, parked],
          [{ state: 'runnable' }, runnable],
        ]
      },
      ['state'],
    ),
    gauge('encke_coroutine_timers', 'Timers that coroutines have set.', () => scheduler.statistics().timers),
    counter('encke_coroutine_resumes_total', 'Steps of coroutines.', () => scheduler.statistics().resumes),
  ]
}

function processRows({ observations, version }: MetricSources): MetricRow[] {
  return [
    gauge(
      'encke_event_loop_delay_seconds',
      `How late the event loop was in the worst of the last ${delaySeconds} seconds: \`p50\`, \`p99\` and \`max\` of its timers.`,
      () => loopDelay(observations),
      ['kind'],
    ),
    counter(
      'encke_event_loop_active_seconds_total',
      'Time in which the event loop had something to do: its rate is how busy the process is, of 1.',
      () => observations.eventLoop.activeSeconds,
    ),
    counter(
      'encke_cpu_seconds_total',
      'Processor time of the process, by mode: `user`, `system`.',
      () => {
        const { user, system } = process.cpuUsage()
        return [
          [{ mode: 'user' }, user / 1e6],
          [{ mode: 'system' }, system / 1e6],
        ]
      },
      ['mode'],
    ),
    gauge(
      'encke_memory_bytes',
      'Memory of the process, by kind: `rss`, `heap_used`, `heap_total`, `external`.',
      () => {
        const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
        const kinds = { rss, heap_used: heapUsed, heap_total: heapTotal, external }
        return Object.entries(kinds).map(([kind, bytes]) => [{ kind }, bytes])
      },
      ['kind'],
    ),
    gauge(
      'encke_start_time_seconds',
      'When the process started, in seconds since 1970.',
      () => performance.timeOrigin / 1_000,
    ),
    gauge(
      'encke_build_info',
      '1, with the version of Encke and of Node.',
      () => [[{ version, node: process.versions.node }, 1]],
      ['version', 'node'],
    ),
  ]
}

function loopDelay({ timeline }: Observations): Reading {
  const samples = timeline.last(delaySeconds)
  const worst = (of: (sample: (typeof samples)[number]) => number) => Math.max(0, ...samples.map(of)) / 1_000
  return [
    [{ kind: 'p50' }, worst(({ loopDelayP50Ms }) => loopDelayP50Ms)],
    [{ kind: 'p99' }, worst(({ loopDelayP99Ms }) => loopDelayP99Ms)],
    [{ kind: 'max' }, worst(({ loopDelayMaxMs }) => loopDelayMaxMs)],
  ]
}

function counter(
  name: MetricRow['name'],
  about: string,
  read: () => number | Reading,
  labels: readonly string[] = [],
): MetricRow {
  return { name, kind: 'counter', labels, about, read }
}

function gauge(
  name: MetricRow['name'],
  about: string,
  read: () => number | Reading,
  labels: readonly string[] = [],
): MetricRow {
  return { name, kind: 'gauge', labels, about, read }
}
