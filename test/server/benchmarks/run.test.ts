import { describe, expect, it } from 'vitest'
import type { Coroutine, Scheduler } from '../../../runtime/index.ts'
import { defaultHost, run, VirtualHost } from '../../../runtime/index.ts'
import { measuredRun } from '../../../server/benchmarks/measured-run.ts'
import type { Model } from '../../../server/benchmarks/models.ts'
import { published, publishedBeside } from '../../../server/benchmarks/published.ts'
import type { ChainRequest, HackysackRequest } from '../../../server/benchmarks/request.ts'
import { readChainRequest, readHackysackRequest } from '../../../server/benchmarks/request.ts'
import type { Progress } from '../../../server/benchmarks/run.ts'
import { measuredRuns, runBenchmark } from '../../../server/benchmarks/run.ts'
import type { Workload } from '../../../server/benchmarks/workload.ts'
import { workloadOf } from '../../../server/benchmarks/workload.ts'
import { EnckeError } from '../../../server/errors.ts'

const host = defaultHost()

const anyTimes = {
  wallMs: expect.any(Number),
  userMs: expect.any(Number),
  systemMs: expect.any(Number),
  cpuPercent: expect.any(Number),
  majorFaults: expect.any(Number),
  minorFaults: expect.any(Number),
  swaps: expect.any(Number),
}

const anyMachine = {
  processor: expect.any(String),
  cores: expect.any(Number),
  memoryBytes: expect.any(Number),
  operatingSystem: expect.any(String),
  node: process.versions.node,
  v8: process.versions.v8,
}

describe('a report', () => {
  it('of the chain has the documented shape, and nothing else', async () => {
    const report = await run(runBenchmark<ChainRequest>, readChainRequest({ n: 5_000, repeat: 3 }), { host }).promise
    expect(report).toEqual({
      benchmark: 'chain',
      model: 'go',
      n: 5_000,
      answer: 5_000,
      runs: [anyTimes, anyTimes, anyTimes],
      best: anyTimes,
      counters: { spawned: 5_000, finished: 5_000, sends: 5_001, receives: 5_001, resumes: 10_002, parked: 0 },
      memory: { peakBytes: expect.any(Number), perCoroutineBytes: expect.any(Number) },
      machine: anyMachine,
      published: publishedBeside({ benchmark: 'chain', model: 'go' }),
    })
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  it('of hackysack has its own parameters and two counters more', async () => {
    const request = readHackysackRequest({ players: 500, turns: 2_000, variant: 'rendezvous', seed: 9 })
    const report = await run(runBenchmark<HackysackRequest>, request, { host }).promise
    expect(report).toEqual({
      benchmark: 'hackysack',
      model: 'go',
      players: 500,
      turns: 2_000,
      variant: 'rendezvous',
      seed: 9,
      answer: 2_000,
      runs: [anyTimes],
      best: anyTimes,
      counters: {
        spawned: 500,
        finished: 500,
        sends: 2_499,
        receives: 2_499,
        resumes: expect.any(Number),
        parked: 0,
        balls: 2_000,
        exits: 499,
      },
      memory: { peakBytes: expect.any(Number), perCoroutineBytes: expect.any(Number) },
      machine: anyMachine,
      published: publishedBeside({ benchmark: 'hackysack', model: 'go' }),
    })
  })

  it('names the run with the least wall time as the best, whole', async () => {
    const { runs, best } = await run(runBenchmark, readChainRequest({ n: 1_000, repeat: 10 }), { host }).promise
    expect(best.wallMs).toBe(Math.min(...runs.map(({ wallMs }) => wallMs)))
    expect(runs).toContain(best)
  })

  it('has times that are above zero and memory that grows with the coroutines', async () => {
    const { best, memory } = await run(runBenchmark, readChainRequest({ n: 100_000 }), { host }).promise
    expect(best.wallMs).toBeGreaterThan(0)
    expect(best.userMs).toBeGreaterThan(0)
    expect(memory.perCoroutineBytes).toBeGreaterThan(100)
    expect(memory.perCoroutineBytes).toBeLessThan(5_000)
  })

  it('counts the same in every run', async () => {
    const counted = async () =>
      (await run(runBenchmark, readHackysackRequest({ players: 300, turns: 900 }), { host }).promise).counters
    expect(await counted()).toEqual(await counted())
  })
})

describe('the published rows', () => {
  it('say how many players the original made for its argument', () => {
    for (const { argument = 0, players, turns } of published.hackysack) {
      expect({ players, turns }).toEqual({ players: argument + 1, turns: 1_000 })
    }
  })

  const beside: [benchmark: 'chain' | 'hackysack', model: Model, systems: string[]][] = [
    ['chain', 'go', ['Go (6g)', 'Go']],
    ['chain', 'greenlet', ['CPython + greenlet']],
    ['chain', 'stackless', ['Stackless Python']],
    ['hackysack', 'axon', Array<string>(4).fill('Kamaelia Axon, pause')],
    ['hackysack', 'axon-busy', Array<string>(7).fill('Kamaelia Axon, busy')],
    ['chain', 'erlang', []],
    ['hackysack', 'threads', []],
  ]
  it.each(beside)('of %s begin, beside model %s, with its own, and the others follow', (benchmark, model, systems) => {
    const rows = publishedBeside({ benchmark, model })
    expect(rows.slice(0, systems.length).map(({ system }) => system)).toEqual(systems)
    expect(rows.slice(systems.length).every((row) => row.model !== model)).toBe(true)
    expect(new Set(rows)).toEqual(new Set(published[benchmark]))
    expect(rows).toHaveLength(published[benchmark].length)
  })

  it('say of every busy row that it compares algorithms, and of every pause row that it is fair', () => {
    for (const { system, note } of published.hackysack) {
      expect(note).toContain(system.endsWith('busy') ? 'compares algorithms' : 'fair')
    }
  })
})

describe('progress', () => {
  // A clock that moves 10 ms at every look makes the smallest program long.
  function slowHost() {
    let time = 0
    return { ...host, now: () => (time += 10) }
  }

  it('grows within each run, names it, and ends with the whole', async () => {
    const told: Progress[] = []
    const request = readChainRequest({ n: 10_000, repeat: 2 })
    await run(runBenchmark, request, { host: slowHost(), onProgress: (progress) => told.push(progress) }).promise
    expect(told.length).toBeGreaterThan(10)
    expect(told.at(-1)).toEqual({ run: 2, of: 2, fraction: 1 })
    expect(new Set(told.map((progress) => progress.run))).toEqual(new Set([1, 2]))
    for (const [at, progress] of told.entries()) {
      expect(progress.of).toBe(2)
      expect(progress.fraction).toBeLessThanOrEqual(1)
      const before = told[at - 1]
      if (before?.run === progress.run) expect(progress.fraction).toBeGreaterThanOrEqual(before.fraction)
    }
  })

  it('reaches about the whole before the end, so that no bar stands still half way', async () => {
    for (const request of [
      readChainRequest({ n: 10_000 }),
      readHackysackRequest({ players: 2_000, turns: 10_000 }),
      readHackysackRequest({ players: 2_000, turns: 10_000, variant: 'rendezvous' }),
    ]) {
      const told: Progress[] = []
      await run(runBenchmark, request, { host: slowHost(), onProgress: (progress) => told.push(progress) }).promise
      expect(told.at(-2)?.fraction).toBeGreaterThan(0.85)
    }
  })

  it('is told at most five times a second, and once at the end', async () => {
    const told: Progress[] = []
    const began = performance.now()
    await run(runBenchmark, readChainRequest({ n: 200, repeat: 100 }), {
      host,
      onProgress: (progress) => told.push(progress),
    }).promise
    expect(told.length).toBeLessThanOrEqual(1 + (performance.now() - began) / 200)
  })
})

describe('cancelling a benchmark', () => {
  it.each([
    readChainRequest({ n: 100_000 }),
    readHackysackRequest({ players: 1_000, turns: 10_000_000 }),
    readHackysackRequest({ players: 1, turns: 10_000_000 }),
    readHackysackRequest({ players: 1_000, turns: 10_000_000, variant: 'rendezvous' }),
  ])('of %o ends all of its coroutines first', async (request) => {
    const virtual = new VirtualHost()
    const server = virtual.scheduler()
    let own: Scheduler | undefined
    let slices = 0
    let ownHasEnded = false
    function* handler(): Coroutine<void> {
      try {
        yield* measuredRun(workloadOf(request), {
          host: virtual,
          onSlice(scheduler) {
            own = scheduler
            slices += 1
            if (slices === 50) task.cancel()
          },
        })
      } finally {
        ownHasEnded = own?.statistics().coroutines === 0
      }
    }
    const task = server.run(handler)
    await expect(virtual.play(task)).rejects.toThrow('was cancelled')
    expect(ownHasEnded).toBe(true)
    expect(own?.statistics()).toMatchObject({ coroutines: 0, parked: 0, runnable: 0, timers: 0 })
    own?.validate()
    server.validate()
    expect(server.statistics()).toMatchObject({ coroutines: 0, awaited: 0 })
    expect(virtual.pending).toBe(0)
    expect(virtual.reported).toEqual([])
  })

  it('is a cancel for the caller, not a failed benchmark', async () => {
    const task = run(runBenchmark, readChainRequest({ n: 1_000_000 }), { host })
    await new Promise((resolve) => setImmediate(resolve))
    task.cancel('the client went away')
    await expect(task.promise).rejects.toMatchObject({ code: 'TASK_CANCELLED' })
    expect(task.status).toBe('cancelled')
  })

  it('before it has begun leaves no promise that nobody looks at', async () => {
    const task = run(runBenchmark, readChainRequest({ n: 10 }), { host })
    task.cancel()
    await expect(task.promise).rejects.toMatchObject({ code: 'TASK_CANCELLED' })
    await new Promise((resolve) => setImmediate(resolve))
  })
})

describe('a benchmark that goes wrong', () => {
  const sound = workloadOf(readChainRequest({ n: 10 }))

  it('has no report, but an error with a code and the reason', async () => {
    const task = run(runBenchmark, { ...readChainRequest({}), n: 0 }, { host })
    const error = await task.promise.catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(EnckeError)
    expect(error).toMatchObject({
      code: 'ENCKE_ERR_BENCHMARK_FAILED',
      message: 'chain failed, so there are no times: n must be a whole number from 1 (got 0)',
    })
  })

  it('gives no times when its claims do not hold once its scheduler stands still', async () => {
    const broken: Workload = {
      ...sound,
      *body() {
        const conclude = yield* sound.body()
        return (statistics) => conclude({ ...statistics, parked: 1 })
      },
    }
    await expect(run(measuredRuns, broken, 1, { host }).promise).rejects.toThrow(
      'coroutines parked should be 0 (got 1)',
    )
  })

  it('gives no times when two runs counted differently', async () => {
    let runs = 0
    const unsteady: Workload = {
      ...sound,
      *body() {
        const conclude = yield* sound.body()
        runs += 1
        return (statistics) => ({ ...conclude(statistics), trace: runs })
      },
    }
    await expect(run(measuredRuns, unsteady, 2, { host }).promise).rejects.toThrow(/^run 2 counted .*"trace":2/)
  })
})

describe('a server that runs a benchmark', () => {
  it('stays alive meanwhile', async () => {
    const task = run(runBenchmark, readChainRequest({ n: 300_000 }), { host })
    let turns = 0
    let hasEnded = false
    const ended = task.promise.finally(() => {
      hasEnded = true
    })
    while (!hasEnded) {
      await new Promise((resolve) => setImmediate(resolve))
      turns += 1
    }
    await ended
    expect(turns).toBeGreaterThan(10)
  })
})
