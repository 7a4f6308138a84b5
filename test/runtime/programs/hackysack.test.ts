import { describe, expect, it } from 'vitest'
import type { SchedulerStatistics } from '../../../runtime/index.ts'
import { Random, run, Scheduler } from '../../../runtime/index.ts'
import { hackysack } from '../../../runtime/programs/hackysack.ts'
import type { HackysackOptions, HackysackResult, HackysackVariant } from '../../../runtime/programs/hackysack-game.ts'
import { checkHackysack } from '../../../runtime/programs/hackysack-game.ts'
import { BrokenInvariant } from '../../../runtime/programs/invariants.ts'
import { kicked } from '../../../runtime/programs/kicks.ts'
import { testHackysack } from './hackysack-claims.ts'

interface Played {
  readonly result: HackysackResult
  readonly statistics: SchedulerStatistics
}

async function play(options: HackysackOptions): Promise<Played> {
  const scheduler = new Scheduler({ deadlock: 'reject' })
  const result = await scheduler.run(hackysack, options).promise
  const statistics = scheduler.statistics()
  checkHackysack(result, statistics)
  return { result, statistics }
}

const variants: HackysackVariant[] = ['mailbox', 'rendezvous']

describe.each(variants)('hackysack, %s', (variant) => {
  testHackysack('the core', variant, hackysack)

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
