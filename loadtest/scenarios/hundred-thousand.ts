// A hundred thousand polls that wait, over six servers of their own on this one machine, and one publish to each server.

import { fanOutTopic, judgeRound } from '../client/herd-rounds.ts'
import { Publishers } from '../client/publishers.ts'
import { nowMs } from '../measure/clock.ts'
import { Latencies } from '../measure/latencies.ts'
import type { Use } from '../measure/meter.ts'
import { untilQuiet } from '../measure/quiet.ts'
import type { Generator } from '../processes/generator.ts'
import { checkOpenFiles } from '../processes/open-files.ts'
import { arrivals } from '../report/plots.ts'
import { type Ground, loopbackAddresses, type Outcome, type Scenario, type Stage } from '../scenario.ts'
import { browserHeaders } from './memory.ts'

const servers = 6
const clients = 100_000
const quickClients = 12_000
const replyMs = 120_000
const data = { text: 'one message for everybody' }

interface Node {
  readonly ground: Ground
  readonly generator: Generator
  readonly readers: number
  readonly bytesBefore: number | undefined
}

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
  const nodes: Node[] = []
  for (let at = 0; at < servers; at += 1) {
    const readers = Math.floor(total / servers) + (at < total % servers ? 1 : 0)
    checkOpenFiles(readers)
    const ground = await stage.startServer()
    await untilQuiet(stage, ground)
    const bytesBefore = ground.meter.serverBytes
    nodes.push({ ground, generator: ground.startGenerator(), readers, bytesBefore })
  }
  stage.show(`${total} readers connect and wait`)
  const parking = usesOf(nodes)
  await Promise.all(nodes.map(open))
  // On a busy machine the first have been answered, because their time was up, before the last have come.
  await Promise.all(nodes.map(({ generator }) => generator.order('again', Number.POSITIVE_INFINITY)))
  for (const { ground } of nodes) await untilQuiet(stage, ground, replyMs)
  const park = parking()
  const added = sum(nodes.map(({ ground, bytesBefore }) => minus(ground.meter.serverBytes, bytesBefore)))
  stage.show('one publish to each server')
  const delivering = usesOf(nodes)
  const startMs = nowMs()
  const answered = await Promise.all(nodes.map(publishAndCollect))
  const deliver = delivering()

  const latencies = answered.flatMap(({ arrivedMs }) => [...arrivedMs].map((ms) => ms - startMs))
  const wallMs = latencies.reduce((most, ms) => Math.max(most, ms), 0)
  const cpuEach = (uses: readonly Use[]) => {
    const ms = sum(uses.map(({ server }) => server?.cpuMs))
    return ms && (ms * 1_000) / total
  }
  // The row can show only one server: the one that worked most.
  const use = deliver.toSorted((a, b) => (b.server?.cpuMs ?? 0) - (a.server?.cpuMs ?? 0))[0]
  const row = { label: 'hundred-thousand', what: 'deliveries', count: latencies.length, seconds: wallMs / 1_000 }
  return {
    complaints: answered.flatMap(({ complaints }) => complaints),
    rows: [{ ...row, latency: Latencies.of(latencies).summary(), use }],
    details: [
      { label: 'polls that waited', value: total, unit: '' },
      { label: 'from the first publish to the last reply', value: wallMs, unit: 'ms' },
      { label: 'CPU of all servers per client, to connect and park', value: cpuEach(park), unit: 'µs' },
      { label: 'CPU of all servers per client, to deliver', value: cpuEach(deliver), unit: 'µs' },
      { label: 'memory of all servers added by each client', value: added && added / total / 1_024, unit: 'KiB' },
      {
        label: 'from the first connection to the last poll parked',
        value: Math.max(...park.map(({ wallMs }) => wallMs)),
        unit: 'ms',
      },
    ],
    plots: [arrivals('Replies after the first publish', latencies)],
  }
}

function open({ ground: { server }, generator, readers }: Node): Promise<unknown> {
  const place = { origin: server.origin, topics: [fanOutTopic], readersPerTopic: readers }
  return generator.order('open', {
    ...place,
    localAddresses: loopbackAddresses,
    headers: browserHeaders,
    isParking: true,
  })
}

async function publishAndCollect({ ground: { server }, generator, readers }: Node, at: number) {
  using publisher = new Publishers(server.origin, 'encke', 1)
  const collecting = generator.order('collect', replyMs)
  const [{ reply }, collected] = await Promise.all([publisher.publish(fanOutTopic, JSON.stringify(data)), collecting])
  const { waiting } = JSON.parse(reply.body) as { waiting: number }
  const complaints = judgeRound({ readers, offset: 1, data, waiting, ...collected })
  return { arrivedMs: collected.arrivedMs, complaints: complaints.map((text) => `server ${at + 1}: ${text}`) }
}

/** Begins a stretch at every server, and gives what ends them all. */
function usesOf(nodes: readonly Node[]): () => Use[] {
  const stretches = nodes.map(({ ground }) => ground.meter.begin())
  return () => stretches.map((stretch) => stretch.end())
}

function minus(after: number | undefined, before: number | undefined): number | undefined {
  return after === undefined || before === undefined ? undefined : after - before
}

function sum(values: readonly (number | undefined)[]): number | undefined {
  return values.some((value) => value === undefined)
    ? undefined
    : (values as number[]).reduce((all, one) => all + one, 0)
}
