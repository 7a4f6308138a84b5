import { expect, it } from 'vitest'
import { run, Scheduler } from '../../../../runtime/index.ts'
import { checkHackysack } from '../../../../runtime/programs/hackysack-game.ts'
import { hackysack, hackysackCosts } from '../../../../runtime/programs/stackless/hackysack.ts'
import { testHackysack } from '../hackysack-claims.ts'

testHackysack('stackless', 'mailbox', hackysack, hackysackCosts)
testHackysack('stackless', 'rendezvous', hackysack, hackysackCosts)

it('hackysack on stackless lets a player alone kick to itself, for a million turns', async () => {
  const scheduler = new Scheduler({ deadlock: 'reject' })
  const result = await scheduler.run(hackysack, { players: 1, turns: 1_000_000 }).promise
  expect(result).toMatchObject({ counter: 1_000_000, exitsSent: 0, exitsReceived: 0 })
  expect(scheduler.statistics().resumes).toBeLessThanOrEqual(5)
})

it('hackysack on stackless needs two players who may not kick to themselves', async () => {
  await expect(run(hackysack, { players: 1, turns: 1, variant: 'rendezvous' }).promise).rejects.toThrow(
    "players must be a whole number from 2 with variant 'rendezvous' (got 1)",
  )
})

it('hackysack on stackless pays for the rendezvous with a resume for every exit, and does not hide it', async () => {
  const game = { players: 1_000, turns: 1, variant: 'rendezvous' } as const
  const scheduler = new Scheduler({ deadlock: 'reject' })
  const result = await scheduler.run(hackysack, game).promise
  expect(() => checkHackysack(result, scheduler.statistics())).toThrow('resumes should be at most 2012')
  expect(() => checkHackysack(result, scheduler.statistics(), hackysackCosts(game))).not.toThrow()
})

it('hackysack on stackless plays 100,000 players on the default stack', async () => {
  const scheduler = new Scheduler({ deadlock: 'reject' })
  const result = await scheduler.run(hackysack, { players: 100_000, turns: 1_000, variant: 'rendezvous' }).promise
  expect(result.exitsReceived).toBe(99_999)
})
