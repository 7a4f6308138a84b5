// Where the figures come from: they mean nothing without it.

import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import process from 'node:process'
import { canReadProcesses } from './process-reading.ts'

export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryBytes: number
  readonly operatingSystem: string
  readonly node: string
  /** Runnable processes over the last minute, before the test: above the number of cores the machine was busy already. */
  readonly loadBefore: number
  /** Whether CPU and memory of processes could be read. */
  readonly hasProc: boolean
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    operatingSystem: `${type()} ${release()}`,
    node: process.versions.node,
    loadBefore: loadavg()[0] ?? 0,
    hasProc: canReadProcesses,
  }
}

/** The commit that was tested, with `+` when files differ from it; undefined outside a checkout. */
export function describeCommit(folder: string): string | undefined {
  try {
    const git = (...words: string[]) =>
      execFileSync('git', words, { cwd: folder, encoding: 'utf8', stdio: 'pipe' }).trim()
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+')
  } catch {
    return undefined
  }
}
