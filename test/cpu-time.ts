// How long a computation takes by the clock of the processor: whatever else the machine does meanwhile takes none of it.

import process from 'node:process'

export function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}
