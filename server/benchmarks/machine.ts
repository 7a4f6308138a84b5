// The machine that a benchmark ran on: times mean nothing without it.

import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import process from 'node:process'

export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryBytes: number
  readonly operatingSystem: string
  readonly node: string
  readonly v8: string
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    operatingSystem: `${type()} ${release()}`,
    node: process.versions.node,
    v8: process.versions.v8,
  }
}
