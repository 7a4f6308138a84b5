import { spawn } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import {
  canReadProcesses,
  type ProcessReading,
  parseResident,
  parseSchedstat,
  readFamily,
  readProcess,
  useBetween,
} from '../../loadtest/measure/process-reading.ts'
import { checkOpenFiles } from '../../loadtest/processes/child.ts'

const reading = (threads: Record<string, [number, number]>, residentBytes = 0): ProcessReading => ({
  threads: new Map(Object.entries(threads).map(([id, [ranMs, queuedMs]]) => [id, { ranMs, queuedMs }])),
  residentBytes,
})

describe('what a process used', () => {
  it('is the sum of its threads, and the busiest of them alone', () => {
    const before = reading({ main: [100, 10], other: [50, 5] })
    const after = reading({ main: [180, 30], other: [60, 90] }, 4_096)
    expect(useBetween(before, after, 100)).toEqual({
      cpuMs: 90,
      cpuShare: 0.9,
      busiestThreadShare: 0.8,
      queuedShare: 0.2,
      residentBytes: 4_096,
    })
  })

  it('counts a thread that has begun in between from its beginning, and one that has ended not at all', () => {
    const use = useBetween(reading({ gone: [900, 0] }), reading({ begun: [7, 0] }), 70)
    expect(use).toMatchObject({ cpuMs: 7, cpuShare: 0.1 })
  })

  it('is nothing in no time', () => {
    expect(useBetween(reading({ main: [1, 0] }), reading({ main: [1, 0] }), 0)).toMatchObject({ cpuMs: 0, cpuShare: 0 })
  })

  it('is read from what the kernel writes', () => {
    expect(parseSchedstat('3649867060 5879000000 2858\n')).toEqual({ ranMs: 3649.86706, queuedMs: 5879 })
    expect(parseResident('VmHWM:\t  200 kB\nVmRSS:\t  134672 kB\nVmData: 1 kB\n')).toBe(134_672 * 1024)
    expect(() => parseResident('Name:\tnode\nState:\tZ (zombie)\n')).toThrow('no VmRSS')
  })

  it.runIf(canReadProcesses)('grows as this process works, and cannot be read of one that is not there', () => {
    const before = readProcess(process.pid)!
    const endMs = performance.now() + 50
    while (performance.now() < endMs);
    const use = useBetween(before, readProcess(process.pid)!, 50)
    expect(use?.cpuMs).toBeGreaterThan(1)
    expect(use?.residentBytes).toBeGreaterThan(1e6)
    expect(readProcess(2 ** 30)).toBeUndefined()
  })

  it.runIf(canReadProcesses)('counts what a process has started, and what that has started, as its own', async () => {
    const code =
      "require('node:child_process').spawn('sleep', ['30'], { stdio: 'inherit' }); setInterval(() => {}, 1000)"
    const child = spawn(process.execPath, ['-e', code], { stdio: 'ignore', detached: true })
    try {
      const isWhole = () =>
        (readFamily(child.pid!)?.threads.size ?? 0) === (readProcess(child.pid!)?.threads.size ?? 0) + 1
      await expect.poll(isWhole).toBe(true)
      expect(readFamily(child.pid!)!.residentBytes).toBeGreaterThan(readProcess(child.pid!)!.residentBytes)
      expect(readFamily(2 ** 30)).toBeUndefined()
    } finally {
      process.kill(-child.pid!, 'SIGKILL')
    }
  })
})

describe('the limit on open files', () => {
  it('is complained of before it is met', () => {
    expect(() => checkOpenFiles(10_000, 4_096)).toThrow('a process may have 4096')
    expect(() => checkOpenFiles(10_000, 20_000)).not.toThrow()
  })
})
