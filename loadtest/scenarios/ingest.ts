// Ingest, compared: publishes that nobody waits for, beside a bare Fastify that takes the same body and gives a reply of the
// same size; to one topic, and to twenty thousand.

import { publishBytes } from '../client/encke-requests.ts'
import { type Loop, loopInTurn } from '../client/looped-rounds.ts'
import { fieldOf } from '../contenders.ts'
import { namedBars } from '../report/plots.ts'
import type { Ground, Outcome, Scenario, Stage } from '../scenario.ts'
import { ratio, target } from '../targets.ts'

const topicCount = 20_000
/** A hundred bytes. */
const body = JSON.stringify({ text: 'x'.repeat(100 - '{"text":""}'.length) })
const [one, many] = ['load/ingest', (at: number) => `load/ingest-${at}`] as const
const toMany = 'Encke, 20,000 topics'

export const ingest: Scenario = {
  name: 'ingest',
  title: 'as many publishes of 100 bytes as a server takes, ours and the peers in turn',
  invariant: 'Every publish is answered with 201.',
  note: 'A closed loop over 50 bare connections, in rounds, each server in turn; the rate is that of the median round. Bare servers keep the newest message of each topic and nothing else.',
  longestMs: 240_000,
  run,
}

async function run(stage: Stage): Promise<Outcome> {
  const { contenders, skipped } = fieldOf(stage, ['Fastify', 'node:http'])
  const loops: Loop[] = []
  for (const { name, start } of contenders) loops.push(loopOf(name, await start(), [one]))
  loops.push(
    loopOf(
      toMany,
      await stage.startServer(),
      Array.from({ length: topicCount }, (_, at) => many(at)),
    ),
  )
  const results = await loopInTurn(stage, 'messages', loops)
  const rateOf = (name: string) => results.find((result) => result.name === name)?.perSecond
  return {
    complaints: results.flatMap(({ complaints }) => complaints),
    rows: results.map(({ row }) => ({ ...row, label: `ingest: ${row.label}` })),
    details: results.flatMap(({ details }) => details),
    plots: [
      namedBars('Publishes a second', 'messages/s', new Map(results.map(({ name, perSecond }) => [name, perSecond]))),
      namedBars('Server CPU for each publish', 'µs', new Map(results.map(({ name, cpu }) => [name, cpu]))),
    ],
    targets: [
      target('ingest', ratio(rateOf('Encke'), rateOf('Fastify'))),
      target('ingestTopics', ratio(rateOf(toMany), rateOf('Encke'))),
    ],
    skipped,
  }
}

/** Publishes to each of `topics` in turn. */
export function publishLoop({ server }: Ground, topics: readonly string[] = [one]): Pick<Loop, 'requests' | 'status'> {
  const { host } = new URL(server.origin)
  return { requests: topics.map((topic) => publishBytes(host, topic, body)), status: 201 }
}

function loopOf(name: string, ground: Ground, topics: readonly string[]): Loop {
  return { name, ground, ...publishLoop(ground, topics) }
}
