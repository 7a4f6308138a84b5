import { expect, it } from 'vitest'
import { run, Scheduler } from '../../../../runtime/index.ts'
import { hackysack } from '../../../../runtime/programs/axon/hackysack.ts'
import { checkHackysack } from '../../../../runtime/programs/hackysack-game.ts'
import { testHackysack } from '../hackysack-claims.ts'

testHackysack('axon', 'mailbox', hackysack)

it('hackysack on axon lets a player alone kick to itself, a turn for each kick, so that others could play', async () => {
  const scheduler = new Scheduler({ deadlock: 'reject' })
  const result = await scheduler.run(hackysack, { players: 1, turns: 100_000 }).promise
  expect(result).toMatchObject({ counter: 100_000, exitsSent: 0, exitsReceived: 0 })
  expect(scheduler.statistics().resumes).toBeGreaterThanOrEqual(100_000)
})

it('hackysack on axon refuses the rendezvous, and says why', async () => {
  await expect(run(hackysack, { players: 2, turns: 1, variant: 'rendezvous' }).promise).rejects.toThrow(
    new RangeError("variant 'rendezvous' cannot be played on axon, whose boxes are buffered: use 'mailbox'"),
  )
})

it('hackysack on axon plays 100,000 players on the default stack', async () => {
  const scheduler = new Scheduler({ deadlock: 'reject' })
  const result = await scheduler.run(hackysack, { players: 100_000, turns: 1_000 }).promise
  expect(result.exitsReceived).toBe(99_999)
  checkHackysack(result, scheduler.statistics())
})
