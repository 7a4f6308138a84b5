// Memory: what a poll that waits adds to the server, as the operating system counts it.

import { complaintsOf } from '../client/faults.ts'
import { Publishers } from '../client/publishers.ts'
import { type Contender, fieldOf, ours } from '../contenders.ts'
import { untilQuiet } from '../measure/quiet.ts'
import { checkOpenFiles } from '../processes/child.ts'
import type { Generator } from '../processes/generator.ts'
import { detail } from '../report/figures.ts'
import { namedBars } from '../report/plots.ts'
import {
  type Ground,
  loopbackAddresses,
  type Outcome,
  pause,
  type Row,
  type Scenario,
  type Stage,
} from '../scenario.ts'
import { target } from '../targets.ts'

const sizes = [15_000, 19_000]
const quickSizes = [15_000]
/** Each holds half of the connections: it has its own limit of open files, and it shall not be the bottleneck. */
const generators = 2
/** Before each reading, of the server alone and with its polls: what it lets go by then is gone. */
const usualSettleMs = 8_000
const roundMs = 60_000
const topic = 'load/memory'

/** What Chrome sends with a fetch of a page of the same site: 790 bytes. */
export const browserHeaders = {
  Connection: 'keep-alive',
  'sec-ch-ua-platform': '"Windows"',
  'Cache-Control': 'no-cache',
  Pragma: 'no-cache',
  'User-Agent':
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  Accept: 'application/json',
  'sec-ch-ua': '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"',
  'sec-ch-ua-mobile': '?0',
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-Mode': 'cors',
  'Sec-Fetch-Dest': 'empty',
  Referer: 'http://chat.example.org/rooms/comets?view=compact',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Accept-Language': 'en-GB,en;q=0.9,de-DE;q=0.8,de;q=0.7',
  Cookie:
    'session=s%3AqJ0yUu0c1VtQ3w4mXw9k2bYdT7nR5eLh.8mZr1n5Kx0VbC2sD4fG6hJ8kL0pQ; theme=dark; _ga=GA1.1.1234567890.1700000000',
}

interface MemoryReading {
  readonly label: string
  readonly kibibytesEach: number | undefined
  readonly row: Row
}

export const memory: Scenario = {
  name: 'memory',
  title: '15,000 and 19,000 polls with the headers of a browser that wait, ours and bare Fastify',
  invariant: 'All polls are accepted and still wait when the memory is read.',
  note: 'VmRSS 8 s after the last poll, less that of the server 8 s after its start, divided by the number of polls, with the flags of npm start; no collection is forced. A KiB is what the kernel writes as kB.',
  peers: ['Fastify'],
  longestMs: 400_000,
  run,
}

async function run(stage: Stage): Promise<Outcome> {
  const wanted = stage.isQuick ? quickSizes : sizes
  for (const size of wanted) checkOpenFiles(size)
  const { contenders, skipped } = fieldOf(stage, memory)
  const readings: MemoryReading[] = []
  for (const size of wanted) {
    for (const contender of contenders) readings.push(await readingOf(stage, contender, size))
  }
  const each = new Map(readings.map(({ label, kibibytesEach }) => [label, kibibytesEach]))
  const oursAt = (size: number) => each.get(labelOf(ours, size))
  return {
    complaints: [],
    rows: readings.map(({ row }) => row),
    details: [...each].map(([label, value]) => detail(`${label}, each adds`, value, 'KiB')),
    plots: [namedBars('Memory added by each poll that waits', 'KiB', each)],
    targets: [target('memory15000', oursAt(15_000)), target('memory19000', oursAt(19_000))],
    skipped,
  }
}

/**
 * What a poll adds.
 *
 * @param rounds before that each poll is answered and comes again so many times, over the same connection
 * @throws Error when a poll is refused, or answered while it should wait
 */
export async function readingOf(
  stage: Stage,
  { name, start }: Contender,
  size: number,
  settleMs = usualSettleMs,
  rounds = 0,
): Promise<MemoryReading> {
  const label = labelOf(name, size)
  await using ground = await start()
  const { server, meter } = ground
  await untilQuiet(stage, ground)
  // What a start leaves behind, 50 MB, is given back seconds later: polls would seem to need that much less.
  stage.show(`${label}: the server settles`)
  await pause(settleMs)
  const before = meter.serverBytes
  stage.show(`${label}: they connect`)
  const stretch = meter.begin()
  const herds = Array.from({ length: generators }, () => ground.startGenerator())
  const place = { topics: [topic], readersPerTopic: size / generators, localAddresses: loopbackAddresses }
  const headers = { ...browserHeaders, ...server.subject.headers }
  const plan = { ...place, origin: server.origin, dialect: server.subject.dialect, headers }
  await Promise.all(herds.map((herd) => herd.order('open', plan)))
  await Promise.all(herds.map((herd) => herd.order('park')))
  await untilQuiet(stage, ground)
  for (let round = 1; round <= rounds; round += 1) {
    stage.show(`${label}: they are answered and come again, ${round} of ${rounds}`)
    await answerAll(ground, herds)
    await Promise.all(herds.map((herd) => herd.order('park')))
    await untilQuiet(stage, ground)
  }
  stage.show(`${label}: they wait`)
  await pause(settleMs)
  stage.signal.throwIfAborted()
  const after = meter.serverBytes
  const use = stretch.end()
  for (const herd of herds) {
    const { replies } = await herd.order('replied')
    if (replies > 0) throw new Error(`${label}: ${replies} polls were answered while they should wait`)
  }
  const kibibytesEach = before === undefined || after === undefined ? undefined : (after - before) / 1_024 / size
  const row = { label: `memory: ${label}`, what: 'polls parked', count: size, seconds: use.wallMs / 1_000, use }
  return { label, kibibytesEach, row }
}

/** @throws Error when the message is refused, or one of them does not get it */
async function answerAll({ server }: Ground, herds: readonly Generator[]): Promise<void> {
  const { dialect, headers } = server.subject
  await using publisher = new Publishers(server.publishOrigin, dialect, 1, headers)
  const collecting = Promise.all(herds.map((herd) => herd.order('collect', roundMs)))
  const [{ isAccepted, reply }, came] = await Promise.all([publisher.publish(topic, '{}'), collecting])
  if (!isAccepted) throw new Error(`the publish was answered with ${reply.status}: ${reply.body}`)
  const [complaint] = came.flatMap(({ faults }) => complaintsOf(faults))
  if (complaint !== undefined) throw new Error(complaint)
}

function labelOf(name: string, size: number): string {
  return `${name}, ${size.toLocaleString('en-US')} polls`
}
