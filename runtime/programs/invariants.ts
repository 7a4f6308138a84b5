// What a benchmark program must have got right before anybody looks at its times.
//
// A complaint is a sentence, or null where all is well. All complaints are made together: one wrong counter rarely
// comes alone, and which others are right says where to look.

import type { SchedulerStatistics } from '../index.ts'

/** A program, or the runtime under it, did something else than it claims: no time of such a run means anything. */
export class BrokenInvariant extends Error {
  readonly code = 'BROKEN_INVARIANT'

  constructor(program: string, complaints: readonly string[]) {
    super(`${program} broke its invariants: ${complaints.join('; ')}`)
    this.name = 'BrokenInvariant'
  }
}

/** What a model spends beside what a program itself needs. */
export interface ModelCosts {
  /** Coroutines of the model's own. */
  readonly helpers?: number
  readonly mostResumes?: number
}

type Complaint = string | null

/** @throws BrokenInvariant naming every complaint */
export function assertInvariants(program: string, complaints: readonly Complaint[]): void {
  const broken = complaints.filter((complaint) => complaint !== null)
  if (broken.length > 0) throw new BrokenInvariant(program, broken)
}

export function equal(what: string, is: number, shouldBe: number): Complaint {
  return is === shouldBe ? null : `${what} should be ${shouldBe} (got ${is})`
}

export function atMost(what: string, is: number, limit: number): Complaint {
  return is <= limit ? null : `${what} should be at most ${limit} (got ${is})`
}

/**
 * What a scheduler must say once a program that spawned `coroutines` has ended on it, with nobody else there: the
 * program's own coroutine is one more.
 */
export function allEnded(statistics: SchedulerStatistics, coroutines: number): Complaint[] {
  return [
    equal('coroutines spawned', statistics.spawned - 1, coroutines),
    equal('coroutines finished', statistics.finished - 1, coroutines),
    equal('coroutines left', statistics.coroutines, 0),
    equal('coroutines parked', statistics.parked, 0),
    equal('coroutines queued', statistics.runnable, 0),
    equal('timers left', statistics.timers, 0),
    equal('promises awaited', statistics.awaited, 0),
  ]
}

/** The same of a program that checks itself before it has ended, and so without statistics, and again afterwards. */
export function ended(
  statistics: SchedulerStatistics | undefined,
  {
    coroutines,
    mostResumes = Number.POSITIVE_INFINITY,
  }: { readonly coroutines: number; readonly mostResumes?: number },
): Complaint[] {
  if (statistics === undefined) return []
  return [...allEnded(statistics, coroutines), atMost('resumes', statistics.resumes, mostResumes)]
}

/** @throws RangeError unless `size` is a whole number of at least `least` */
export function checkedSize(name: string, size: number, least = 1): number {
  if (Number.isSafeInteger(size) && size >= least) return size
  throw new RangeError(`${name} must be a whole number from ${least} (got ${String(size)})`)
}
