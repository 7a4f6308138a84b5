// The contenders of a scenario: Encke first, then those of its peers that were asked for and that this machine has. Each gets the
// same load from the same generator, in turn, so that what is told is a ratio within one run.

import type { DialectName } from './dialects/index.ts'
import { peers, subjectOf, whatLacks } from './processes/peers.ts'
import { encke, type Subject } from './processes/subject.ts'
import type { Ground, Scenario, Skipped, Stage } from './scenario.ts'

export interface Contender {
  readonly name: string
  /** @param variables of its environment, beside those that it always has */
  start(variables?: Variables): Promise<Ground>
}

type Variables = Subject['variables']

export const ours = 'Encke'

/** @param dialect in which Encke is spoken to; its own when it is left out */
export function fieldOf(stage: Stage, { peers: wanted = [] }: Pick<Scenario, 'peers'>, dialect?: DialectName) {
  const start: Contender['start'] = (variables) =>
    dialect === undefined
      ? stage.startServer(variables)
      : stage.start(withVariables({ ...encke(), dialect }, variables))
  const contenders: Contender[] = [{ name: ours, start }]
  const skipped: Skipped[] = []
  for (const peer of peers.filter(({ name }) => wanted.includes(name) && stage.peers.includes(name))) {
    const { name } = peer
    const reason = whatLacks(peer)
    if (reason === undefined)
      contenders.push({ name, start: (variables) => stage.start(withVariables(subjectOf(peer), variables)) })
    else skipped.push({ name, reason })
  }
  return { contenders, skipped }
}

function withVariables(subject: Subject, variables: Variables = {}): Subject {
  return { ...subject, variables: { ...subject.variables, ...variables } }
}

/**
 * Measure each contender `passes` times over, every other time backwards: what a machine slowly does, happens to all. A peer
 * that fails is left out, and named.
 *
 * @returns what came of each, in their order, and which were left out
 * @throws what `measure` throws of Encke
 */
export async function compare<Result>(
  stage: Stage,
  scenario: Pick<Scenario, 'peers'>,
  passes: number,
  measure: (contender: Contender) => Promise<readonly Result[]>,
) {
  const { contenders, skipped } = fieldOf(stage, scenario)
  const done = new Map(contenders.map(({ name }) => [name, [] as Result[]]))
  for (let pass = 0; pass < passes; pass += 1) {
    for (const contender of pass % 2 === 0 ? contenders : contenders.toReversed()) {
      const { name } = contender
      try {
        done.get(name)?.push(...(await measure(contender)))
      } catch (error) {
        stage.signal.throwIfAborted()
        if (name === ours) throw error
        done.delete(name)
        skipped.push({ name, reason: (error as Error).message })
      }
    }
  }
  return { done: done as ReadonlyMap<string, readonly Result[]>, skipped }
}
