// What every game of hackysack must keep, whatever model its players are made of: the same tests for each.

import { describe, expect, it } from 'vitest'
import type { Coroutine, SchedulerStatistics } from '../../../runtime/index.ts'
import { run, Scheduler, VirtualHost } from '../../../runtime/index.ts'
import { hackysack as onCore } from '../../../runtime/programs/hackysack.ts'
import type { HackysackOptions, HackysackResult, HackysackVariant } from '../../../runtime/programs/hackysack-game.ts'
import { checkHackysack } from '../../../runtime/programs/hackysack-game.ts'
import type { ModelCosts } from '../../../runtime/programs/invariants.ts'
import { leastGrowth } from '../heap.ts'

type Hackysack = (options: HackysackOptions) => Coroutine<HackysackResult>

interface Played {
  readonly result: HackysackResult
  readonly statistics: SchedulerStatistics
}

export function testHackysack(
  model: string,
  variant: HackysackVariant,
  hackysack: Hackysack,
  costs: (options: HackysackOptions) => ModelCosts = () => ({}),
): void {
  async function play(options: HackysackOptions, scheduler = new Scheduler({ deadlock: 'reject' })): Promise<Played> {
    const result = await scheduler.run(hackysack, options).promise
    scheduler.validate()
    const statistics = scheduler.statistics()
    checkHackysack(result, statistics, costs(options))
    return { result, statistics }
  }

  describe(`hackysack on ${model}, ${variant}`, () => {
    it.each([10, 1_000, 30_000])('with %i players keeps its claims over 1,000 turns', async (players) => {
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
      const { result } = await play({ players, turns, variant })
      expect(result.counter).toBe(turns)
    })

    it('kicks as the game on the core does with the same seed, and otherwise with another', async () => {
      const game = { players: 50, turns: 500, variant }
      for (const seed of [1, 7, 123_456_789]) {
        const { result } = await play({ ...game, seed })
        const there = await new Scheduler().run(onCore, { ...game, seed }).promise
        expect(result.kicks).toBe(there.kicks)
      }
      const [first, second] = [await play({ ...game, seed: 1 }), await play({ ...game, seed: 2 })]
      expect(first.result.kicks).not.toBe(second.result.kicks)
    })

    it('counts the same in two runs, however often it hands over to the host', async () => {
      const game = { players: 2_000, turns: 500, variant }
      const slow = await play(game, new Scheduler({ deadlock: 'reject', sliceMs: 0 }))
      const fast = await play(game, new Scheduler({ deadlock: 'reject', sliceMs: 60_000 }))
      expect(counters(slow)).toEqual(counters(fast))
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
        expect(host.reported).toEqual([])
        scheduler.validate()
      }
    })

    it('leaves the heap where it was, after 100 rounds', async () => {
      const game = { players: 1_000, turns: 500, variant }
      for (let round = 0; round < 20; round += 1) await play(game)
      // 100,000 players come and go each time: three bytes of each would be above the tolerance.
      const most = 250_000
      const grown = await leastGrowth(most, async () => {
        for (let round = 0; round < 100; round += 1) await play(game)
      })
      expect(grown).toBeLessThan(most)
    })

    it.each([0, -1, 1.5, Number.NaN])('refuses %d turns', async (turns) => {
      const refused = run(hackysack, { players: 10, turns, variant }).promise
      await expect(refused).rejects.toThrow(new RangeError(`turns must be a whole number from 1 (got ${turns})`))
    })
  })
}

function counters({ result, statistics: { handOvers: _, ...counted } }: Played): unknown {
  return { ...result, ...counted }
}
