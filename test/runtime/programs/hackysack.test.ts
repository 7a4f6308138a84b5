import { describe, expect, it } from 'vitest'
import type { SchedulerStatistics } from '../../../runtime/index.ts'
import { Random, run, Scheduler, VirtualHost } from '../../../runtime/index.ts'
import { hackysack } from '../../../runtime/programs/hackysack.ts'
import type { HackysackOptions, HackysackResult, HackysackVariant } from '../../../runtime/programs/hackysack-game.ts'
import { checkHackysack } from '../../../runtime/programs/hackysack-game.ts'
import { BrokenInvariant } from '../../../runtime/programs/invariants.ts'
import { kicked } from '../../../runtime/programs/kicks.ts'

interface Played {
  readonly result: HackysackResult
  readonly statistics: SchedulerStatistics
}

async function play(options: HackysackOptions, scheduler = new Scheduler({ deadlock: 'reject' })): Promise<Played> {
  const result = await scheduler.run(hackysack, options).promise
  scheduler.validate()
  const statistics = scheduler.statistics()
  checkHackysack(result, statistics)
  return { result, statistics }
}

function counters({ result, statistics: { handOvers: _, ...counted } }: Played): unknown {
  return { ...result, ...counted }
}

const variants: HackysackVariant[] = ['mailbox', 'rendezvous']

describe.each(variants)('hackysack, %s', (variant) => {
  it.each([10, 100, 1_000, 10_000, 100_000])('with %i players keeps its claims over 1,000 turns', async (players) => {
    const { result } = await play({ players, turns: 1_000, variant })
    expect(result).toMatchObject({
      counter: 1_000,
      ballsSent: 1_000,
      ballsReceived: 1_000,
      exitsSent: players - 1,
      exitsReceived: players - 1,
      mostInFlight: 1,
      leftInInboxes: 0,
    })
  })

  it.each([
    { players: 2, turns: 1 },
    { players: 2, turns: 5_000 },
    { players: 3, turns: 2 },
    { players: 1_000, turns: 1 },
    { players: 2_000, turns: 100_000 },
  ])('plays $players players × $turns turns', async ({ players, turns }) => {
    const { statistics } = await play({ players, turns, variant })
    expect(statistics.resumes).toBeLessThanOrEqual(2 * players + 2 * turns + 10)
  })

  it('kicks the same with the same seed, and otherwise with another', async () => {
    const game = { players: 50, turns: 500, variant }
    const first = await play({ ...game, seed: 7 })
    const again = await play({ ...game, seed: 7 }, new Scheduler({ deadlock: 'reject', sliceMs: 0 }))
    const other = await play({ ...game, seed: 8 })
    expect(counters(again)).toEqual(counters(first))
    expect(other.result.kicks).not.toBe(first.result.kicks)
  })

  it('kicks to the players that are drawn from the seed, in that order', async () => {
    const { result } = await play({ players: 20, turns: 300, variant, seed: 3 })
    const random = new Random(3)
    let onBall = 0
    let kicks = 0
    for (let turn = 1; turn < 300; turn += 1) {
      let target = random.below(20)
      while (variant === 'rendezvous' && target === onBall) target = random.below(20)
      kicks = kicked(kicks, target)
      onBall = target
    }
    expect(result.kicks).toBe(kicks)
  })

  it('keeps its claims in whatever order the coroutines run, with the same kicks', async () => {
    const game = { players: 100, turns: 300, variant }
    const { result: inOrder } = await play(game)
    for (let seed = 1; seed <= 20; seed += 1) {
      const { result } = await play(game, new Scheduler({ deadlock: 'reject', order: 'shuffle', seed }))
      expect(result.kicks).toBe(inOrder.kicks)
    }
  })

  it('sends everybody home when it is cancelled', async () => {
    for (const resumes of [1, 500, 3_000]) {
      const host = new VirtualHost({ sliceResumes: 1 })
      const scheduler = host.scheduler()
      const task = scheduler.run(hackysack, { players: 2_000, turns: 100_000, variant })
      host.later(function look() {
        if (scheduler.statistics().resumes >= resumes) task.cancel()
        else host.later(look)
      })
      await expect(host.play(task)).rejects.toThrow('was cancelled')
      expect(scheduler.statistics()).toMatchObject({ coroutines: 0, parked: 0, runnable: 0 })
      scheduler.validate()
    }
  })

  it('leaves the heap where it was, after 100 rounds', async () => {
    const gc = globalThis.gc as NodeJS.GCFunction
    const game = { players: 5_000, turns: 1_000, variant }
    for (let round = 0; round < 20; round += 1) await play(game)
    gc()
    const before = process.memoryUsage().heapUsed
    for (let round = 0; round < 100; round += 1) await play(game)
    gc()
    // 500,000 players have come and gone: one byte of each would be twice the tolerance.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(250_000)
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses %d turns', async (turns) => {
    const refused = run(hackysack, { players: 10, turns, variant }).promise
    await expect(refused).rejects.toThrow(new RangeError(`turns must be a whole number from 1 (got ${turns})`))
  })
})

describe('hackysack', () => {
  it('lets a player alone kick to itself, for a million turns', async () => {
    const { result, statistics } = await play({ players: 1, turns: 1_000_000 })
    expect(result).toMatchObject({ counter: 1_000_000, exitsSent: 0, exitsReceived: 0 })
    expect(statistics.resumes).toBeLessThanOrEqual(5)
  })

  it('needs two players who may not', async () => {
    await expect(run(hackysack, { players: 1, turns: 1, variant: 'rendezvous' }).promise).rejects.toThrow(
      "players must be a whole number from 2 with variant 'rendezvous' (got 1)",
    )
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses %d players', async (players) => {
    await expect(run(hackysack, { players, turns: 1 }).promise).rejects.toThrow(RangeError)
  })

  it('refuses a variant and a seed that it does not know', async () => {
    const variant = 'broadcast' as HackysackVariant
    await expect(run(hackysack, { players: 2, turns: 1, variant }).promise).rejects.toThrow(
      "variant must be 'mailbox' or 'rendezvous' (got broadcast)",
    )
    await expect(run(hackysack, { players: 2, turns: 1, seed: 0.5 }).promise).rejects.toThrow(RangeError)
  })
})

describe('the check of a game', () => {
  const resultsGoneWrong: [field: keyof HackysackResult, wrong: number, complaint: string][] = [
    ['counter', 49, 'the counter should be 50 (got 49)'],
    ['ballsSent', 51, 'balls sent should be 50 (got 51)'],
    ['ballsReceived', 51, 'balls received should be 50 (got 51)'],
    ['exitsSent', 8, 'exits sent should be 9 (got 8)'],
    ['exitsReceived', 10, 'exits received should be 9 (got 10)'],
    ['mostInFlight', 2, 'the most balls in flight should be 1 (got 2)'],
    ['leftInInboxes', 1, 'messages left in inboxes should be 0 (got 1)'],
  ]
  it.each(resultsGoneWrong)('objects to %s %i', async (field, wrong, complaint) => {
    const { result, statistics } = await play({ players: 10, turns: 50 })
    const check = () => checkHackysack({ ...result, [field]: wrong }, statistics)
    expect(check).toThrow(BrokenInvariant)
    expect(check).toThrow(complaint)
  })

  it('objects to resumes that grow with players times turns', async () => {
    const { result, statistics } = await play({ players: 10, turns: 50 })
    expect(() => checkHackysack(result, { ...statistics, resumes: 10 * 50 })).toThrow(
      'resumes should be at most 130 (got 500)',
    )
  })

  it('objects to players that did not go home', async () => {
    const { result, statistics } = await play({ players: 10, turns: 50 })
    expect(() => checkHackysack(result, { ...statistics, finished: 10 })).toThrow(
      'coroutines finished should be 10 (got 9)',
    )
  })
})
