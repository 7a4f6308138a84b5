// Has the explorer, or tests, look at a copy of the runtime, in a process of their own: with a fault in, it may never end.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Copy } from './copy.ts'
import type { Fault } from './faults.ts'

export type Verdict =
  | { readonly kind: 'found'; readonly where: string; readonly what: string }
  | { readonly kind: 'survived' }
  | { readonly kind: 'hung'; readonly limitMs: number }
  | { readonly kind: 'broken'; readonly output: string }

export interface Effort {
  readonly seed: number
  readonly programs: number
  readonly limitMs: number
  /** Ends the explorer before its time. */
  readonly interrupted?: AbortSignal
}

/** Explore the copy as it is. @throws the reason of `interrupted`, once the explorer has ended */
export async function explored(copy: Copy, effort: Effort): Promise<Verdict> {
  const options = ['--programs', String(effort.programs), '--small', '0', '--seed', String(effort.seed), '--as-found']
  return await verdictOf(copy, ['test/runtime/explore/main.ts', ...options], effort, foundByExplorer)
}

/** Run tests in the copy as it is. @throws the reason of `interrupted`, once they have ended */
async function tested(copy: Copy, tests: string, effort: Effort): Promise<Verdict> {
  const argv = ['run', '--config', 'test/faults/vitest.config.ts', `test/runtime/${tests}`]
  return await verdictOf(copy, ['node_modules/vitest/vitest.mjs', ...argv], effort, foundByTests)
}

/** Explore the copy with the fault in, or run its tests. @throws the reason of `effort.interrupted`, once that has ended */
export async function examined(copy: Copy, fault: Fault, effort: Effort): Promise<Verdict> {
  const { tests } = fault
  try {
    return await copy.withFault(fault, () =>
      tests === undefined ? explored(copy, effort) : tested(copy, tests, effort),
    )
  } catch (error) {
    effort.interrupted?.throwIfAborted()
    return { kind: 'broken', output: String(error) }
  }
}

/** What a program in the copy says: it exits with 0 when it has found nothing. */
async function verdictOf(
  copy: Copy,
  argv: readonly string[],
  { limitMs, interrupted }: Effort,
  reading: (output: string) => Verdict,
): Promise<Verdict> {
  interrupted?.throwIfAborted()
  const child = spawn(process.execPath, argv, {
    cwd: copy.path,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  })
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => output.push(text))
  const end = () => child.kill('SIGKILL')
  interrupted?.addEventListener('abort', end)
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  interrupted?.removeEventListener('abort', end)
  interrupted?.throwIfAborted()
  if (signal !== null) return { kind: 'hung', limitMs }
  return code === 0 ? { kind: 'survived' } : reading(output.join(''))
}

/** Whether the explorer has found the fault. Not to come to an end is to be found only where that is what the fault does. */
export function isFound(fault: Fault, verdict: Verdict): boolean {
  return verdict.kind === 'found' || (verdict.kind === 'hung' && fault.hangs === true)
}

export function inWords(verdict: Verdict): string {
  if (verdict.kind === 'found') return `${verdict.where}: ${verdict.what}`
  if (verdict.kind === 'broken') return `what looks for it did not run: ${verdict.output}`
  return verdict.kind === 'hung' ? `not done within ${verdict.limitMs / 1_000} s` : 'nothing found'
}

function foundByExplorer(output: string): Verdict {
  const found = /^found with seed (\d+), in program ([\d,]+)$/m.exec(output)
  if (found === null) return { kind: 'broken', output }
  const [, batch, program] = found
  const [, schedule, what] = /^with (seed: \d+) the program fails: (.*)$/m.exec(output) ?? []
  return {
    kind: 'found',
    where: `seed ${batch}, program ${program}, ${schedule}`,
    what: what ?? 'for an unknown reason',
  }
}

function foundByTests(output: string): Verdict {
  const [, where] = /^ *FAIL +(\S+ > .*)$/m.exec(output) ?? []
  if (where === undefined) return { kind: 'broken', output }
  const [, what] = /^(\w*Error: .*)$/m.exec(output) ?? []
  return { kind: 'found', where, what: what ?? 'for an unknown reason' }
}
