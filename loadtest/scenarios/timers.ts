// Timers: what hold time-outs cost that are armed when a poll parks and cancelled when it is answered, without any HTTP.

import type { TimersMeasured } from '../generator/armed-timers.ts'
import { Generator } from '../processes/generator.ts'
import { flagsOfStart } from '../processes/subject.ts'
import { detail, median } from '../report/figures.ts'
import type { Outcome, Scenario, Stage } from '../scenario.ts'
import { target } from '../targets.ts'

const waiters = 19_000
const holdMs = 25_000
/** Rounds at the beginning in which code is compiled. */
const warmUp = 4

export const timers: Scenario = {
  name: 'timers',
  title: '19,000 time-outs of selects, armed and cancelled, in a process without a server',
  invariant: 'No time-out runs out, and none is left at the end.',
  note: 'The processor time of a whole process with the flags of npm start, in rounds in which 19,000 coroutines are woken from a select and park in the next one: the median round in which the select has a time-out of 25 s beside the latch, less that in which it has not. A round is what a second would have.',
  run,
}

export function judgeTimers({ ranOut, left }: TimersMeasured): string[] {
  return [
    ...(ranOut > 0 ? [`${ranOut} time-outs ran out`] : []),
    ...(left > 0 ? [`${left} timers are left at the end`] : []),
  ]
}

async function run(stage: Stage): Promise<Outcome> {
  await using generator = new Generator(flagsOfStart())
  stage.show(`${waiters} coroutines`)
  const measured = await generator.order('timers', { waiters, rounds: stage.isQuick ? 12 : 40, holdMs })
  stage.signal.throwIfAborted()
  const [withMs, withoutMs] = [measured.withMs, measured.withoutMs].map((all) => median(all.slice(warmUp)))
  const costMs = withMs === undefined || withoutMs === undefined ? undefined : withMs - withoutMs
  return {
    complaints: judgeTimers(measured),
    details: [
      detail('19,000 selects with a time-out, woken and parked again', withMs, 'ms'),
      detail('19,000 selects without one', withoutMs, 'ms'),
      detail('one time-out, armed and cancelled', costMs && (costMs * 1_000) / waiters, 'µs'),
    ],
    targets: [target('timers', costMs && costMs / 10)],
  }
}
