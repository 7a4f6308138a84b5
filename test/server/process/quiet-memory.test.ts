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

afterEach(() => {
  vi.useRealTimers()
})

describe('a server that has become quiet', () => {
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
  it('goes on to, each half minute: what V8 is shown is forgotten after one or two', () => {
    vi.useFakeTimers()
    const allocate = vi.fn()
    letMemoryBeReduced(allocate)
    expect(allocate).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(300_000)
    expect(allocate).toHaveBeenCalledTimes(11)
  })
})
