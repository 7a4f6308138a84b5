// What readers have found wrong: how often, and the first example of each kind. It goes from process to process as it stands.

export const faultKinds = {
  lost: 'messages lost',
  duplicate: 'messages delivered twice or out of order',
  stranger: 'messages of a topic that was not asked for',
  altered: 'messages with other data than was published',
  verdict: 'verdicts other than ok',
  status: 'replies other than 200 or 201',
  broken: 'connections or replies that broke',
  early: 'messages that arrived before they were due, so the clocks do not agree',
  missing: 'readers that did not get everything before the time was up',
} as const

export type FaultKind = keyof typeof faultKinds

export type FaultCounts = { [Kind in FaultKind]?: { count: number; example: string } }

export class Faults {
  readonly counts: FaultCounts = {}

  add(kind: FaultKind, example: string, count = 1): void {
    const known = this.counts[kind]
    if (known === undefined) this.counts[kind] = { count, example }
    else known.count += count
  }
}

/** One sentence for each kind of fault. */
export function complaintsOf(counts: FaultCounts): string[] {
  return Object.entries(counts).map(
    ([kind, { count, example }]) => `${count} ${faultKinds[kind as FaultKind]}, the first: ${example}`,
  )
}
