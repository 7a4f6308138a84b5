import { execFile } from 'node:child_process'
import process from 'node:process'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { letMemoryBeReduced } from '../../../server/process/quiet-memory.ts'
import { ServerProcess } from '../server-process.ts'

/** Ends the server, as a signal does, at the first full collection after it has begun to serve. */
const untilCollected = `data:text/javascript,${encodeURIComponent(`
  import { constants, PerformanceObserver } from 'node:perf_hooks'
  let served = Infinity
  process.on('newListener', (name) => {
    if (name === 'SIGTERM') served = performance.now()
  })
  // Code that is loaded as it is first used may bring a collection of its own.
  const isFull = ({ startTime, detail }) => startTime > served + 500 && detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR
  new PerformanceObserver((list) => {
    if (list.getEntries().some(isFull)) process.kill(process.pid, 'SIGTERM')
  }).observe({ entryTypes: ['gc'] })
`)}`

const quietMemory = new URL('../../../server/process/quiet-memory.ts', import.meta.url).href

afterEach(() => {
  vi.useRealTimers()
})

// Four seconds have to pass, on the clock of a process.
describe('a server that has become quiet', { timeout: 60_000 }, () => {
  it('gives back memory that it no longer needs', async () => {
    const flagsOfNode = [
      '--trace-memory-reducer',
      '--gc-memory-reducer-start-delay-ms=100',
      '--memory-reducer-delay-ms=100',
      '--import',
      untilCollected,
    ]
    await using server = new ServerProcess(['--port', '0', '--log-level', 'silent'], {}, flagsOfNode)
    const { exitCode, out } = await server.ended
    expect(exitCode).toBe(0)
    expect(out).toContain('Memory reducer: started GC #1')
  })
  it('lets V8 do so after four quiet seconds, and every two minutes for as long as it stays quiet', () => {
    const { allocate, pass } = aServer()
    pass(3, idle)
    expect(allocate).not.toHaveBeenCalled()
    pass(1, idle)
    expect(allocate).toHaveBeenCalledTimes(1)
    pass(119, idle)
    expect(allocate).toHaveBeenCalledTimes(1)
    pass(1, idle)
    expect(allocate).toHaveBeenCalledTimes(2)
  })
  it('keeps its compiled code through the pauses of a burst, however many there are', () => {
    const { allocate, pass } = aServer()
    for (let burst = 0; burst < 20; burst += 1) {
      pass(1, busy)
      pass(3, idle)
    }
    expect(allocate).not.toHaveBeenCalled()
    pass(1, idle)
    expect(allocate).toHaveBeenCalledTimes(1)
  })
  it('calls itself quiet with a message now and then, and busy with many', () => {
    const { allocate, pass } = aServer()
    pass(60, 0.11)
    expect(allocate).not.toHaveBeenCalled()
    pass(4, 0.09)
    expect(allocate).toHaveBeenCalledTimes(1)
  })
  it('goes by the share of the time in which its event loop was busy', async () => {
    // A process of its own: this one does other things meanwhile.
    const told = await askNode(`
      import { letMemoryBeReduced } from ${JSON.stringify(quietMemory)}
      const busyUntil = performance.now() + 2_500
      const work = setInterval(() => {
        const until = performance.now() + 50
        while (performance.now() < until);
        if (performance.now() > busyUntil) clearInterval(work)
      }, 60)
      const end = setInterval(() => {}, 60_000)
      letMemoryBeReduced({
        allocate() {
          console.log(performance.now() - busyUntil > 3_000 ? 'once it was quiet' : 'too soon')
          clearInterval(end)
        },
      })
    `)
    expect(told).toBe('once it was quiet\n')
  })
})

const [idle, busy] = [0.01, 0.6]

function aServer() {
  vi.useFakeTimers()
  const allocate = vi.fn()
  let share = idle
  letMemoryBeReduced({ allocate, activeShare: () => share })
  const pass = (seconds: number, activeShare: number) => {
    share = activeShare
    vi.advanceTimersByTime(1_000 * seconds)
  }
  return { allocate, pass }
}

async function askNode(program: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
  return stdout
}
