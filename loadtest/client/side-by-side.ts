// Rounds of a herd at several servers side by side, told as if they were one server.

import type { Use } from '../measure/meter.ts'
import type { ProcessUse } from '../measure/process-reading.ts'
import { untilQuiet } from '../measure/quiet.ts'
import type { Ground, Stage } from '../scenario.ts'
import { type HerdPlan, type HerdRun, herdRounds } from './herd-rounds.ts'

/** One round at `first` and at as many servers more as are wanted; each is published to once the polls of all of them wait. */
export async function sideBySide(stage: Stage, first: Ground, servers: number, plan: HerdPlan): Promise<HerdRun> {
  const grounds = [first]
  while (grounds.length < servers) {
    await untilQuiet(stage, grounds.at(-1)!)
    grounds.push(await stage.startServer())
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
  const round = {
    publishedMs,
    latencies,
    wallMs: latencies.reduce((most, ms) => Math.max(most, ms), 0),
    park: together(rounds.map(({ park }) => park)),
    deliver: together(rounds.map(({ deliver }) => deliver)),
    complaints: rounds.flatMap(({ complaints }, at) => complaints.map((text) => `server ${at + 1}: ${text}`)),
  }
  const bytes = runs.map(({ bytesEach }) => bytesEach)
  const bytesEach = bytes.reduce(
    (sum, one) => (sum === undefined || one === undefined ? undefined : sum + one / servers),
    0,
  )
  return { connect: together(runs.map(({ connect }) => connect)), warmUps: [], rounds: [round], bytesEach }
}

/** What all servers used; of the generators that of the longest. */
function together(uses: readonly Use[]): Use {
  const longest = uses.reduce((most, one) => (one.wallMs > most.wallMs ? one : most))
  return { ...longest, server: uses.map(({ server }) => server).reduce(sumOf) }
}

function sumOf(one: ProcessUse | undefined, other: ProcessUse | undefined): ProcessUse | undefined {
  return (
    one &&
    other && {
      cpuMs: one.cpuMs + other.cpuMs,
      cpuShare: one.cpuShare + other.cpuShare,
      busiestThreadShare: Math.max(one.busiestThreadShare, other.busiestThreadShare),
      queuedShare: Math.max(one.queuedShare, other.queuedShare),
      residentBytes: one.residentBytes + other.residentBytes,
    }
  )
}
