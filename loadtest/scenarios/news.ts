// News, compared: polls with a cursor that is behind, which are answered at once, beside bare servers that give as many bytes.

import { HttpConnection } from '../client/http-connection.ts'
import { type Loop, loopInTurn } from '../client/looped-rounds.ts'
import { Publishers } from '../client/publishers.ts'
import { fieldOf } from '../contenders.ts'
import { dialects } from '../dialects/index.ts'
import { namedBars } from '../report/plots.ts'
import type { Ground, Outcome, Scenario, Stage } from '../scenario.ts'
import { ratio, target } from '../targets.ts'

const topic = 'load/news'
const data = JSON.stringify({ text: 'x'.repeat(100 - '{"text":""}'.length) })

export const news: Scenario = {
  name: 'news',
  title: 'as many polls that find news as a server answers, ours and the peers in turn',
  invariant: 'Every poll is answered with 200 and one message.',
  note: 'A closed loop over 50 bare connections, in rounds, each server in turn; the rate is that of the median round. Bare servers give a prepared text of the same shape.',
  longestMs: 240_000,
  run,
}

async function run(stage: Stage): Promise<Outcome> {
  const { contenders, skipped } = fieldOf(stage, ['Fastify', 'node:http'])
  const loops: Loop[] = []
  for (const { name, start } of contenders) {
    const ground = await start()
    loops.push({ name, ground, requests: [await pollBehind(ground, [topic])], status: 200 })
  }
  const results = await loopInTurn(stage, 'polls', loops)
  const rateOf = (name: string) => results.find((result) => result.name === name)?.perSecond
  return {
    complaints: results.flatMap(({ complaints }) => complaints),
    rows: results.map(({ row }) => ({ ...row, label: `news: ${row.label}` })),
    details: results.flatMap(({ details }) => details),
    plots: [
      namedBars('Polls answered a second', 'polls/s', new Map(results.map(({ name, perSecond }) => [name, perSecond]))),
      namedBars('Server CPU for each poll', 'µs', new Map(results.map(({ name, cpu }) => [name, cpu]))),
    ],
    targets: [target('news', ratio(rateOf('Encke'), rateOf('Fastify')))],
    skipped,
  }
}

/**
 * A poll that is one message behind on the first of `topics`: publishes that message.
 *
 * @throws Error when the poll is not answered with that message alone
 */
export async function pollBehind({ server }: Ground, topics: readonly string[]): Promise<string> {
  const { host, hostname, port } = new URL(server.origin)
  using connection = await HttpConnection.open({ host: hostname, port: Number(port) })
  using publisher = new Publishers(server.origin, 'encke', 1)
  const reader = dialects.encke.reader({ host, topics, headers: 'Accept: application/json\r\n' })
  await connection.converse(reader.greet())
  const bytes = reader.poll()
  await publisher.publish(topics[0]!, data)
  const { messages } = reader.take(await connection.request(bytes))
  if (messages.length !== 1) throw new Error(`a poll that is one message behind was given ${messages.length}`)
  return bytes
}
