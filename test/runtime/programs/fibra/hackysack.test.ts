import { expect, it } from 'vitest'
import { run, Scheduler } from '../../../../runtime/index.ts'
import { hackysack, hackysackCosts } from '../../../../runtime/programs/fibra/hackysack.ts'
import { checkHackysack } from '../../../../runtime/programs/hackysack-game.ts'
import { testHackysack } from '../hackysack-claims.ts'

testHackysack('fibra', 'mailbox', hackysack, hackysackCosts)
testHackysack('fibra', 'rendezvous', hackysack, hackysackCosts)

it('hackysack on fibra lets a player alone kick to itself, for a million turns', async () => {
  const scheduler = new Scheduler({ deadlock: 'reject' })
  const result = await scheduler.run(hackysack, { players: 1, turns: 1_000_000 }).promise
  expect(result).toMatchObject({ counter: 1_000_000, exitsSent: 0, exitsReceived: 0 })
  expect(scheduler.statistics().resumes).toBeLessThanOrEqual(10)
})

it('hackysack on fibra needs two players who may not kick to themselves', async () => {
  await expect(run(hackysack, { players: 1, turns: 1, variant: 'rendezvous' }).promise).rejects.toThrow(
    "players must be a whole number from 2 with variant 'rendezvous' (got 1)",
  )
})

it('hackysack on fibra plays 100,000 players on the default stack', async () => {
  const options = { players: 100_000, turns: 1_000, variant: 'rendezvous' } as const
  const scheduler = new Scheduler({ deadlock: 'reject' })
  const result = await scheduler.run(hackysack, options).promise
  expect(result.exitsReceived).toBe(99_999)
  checkHackysack(result, scheduler.statistics(), hackysackCosts(options))
})
