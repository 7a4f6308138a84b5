// The contenders of a scenario: Encke first, then those of its peers that were asked for and that this machine has. Each gets the
// same load from the same generator, in turn, so that what is told is a ratio within one run.

import { peers, subjectOf, whatLacks } from './processes/peers.ts'
import type { Ground, Scenario, Skipped, Stage } from './scenario.ts'

export interface Contender {
  readonly name: string
  start(): Promise<Ground>
}

export const ours = 'Encke'

export interface Field {
  readonly contenders: readonly Contender[]
  readonly skipped: readonly Skipped[]
}

export function fieldOf(stage: Stage, { peers: wanted = [] }: Pick<Scenario, 'peers'>): Field {
  const invited = peers.filter(({ name }) => wanted.includes(name) && stage.peers.includes(name))
  const lacking = invited.map((peer) => ({ peer, reason: whatLacks(peer) }))
  const there = lacking.filter(({ reason }) => reason === undefined)
  return {
    contenders: [
      { name: ours, start: () => stage.startServer() },
      ...there.map(({ peer }) => ({ name: peer.name, start: () => stage.start(subjectOf(peer)) })),
    ],
    skipped: lacking.flatMap(({ peer, reason }) => (reason === undefined ? [] : [{ name: peer.name, reason }])),
  }
}

/** What came of each contender, in their order, and who was left out. */
export interface Compared<Result> {
  readonly done: ReadonlyMap<string, readonly Result[]>
  readonly skipped: readonly Skipped[]
}

/**
 * Measure each contender `passes` times over, every other time backwards: what a machine slowly does, happens to all. A peer
 * that fails is left out, and named.
 *
 * @throws what `measure` throws of Encke
 */
export async function compare<Result>(
  stage: Stage,
  scenario: Pick<Scenario, 'peers'>,
  passes: number,
  measure: (contender: Contender) => Promise<readonly Result[]>,
): Promise<Compared<Result>> {
  const { contenders, skipped } = fieldOf(stage, scenario)
  const done = new Map(contenders.map(({ name }) => [name, [] as Result[]]))
  const failed: Skipped[] = []
  for (let pass = 0; pass < passes; pass += 1) {
    for (const contender of pass % 2 === 0 ? contenders : contenders.toReversed()) {
      if (!done.has(contender.name)) continue
      try {
        done.get(contender.name)!.push(...(await measure(contender)))
      } catch (error) {
        stage.signal.throwIfAborted()
        if (contender.name === ours) throw error
        done.delete(contender.name)
        failed.push({ name: contender.name, reason: (error as Error).message })
      }
    }
  }
  return { done, skipped: [...skipped, ...failed] }
}
