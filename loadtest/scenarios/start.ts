// Start: how long after `npm start` the server serves.

import { request } from 'undici'
import { nowMs } from '../measure/clock.ts'
import { Latencies } from '../measure/latencies.ts'
import { ranMs } from '../measure/process-reading.ts'
import { ServerProcess } from '../processes/server-process.ts'
import { encke, type Subject } from '../processes/subject.ts'
import { detail, median } from '../report/figures.ts'
import type { Outcome, Scenario, Stage } from '../scenario.ts'
import { target } from '../targets.ts'

export const start: Scenario = {
  name: 'start',
  title: 'from npm start to the first reply, several times',
  invariant: 'Each time the server listens, and answers that it is ready.',
  note: 'From the start of the npm process to the reply to GET /readyz, which is asked for when the banner has come. Beside it the same without npm: the command of npm start, run as it stands. Files are in the cache of the system by then.',
  run,
}

async function run(stage: Stage): Promise<Outcome> {
  const ours = encke()
  const byNpm: Subject = { ...ours, command: ['npm', 'start'], lastSignal: 'SIGTERM' }
  const [npm, bare]: [number[], number[]] = [[], []]
  const wanted = stage.isQuick ? 3 : 9
  while (npm.length < wanted) {
    stage.show(`start ${npm.length + 1} of ${wanted}`)
    npm.push((await startOnce(byNpm)).wallMs)
    bare.push((await startOnce(ours)).wallMs)
    stage.signal.throwIfAborted()
  }
  const seconds = npm.reduce((sum, ms) => sum + ms, 0) / 1_000
  return {
    complaints: [],
    rows: [{ label: 'start', what: 'starts', count: npm.length, seconds, latency: Latencies.of(npm).summary() }],
    details: [
      detail('from npm start to the first reply, median', median(npm), 'ms'),
      detail('the same without npm, median', median(bare), 'ms'),
    ],
    targets: [target('start', median(npm))],
  }
}

export interface Start {
  readonly wallMs: number
  /** Of the server, all threads, until it was ready. */
  readonly cpuMs: number | undefined
}

/** @throws Error when it does not listen, or is not ready then */
export async function startOnce(subject: Subject): Promise<Start> {
  const fromMs = nowMs()
  await using server = await ServerProcess.start(subject)
  const { statusCode, body } = await request(`${server.origin}/readyz`)
  await body.dump()
  if (statusCode !== 200) throw new Error(`GET /readyz was answered with ${statusCode}`)
  return { wallMs: nowMs() - fromMs, cpuMs: ranMs(server.pid) }
}
