// A connect/abort storm: clients that come and go away again at every step of a poll, while messages are published.

import type { EnckeControl, Statistics } from '../client/encke-control.ts'
import { bytesOf, HttpConnection } from '../client/http-connection.ts'
import { pollOf } from '../dialects/encke.ts'
import { nowMs } from '../measure/clock.ts'
import { cpuEach, detail } from '../report/figures.ts'
import { cpuAndMemory } from '../report/plots.ts'
import { loopbackAddresses, type Outcome, pause, type Scenario, type Stage } from '../scenario.ts'

const clients = 100
const topicCount = 20
const publishEveryMs = 5
const longestStayMs = 20
/** More would fill the machine with connections that are closing. */
const mostVisits = 20_000
/** How long the server may take to notice that all have gone. Topics are left `ENCKE_UNFOLLOW_MS` after their last reader. */
const settleMs = 15_000
const unfollowMs = 200

/** What must be as before. */
export type Leftovers = Readonly<
  Record<'waiting' | 'coroutines' | 'parked' | 'runnable' | 'timers' | 'connections', number>
>

export interface StormObserved {
  readonly visits: number
  readonly before: Leftovers
  readonly after: Leftovers
  /** The message that a reader got afterwards is the one that was published then. */
  readonly isServing: boolean
}

export const storm: Scenario = {
  name: 'storm',
  title: '100 clients that connect, poll and go away again at any moment',
  invariant:
    'Afterwards the statistics are as before: no waiter, coroutine, timer or connection is left, and the server still delivers.',
  note: 'A visit is a connection and a poll that is cut off after up to 20 ms: it hangs up as a browser does, or is reset in the middle of its request, right after it, or before it. Memory is told, not judged: what was used once, V8 keeps for a while.',
  run,
}

export function judgeStorm({ visits, before, after, isServing }: StormObserved): string[] {
  return [
    ...differing(before, after).map((name) => `${name}: ${before[name]} before, ${after[name]} after`),
    ...(visits === 0 ? ['there was no visit'] : []),
    ...(isServing ? [] : ['a message that was published afterwards did not reach a reader']),
  ]
}

function differing(before: Leftovers, after: Leftovers): (keyof Leftovers)[] {
  return (Object.keys(before) as (keyof Leftovers)[]).filter((name) => after[name] !== before[name])
}

function leftoversOf({ runtime, hub, http }: Statistics): Leftovers {
  const { coroutines, parked, runnable, timers } = runtime
  return { waiting: hub.waiting, coroutines, parked, runnable, timers, connections: http.connections }
}

async function run(stage: Stage): Promise<Outcome> {
  const { server, meter } = await stage.startServer({ ENCKE_UNFOLLOW_MS: String(unfollowMs) })
  const { control, origin } = server
  const before = leftoversOf(await control.statistics())
  const megabytes = () => meter.serverBytes && meter.serverBytes / 2 ** 20
  const megabytesBefore = megabytes()
  const stretch = meter.begin()
  const endMs = nowMs() + stage.durationMs
  let [visits, isOver] = [0, false]
  const comeAndGo = async (_: unknown, client: number) => {
    while (nowMs() < endMs && visits < mostVisits && !stage.signal.aborted) {
      visits += 1
      // What goes wrong for a client that goes away is no fault of the server's.
      await visit(origin, loopbackAddresses[client % loopbackAddresses.length]!, visits).catch(() => {})
      if (visits % 500 === 0) stage.show(`${visits} visits`)
    }
  }
  const publishOn = async () => {
    for (let at = 0; !isOver; at += 1) {
      await control.publish(topicOf(at), { at })
      await pause(publishEveryMs)
    }
  }
  const coming = Promise.all(Array.from({ length: clients }, comeAndGo))
  await Promise.all([publishOn(), coming.finally(() => (isOver = true))])
  const use = stretch.end()
  stage.signal.throwIfAborted()

  stage.show('all have gone')
  const observed = { visits, before, after: await settled(stage, control, before), isServing: await isServing(control) }
  return {
    complaints: judgeStorm(observed),
    rows: [{ label: 'storm', what: 'visits', count: visits, seconds: use.wallMs / 1_000, use }],
    details: [
      detail('server CPU per visit', cpuEach(use, visits), 'µs'),
      detail('server memory before', megabytesBefore, 'MiB'),
      detail('server memory after', megabytes(), 'MiB'),
    ],
    plots: cpuAndMemory(meter.samples),
  }
}

function topicOf(at: number): string {
  return `load/storm-${at % topicCount}`
}

/** A whole request, or half of one, or (at a stay of nothing) none, and then an end or a reset. */
async function visit(origin: string, localAddress: string, at: number): Promise<void> {
  const stayMs = Math.random() * longestStayMs
  using connection = await HttpConnection.open(origin, { localAddress })
  if (stayMs < 1) return
  const bytes = bytesOf(pollOf([topicOf(at)]), new URL(origin).host).replace('wait=0', 'wait=60')
  const replied = connection.send(at % 4 === 3 ? bytes.slice(0, bytes.length / 2) : bytes).catch(() => {})
  await Promise.race([replied, pause(stayMs)])
  if (at % 4 <= 1) connection.hangUp()
}

/** The statistics once they are as before, or as they are when the server has had its time. */
async function settled(stage: Stage, control: EnckeControl, before: Leftovers): Promise<Leftovers> {
  const deadline = nowMs() + settleMs
  for (;;) {
    const now = leftoversOf(await control.statistics())
    if (differing(before, now).length === 0 || nowMs() > deadline || stage.signal.aborted) return now
    await pause(100)
  }
}

async function isServing(control: EnckeControl): Promise<boolean> {
  const word = `after the storm ${Math.random()}`
  await control.publish(topicOf(0), word)
  return (await control.history(topicOf(0))).messages.at(-1)?.data === word
}
