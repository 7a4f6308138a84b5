// What every program promises, whatever it does: right results, the same counters every time, nothing left behind.
//
// Chain and hackysack have the same and more in files of their own.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Coroutine, SchedulerStatistics } from '../../../runtime/index.ts'
import { Scheduler, VirtualHost } from '../../../runtime/index.ts'
import { broadcastToMany, checkBroadcastToMany } from '../../../runtime/programs/broadcast-to-many.ts'
import { cancelStorm, checkCancelStorm } from '../../../runtime/programs/cancel-storm.ts'
import { checkFanIn, fanIn } from '../../../runtime/programs/fan-in.ts'
import { BrokenInvariant } from '../../../runtime/programs/invariants.ts'
import { checkParked, parked } from '../../../runtime/programs/parked.ts'
import { checkPingPong, pingPong } from '../../../runtime/programs/ping-pong.ts'
import { checkRing, ring } from '../../../runtime/programs/ring.ts'
import { checkSieve, sieve } from '../../../runtime/programs/sieve.ts'
import { checkSpawnTree, spawnTree } from '../../../runtime/programs/spawn-tree.ts'
import { checkTimers, timers } from '../../../runtime/programs/timers.ts'
import { leastGrowth } from '../heap.ts'

interface Program<Result = never> {
  readonly name: string
  body(): Coroutine<Result>
  check(result: Result, statistics?: SchedulerStatistics): void
  /** What it gives at this size. */
  readonly gives: Result
  /** Each of these makes the result wrong, and this is what the check must say. */
  readonly wrong: readonly (readonly [change: Partial<Result>, complaint: string])[]
}

/** Only here are a program, its check and what is wrong with it known to be about the same result. */
function program<Result>(of: Program<Result>): Program {
  return of as unknown as Program
}

const programs = [
  program({
    name: 'ping-pong',
    body: () => pingPong(2_000),
    check: checkPingPong,
    gives: { roundTrips: 2_000, ball: 4_000 },
    wrong: [
      [{ ball: 3_999 }, 'the ball should be 4000 (got 3999)'],
      [{ roundTrips: 1_999 }, 'the ball should be 3998 (got 4000)'],
    ],
  }),
  program({
    name: 'ring',
    body: () => ring({ stations: 50, tokens: 20, laps: 4 }),
    check: checkRing,
    gives: { stations: 50, tokens: 20, laps: 4, hops: 4_000, fewestVisits: 80, mostVisits: 80 },
    wrong: [
      [{ hops: 3_999 }, 'hops should be 4000 (got 3999)'],
      [{ fewestVisits: 79 }, 'the fewest visits to a station should be 80 (got 79)'],
      [{ mostVisits: 81 }, 'the most visits to a station should be 80 (got 81)'],
    ],
  }),
  program({
    name: 'sieve',
    body: () => sieve(541),
    check: checkSieve,
    gives: { limit: 541, primes: 100, sum: 24_133, largest: 541 },
    wrong: [
      [{ primes: 99 }, 'primes should be 100 (got 99)'],
      [{ sum: 24_132 }, 'their sum should be 24133 (got 24132)'],
      [{ largest: 523 }, 'the largest should be 541 (got 523)'],
      [{ limit: 547 }, 'primes should be 101 (got 100)'],
    ],
  }),
  program({
    name: 'fan-in',
    body: () => fanIn({ channels: 10, messages: 200 }),
    check: checkFanIn,
    gives: { channels: 10, messages: 200, received: 2_000, outOfOrder: 0, closed: 10 },
    wrong: [
      [{ received: 1_999 }, 'messages received should be 2000 (got 1999)'],
      [{ outOfOrder: 1 }, 'messages out of order should be 0 (got 1)'],
      [{ closed: 9 }, 'channels closed should be 10 (got 9)'],
    ],
  }),
  program({
    name: 'spawn tree',
    body: () => spawnTree({ depth: 5, branches: 4 }),
    check: checkSpawnTree,
    gives: { depth: 5, branches: 4, leaves: 1_024 },
    wrong: [
      [{ leaves: 1_023 }, 'leaves should be 1024 (got 1023)'],
      [{ depth: 4 }, 'leaves should be 256 (got 1024)'],
    ],
  }),
  program({
    name: 'cancel storm',
    body: () => cancelStorm(300),
    check: checkCancelStorm,
    gives: { coroutines: 300, cancelled: 600, cleanedUp: 600, served: 0, stillWaiting: 0 },
    wrong: [
      [{ cancelled: 599 }, 'the cancelled should be 600 (got 599)'],
      [{ cleanedUp: 601 }, 'those that cleaned up should be 600 (got 601)'],
      [{ served: 1 }, 'those that got what they waited for should be 0 (got 1)'],
      [{ stillWaiting: 2 }, 'those that still wait should be 0 (got 2)'],
    ],
  }),
  program({
    name: 'broadcast to many',
    body: () => broadcastToMany({ readers: 50, bursts: 20, burstSize: 11, capacity: 8 }),
    check: checkBroadcastToMany,
    gives: { readers: 50, bursts: 20, burstSize: 11, capacity: 8, read: 8_000, missed: 3_000, outOfOrder: 0 },
    wrong: [
      [{ read: 7_999 }, 'messages read should be 8000 (got 7999)'],
      [{ missed: 3_001 }, 'messages missed should be 3000 (got 3001)'],
      [{ outOfOrder: 1 }, 'messages out of order should be 0 (got 1)'],
    ],
  }),
  program({
    name: 'timers',
    body: () => timers({ sleepers: 500, longestMs: 10, seed: 3 }),
    check: checkTimers,
    gives: { sleepers: 500, woken: 500, calledOff: 500 },
    wrong: [
      [{ woken: 499 }, 'those that woke by themselves should be 500 (got 499)'],
      [{ calledOff: 501 }, 'those that were called off should be 500 (got 501)'],
    ],
  }),
  program({
    name: 'parked',
    body: () => parked(2_000, () => {}),
    check: checkParked,
    gives: { coroutines: 2_000, received: 2_000 },
    wrong: [[{ received: 1_999 }, 'values received should be 2000 (got 1999)']],
  }),
]

interface VirtualOptions {
  readonly sliceResumes?: number
  readonly seed?: number
  readonly order?: 'shuffle'
}

interface Played {
  readonly result: never
  readonly statistics: SchedulerStatistics
}

async function play({ body, check }: Program, scheduler = new Scheduler({ deadlock: 'reject' })): Promise<Played> {
  const result = await scheduler.run(body).promise
  scheduler.validate()
  const statistics = scheduler.statistics()
  check(result, statistics)
  return { result, statistics }
}

async function playVirtually(program: Program, options: VirtualOptions): Promise<Played> {
  const { sliceResumes = 64, ...others } = options
  const host = new VirtualHost({ sliceResumes })
  const scheduler = host.scheduler(others)
  const result = await host.play(scheduler.run(program.body))
  expect(host.reported).toEqual([])
  expect(host.pending).toBe(0)
  scheduler.validate()
  const statistics = scheduler.statistics()
  program.check(result, statistics)
  return { result, statistics }
}

function counters({ result, statistics: { handOvers: _, ...counted } }: Played): unknown {
  return { ...(result as object), ...counted }
}

/** Of a program's file, without comments and blank lines. */
function linesOfCode(name: string): number {
  const url = new URL(`../../../runtime/programs/${name.replaceAll(' ', '-')}.ts`, import.meta.url)
  const code = readFileSync(url, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  return code.split('\n').filter((line) => line.trim() !== '').length
}

describe.each(programs)('$name', (program) => {
  it('is short enough to be read at a glance: 30 to 60 lines of code', () => {
    expect(linesOfCode(program.name)).toBeGreaterThanOrEqual(30)
    expect(linesOfCode(program.name)).toBeLessThanOrEqual(60)
  })

  it('gives what it should', async () => {
    const { result } = await play(program)
    expect(result).toEqual(program.gives)
  })

  it('objects to a wrong result, and says what is wrong', async () => {
    const { result, statistics } = await play(program)
    for (const [change, complaint] of program.wrong) {
      const check = () => program.check(Object.assign({}, result, change), statistics)
      expect(check).toThrow(BrokenInvariant)
      expect(check).toThrow(complaint)
      expect(() => program.check(Object.assign({}, result, change))).toThrow(complaint)
    }
  })

  it('objects to a scheduler that is not done, or has done too much', async () => {
    const { result, statistics } = await play(program)
    const wrong = (change: Partial<SchedulerStatistics>) => () => program.check(result, { ...statistics, ...change })
    expect(wrong({ spawned: statistics.spawned + 1 })).toThrow(/coroutines spawned should be/)
    expect(wrong({ parked: 1 })).toThrow('coroutines parked should be 0 (got 1)')
    expect(wrong({ timers: 1 })).toThrow('timers left should be 0 (got 1)')
  })

  it('counts the same in two runs, however often it hands over to the host', async () => {
    const often = await playVirtually(program, { sliceResumes: 1 })
    const seldom = await playVirtually(program, { sliceResumes: 1_000_000 })
    expect(counters(often)).toEqual(counters(seldom))
  })

  it('keeps its claims in whatever order the coroutines run', async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const { result } = await playVirtually(program, { order: 'shuffle', seed })
      expect(result).toEqual(program.gives)
    }
  })

  it('leaves nothing when it is cancelled, wherever it has got to', async () => {
    const { statistics } = await playVirtually(program, {})
    for (const share of [0, 0.1, 0.3, 0.5, 0.7, 0.9]) {
      const host = new VirtualHost({ sliceResumes: 1 })
      let resumes = 0
      const scheduler = host.scheduler({
        trace: ({ kind }) => {
          if (kind === 'resume' && (resumes += 1) === Math.ceil(share * statistics.resumes))
            host.soon(() => task.cancel())
        },
      })
      const task = scheduler.run(program.body)
      if (share === 0) task.cancel()
      const outcome = await host.play(task).catch((error) => error)
      // With nothing left to wait for, it gives its result all the same.
      if (outcome instanceof Error) expect(outcome.message).toMatch('was cancelled')
      else expect([share > 0.1, outcome]).toEqual([true, program.gives])
      expect(scheduler.statistics()).toMatchObject({ coroutines: 0, parked: 0, runnable: 0, timers: 0 })
      expect(host.reported).toEqual([])
      expect(host.pending).toBe(0)
      scheduler.validate()
    }
  })

  it('leaves the heap where it was, after 100 rounds', async () => {
    for (let round = 0; round < 20; round += 1) await playVirtually(program, {})
    // Each of the programs makes 50,000 coroutines, or 200,000 operations, meanwhile: two bytes of each would be as much.
    const most = 100_000
    const grown = await leastGrowth(most, async () => {
      for (let round = 0; round < 100; round += 1) await playVirtually(program, {})
    })
    expect(grown).toBeLessThan(most)
  })
})
