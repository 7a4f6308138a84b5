// The contenders of a comparison: Encke first, then those peers that the scenario wants and this machine has. Each gets the
// same scenario from the same generator, in turn, so that what is told is a ratio within one run.

import { type PeerName, subjectOf, whatLacks } from './processes/peers.ts'
import type { Ground, Outcome, Stage } from './scenario.ts'

export interface Contender {
  readonly name: 'Encke' | PeerName
  start(): Promise<Ground>
}

export interface Field {
  readonly contenders: readonly Contender[]
  readonly skipped: NonNullable<Outcome['skipped']>
}

/** `wanted` are the peers for which the scenario makes sense. */
export function fieldOf(stage: Stage, wanted: readonly PeerName[]): Field {
  const invited = stage.peers.filter(({ name }) => wanted.includes(name))
  const lacking = invited.map((peer) => ({ peer, reason: whatLacks(peer) }))
  return {
    contenders: [
      { name: 'Encke', start: () => stage.startServer() },
      ...lacking
        .filter(({ reason }) => reason === undefined)
        .map(({ peer }) => ({ name: peer.name, start: () => stage.start(subjectOf(peer)) })),
    ],
    skipped: lacking.flatMap(({ peer, reason }) => (reason === undefined ? [] : [{ name: peer.name, reason }])),
  }
}

/** Gives them in turn, `passes` times over, every other time backwards: what a machine slowly does, happens to all. */
export function* inTurn(contenders: readonly Contender[], passes: number): Generator<Contender> {
  for (let pass = 0; pass < passes; pass += 1) yield* pass % 2 === 0 ? contenders : contenders.toReversed()
}
