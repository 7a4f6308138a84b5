// Rounds of a herd at several servers side by side, told as if they were one server.

import { untilQuiet } from '../measure/quiet.ts'
import type { Ground, Stage } from '../scenario.ts'
import { type HerdPlan, type HerdRun, herdRounds } from './herd-rounds.ts'

/** One round at `first` and at as many servers more as are wanted; each is published to once the polls of all of them wait. */
export async function sideBySide(stage: Stage, first: Ground, servers: number, plan: HerdPlan): Promise<HerdRun> {
  const { meter } = first
  const grounds = [first]
  while (grounds.length < servers) {
    await untilQuiet(stage, first)
    const ground = await stage.startServer()
    meter.addServer(ground.server.pid)
    // One meter for all of them: what it reads is what all servers use.
    const startGenerator = () => {
      const generator = ground.startGenerator()
      meter.addGenerator(generator.pid)
      return generator
    }
    grounds.push({ ...ground, meter, startGenerator })
  }
  const everybodyWaits = Promise.withResolvers<void>()
  let waiting = 0
  const beforePublish = () => {
    waiting += 1
    if (waiting === servers) everybodyWaits.resolve()
    return everybodyWaits.promise
  }
  const runs = await Promise.all(grounds.map((ground) => herdRounds(stage, ground, { ...plan, beforePublish })))
  const rounds = runs.map((run) => run.rounds[0]!)
  const publishedMs = Math.min(...rounds.map((round) => round.publishedMs))
  const latencies = rounds.flatMap((round) => round.latencies.map((ms) => ms + round.publishedMs - publishedMs))
  const { bytesEach } = runs[0]!
  const round = {
    publishedMs,
    latencies,
    wallMs: latencies.reduce((most, ms) => Math.max(most, ms), 0),
    park: longest(rounds.map(({ park }) => park)),
    deliver: longest(rounds.map(({ deliver }) => deliver)),
    complaints: rounds.flatMap(({ complaints }, at) => complaints.map((text) => `server ${at + 1}: ${text}`)),
  }
  const connect = longest(runs.map(({ connect }) => connect))
  return { connect, warmUps: [], rounds: [round], bytesEach: bytesEach && bytesEach / servers }
}

function longest<Lasting extends { readonly wallMs: number }>(all: readonly Lasting[]): Lasting {
  return all.reduce((most, one) => (one.wallMs > most.wallMs ? one : most))
}
