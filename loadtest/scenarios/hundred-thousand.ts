// A hundred thousand polls that wait, over six servers of their own on this one machine, and one publish to each server.

import { fanOutTopic, herdRounds } from '../client/herd-rounds.ts'
import { Latencies } from '../measure/latencies.ts'
import type { Use } from '../measure/meter.ts'
import { untilQuiet } from '../measure/quiet.ts'
import { checkOpenFiles } from '../processes/open-files.ts'
import { arrivals } from '../report/plots.ts'
import type { Ground, Outcome, Scenario, Stage } from '../scenario.ts'
import { browserHeaders } from './memory.ts'

const servers = 6
const clients = 100_000
const quickClients = 12_000

export const hundredThousand: Scenario = {
  name: 'hundred-thousand',
  title: '100,000 polls with the headers of a browser that wait on six servers, and one publish to each',
  invariant: 'Each of the polls gets one reply: with the message of its server, and with nothing else.',
  note: 'Six servers that know nothing of each other, each with its generator, all on the cores of this machine; 12,000 polls in all with --quick. CPU and memory are those of all servers together. Wall time is from the first publish to the last reply of all.',
  longestMs: 600_000,
  run,
}

async function run(stage: Stage): Promise<Outcome> {
  const total = stage.isQuick ? quickClients : clients
  const readers = Math.ceil(total / servers)
  checkOpenFiles(readers)
  const grounds: Ground[] = []
  while (grounds.length < servers) {
    const ground = await stage.startServer()
    await untilQuiet(stage, ground)
    grounds.push(ground)
  }
  // Each is published to once the polls of all of them wait.
  const everybodyWaits = barrier(servers)
  const plan = { topics: [fanOutTopic], readers, rounds: 1, warmUps: 0, headers: browserHeaders }
  const runs = await Promise.all(
    grounds.map((ground) => herdRounds(stage, ground, { ...plan, show: stage.show, beforePublish: everybodyWaits })),
  )
  const rounds = runs.map(({ rounds: [round] }) => round!)
  const latencies = rounds.flatMap(({ publishedMs, latencies }) => {
    const lateMs = publishedMs - Math.min(...rounds.map((round) => round.publishedMs))
    return latencies.map((ms) => ms + lateMs)
  })
  const wallMs = latencies.reduce((most, ms) => Math.max(most, ms), 0)
  const [connect, park, deliver] = [
    runs.map(({ connect }) => connect),
    rounds.map(({ park }) => park),
    rounds.map(({ deliver }) => deliver),
  ]
  const each = (value: number | undefined, unit: number) => value && (value * unit) / (readers * servers)
  const cpuMs = (uses: readonly Use[]) => sum(uses.map(({ server }) => server?.cpuMs))
  // The row can show only one server: the one that worked most.
  const use = deliver.toSorted((a, b) => (b.server?.cpuMs ?? 0) - (a.server?.cpuMs ?? 0))[0]
  const row = { label: 'hundred-thousand', what: 'deliveries', count: latencies.length, seconds: wallMs / 1_000 }
  const slowest = Math.max(...connect.map(({ wallMs }, at) => wallMs + park[at]!.wallMs))
  return {
    complaints: rounds.flatMap(({ complaints }, at) => complaints.map((text) => `server ${at + 1}: ${text}`)),
    rows: [{ ...row, latency: Latencies.of(latencies).summary(), use }],
    details: [
      { label: 'polls that waited', value: readers * servers, unit: '' },
      { label: 'from the first publish to the last reply', value: wallMs, unit: 'ms' },
      {
        label: 'CPU of all servers per client, to connect and park',
        value: each(cpuMs([...connect, ...park]), 1_000),
        unit: 'µs',
      },
      { label: 'CPU of all servers per client, to deliver', value: each(cpuMs(deliver), 1_000), unit: 'µs' },
      {
        label: 'memory of all servers added by each client',
        value: each(sum(runs.map(({ bytesEach }) => bytesEach && bytesEach * readers)), 1 / 1_024),
        unit: 'KiB',
      },
      { label: 'from the first connection to the last poll parked', value: slowest, unit: 'ms' },
    ],
    plots: [arrivals('Replies after the first publish', latencies)],
  }
}

/** Gives what lets nobody pass before `count` have come. */
function barrier(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let come = 0
  return () => {
    come += 1
    if (come === count) resolve()
    return promise
  }
}

function sum(values: readonly (number | undefined)[]): number | undefined {
  return values.includes(undefined) ? undefined : (values as number[]).reduce((all, one) => all + one, 0)
}
