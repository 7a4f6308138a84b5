import { expect, it } from 'vitest'
import { run, Scheduler } from '../../../../runtime/index.ts'
import { hackysack } from '../../../../runtime/programs/greenlet/hackysack.ts'
import { testHackysack } from '../hackysack-claims.ts'

testHackysack('greenlet', 'mailbox', hackysack)

it('hackysack on greenlet lets a player alone kick to itself, for a million turns', async () => {
  const scheduler = new Scheduler({ deadlock: 'reject' })
  const result = await scheduler.run(hackysack, { players: 1, turns: 1_000_000 }).promise
  expect(result).toMatchObject({ counter: 1_000_000, exitsSent: 0, exitsReceived: 0 })
  expect(scheduler.statistics().resumes).toBeLessThanOrEqual(5)
})

it('hackysack on greenlet refuses the rendezvous, and says why', async () => {
  await expect(run(hackysack, { players: 2, turns: 1, variant: 'rendezvous' }).promise).rejects.toThrow(
    new RangeError("variant 'rendezvous' cannot be played on greenlets, whose writes never block: use 'mailbox'"),
  )
})

it('hackysack on greenlet plays 100,000 players on the default stack', async () => {
  const scheduler = new Scheduler({ deadlock: 'reject' })
  const result = await scheduler.run(hackysack, { players: 100_000, turns: 1_000, variant: 'mailbox' }).promise
  expect(result.exitsReceived).toBe(99_999)
})
