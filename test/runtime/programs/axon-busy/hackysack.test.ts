import { expect, it } from 'vitest'
import type { SchedulerStatistics } from '../../../../runtime/index.ts'
import { run, Scheduler, VirtualHost } from '../../../../runtime/index.ts'
import { hackysack, hackysackCosts } from '../../../../runtime/programs/axon-busy/hackysack.ts'
import { hackysack as onCore } from '../../../../runtime/programs/hackysack.ts'
import type { HackysackOptions, HackysackResult } from '../../../../runtime/programs/hackysack-game.ts'
import { checkHackysack } from '../../../../runtime/programs/hackysack-game.ts'

interface Played {
  readonly result: HackysackResult
  readonly statistics: SchedulerStatistics
}

async function play(options: HackysackOptions, scheduler = new Scheduler({ deadlock: 'reject' })): Promise<Played> {
  const result = await scheduler.run(hackysack, options).promise
  scheduler.validate()
  return { result, statistics: scheduler.statistics() }
}

it.each([
  { players: 1, turns: 1 },
  { players: 1, turns: 1_000 },
  { players: 2, turns: 1 },
  { players: 3, turns: 2 },
  { players: 10, turns: 1_000 },
  { players: 100, turns: 1_000 },
  { players: 2_000, turns: 10 },
])('busy hackysack plays $players players × $turns turns', async (options) => {
  const { result, statistics } = await play(options)
  expect(result).toMatchObject({ counter: options.turns, exitsReceived: options.players - 1, leftInInboxes: 0 })
  checkHackysack(result, statistics, hackysackCosts(options))
})

it('busy hackysack plays 10,000 players × 1,000 turns, as published, in seconds', async () => {
  const options = { players: 10_000, turns: 1_000 }
  const { result, statistics } = await play(options)
  checkHackysack(result, statistics, hackysackCosts(options))
})

it('busy hackysack resumes players times turns, half of them on the average, and does not hide it', async () => {
  const { result, statistics } = await play({ players: 200, turns: 500 })
  expect(statistics.resumes).toBeGreaterThan(0.4 * 200 * 500)
  expect(() => checkHackysack(result, statistics)).toThrow('resumes should be at most 1410')
})

it('busy hackysack kicks as the game on the core does with the same seed, and otherwise with another', async () => {
  const kicks: number[] = []
  for (const seed of [1, 7, 123_456_789]) {
    const { result } = await play({ players: 50, turns: 500, seed })
    const there = await new Scheduler().run(onCore, { players: 50, turns: 500, seed }).promise
    expect(result.kicks).toBe(there.kicks)
    kicks.push(result.kicks)
  }
  expect(new Set(kicks).size).toBe(3)
})

it('busy hackysack counts the same in two runs, however often it hands over to the host', async () => {
  const counters = ({ result, statistics: { handOvers: _, ...counted } }: Played) => ({ ...result, ...counted })
  const game = { players: 2_000, turns: 50 }
  const slow = await play(game, new Scheduler({ deadlock: 'reject', sliceMs: 0 }))
  const fast = await play(game, new Scheduler({ deadlock: 'reject', sliceMs: 60_000 }))
  expect(counters(slow)).toEqual(counters(fast))
})

it('busy hackysack keeps its claims in whatever order the coroutines run, with the same kicks', async () => {
  const game = { players: 50, turns: 100 }
  const { result: inOrder } = await play(game)
  for (let seed = 1; seed <= 20; seed += 1) {
    const { result, statistics } = await play(game, new Scheduler({ deadlock: 'reject', order: 'shuffle', seed }))
    // How long a player has to wait for its turn is then a matter of luck.
    checkHackysack(result, statistics, { mostResumes: Number.POSITIVE_INFINITY })
    expect(result.kicks).toBe(inOrder.kicks)
  }
})

it('busy hackysack sends everybody home when it is cancelled', async () => {
  const host = new VirtualHost({ sliceResumes: 1 })
  const scheduler = host.scheduler()
  const task = scheduler.run(hackysack, { players: 500, turns: 100_000 })
  host.later(function look() {
    if (scheduler.statistics().resumes >= 5_000) task.cancel()
    else host.later(look)
  })
  await expect(host.play(task)).rejects.toThrow('was cancelled')
  expect(scheduler.statistics()).toMatchObject({ coroutines: 0, parked: 0, runnable: 0 })
  expect(host.reported).toEqual([])
})

it('busy hackysack refuses the rendezvous, and turns that are none', async () => {
  await expect(run(hackysack, { players: 2, turns: 1, variant: 'rendezvous' }).promise).rejects.toThrow('on axon')
  await expect(run(hackysack, { players: 2, turns: 0 }).promise).rejects.toThrow(RangeError)
})
