import { describe, expect, it } from 'vitest'
import type { Coroutine } from '../../../../runtime/index.ts'
import { run, Scheduler, scope } from '../../../../runtime/index.ts'
import { checkChain } from '../../../../runtime/programs/chain-counts.ts'
import { hackysack as hackysackOnCore } from '../../../../runtime/programs/hackysack.ts'
import { checkHackysack } from '../../../../runtime/programs/hackysack-game.ts'
import { chain } from '../../../../server/benchmarks/threads/chain.ts'
import { hackysack } from '../../../../server/benchmarks/threads/hackysack.ts'
import { RollCall, thread } from '../../../../server/benchmarks/threads/thread.ts'
import { ThreadsWatched } from './threads-watched.ts'

/** Run it on a scheduler of its own, and see that every thread has gone. */
async function play<T>(body: () => Coroutine<T>) {
  using threads = new ThreadsWatched()
  const scheduler = new Scheduler({ deadlock: 'reject' })
  const result = await scheduler.run(body).promise
  scheduler.validate()
  expect(threads.left).toBe(0)
  return { result, statistics: scheduler.statistics(), threads: threads.started.length }
}

describe('the chain on threads', () => {
  it.each([1, 2, 7])('of %i links answers with their number, each a thread', async (n) => {
    const { result, statistics, threads } = await play(() => chain(n))
    expect(result).toEqual({ n, answer: n, sends: n + 1, receives: n + 1 })
    expect(threads).toBe(n)
    checkChain(result, statistics)
  })

  it.each([
    [0, 'n must be a whole number from 1 (got 0)'],
    [65, 'n must be at most 64 on threads (got 65)'],
  ])('refuses %i links, before a thread is started', async (n, message) => {
    using threads = new ThreadsWatched()
    await expect(run(chain, n).promise).rejects.toThrow(new RangeError(message))
    expect(threads.started).toEqual([])
  })
})

describe.each(['mailbox', 'rendezvous'] as const)('hackysack on threads, %s', (variant) => {
  it('plays as the game on the core does with the same seed', async () => {
    for (const seed of [1, 4_294_967_295]) {
      const game = { players: 4, turns: 500, variant, seed }
      const { result, statistics, threads } = await play(() => hackysack(game))
      expect(result).toEqual(await run(hackysackOnCore, game).promise)
      expect(threads).toBe(4)
      checkHackysack(result, statistics)
    }
  })

  it.each([
    { players: 2, turns: 1 },
    { players: 3, turns: 20_000 },
  ])('plays $players players × $turns turns', async ({ players, turns }) => {
    const { result } = await play(() => hackysack({ players, turns, variant }))
    expect(result).toMatchObject({ counter: turns, exitsReceived: players - 1, mostInFlight: 1, leftInInboxes: 0 })
  })
})

describe('hackysack on threads', () => {
  it('lets a player alone kick to itself', async () => {
    const { result } = await play(() => hackysack({ players: 1, turns: 1_000 }))
    expect(result).toMatchObject({ counter: 1_000, exitsSent: 0 })
  })

  it.each([
    [{ players: 65, turns: 1 }, 'players must be at most 64 on threads (got 65)'],
    [
      { players: 1, turns: 1, variant: 'rendezvous' },
      "players must be a whole number from 2 with variant 'rendezvous'",
    ],
  ] as const)('refuses %o', async (options, message) => {
    await expect(run(hackysack, options).promise).rejects.toThrow(message)
  })
})

describe('threads', () => {
  async function cancelled(until: (threads: ThreadsWatched) => Promise<unknown>) {
    using threads = new ThreadsWatched()
    const scheduler = new Scheduler({ deadlock: 'reject' })
    const task = scheduler.run(hackysack, { players: 5, turns: 1_000_000 })
    await until(threads)
    task.cancel('enough')
    await expect(task.promise).rejects.toMatchObject({ code: 'TASK_CANCELLED' })
    expect(threads.left).toBe(0)
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, awaited: 0 })
    scheduler.validate()
  }

  it.each([1, 2, 5])('are gone when their program is cancelled as soon as %i of five are started', async (started) => {
    await cancelled(async (threads) => {
      while (threads.started.length < started) await new Promise((resolve) => setImmediate(resolve))
    })
  })

  it('are gone when their program is cancelled while they play', async () => {
    await cancelled(async (threads) => {
      while (threads.started.length < 5) await new Promise((resolve) => setImmediate(resolve))
      await Promise.all(threads.started.map((worker) => new Promise((up) => worker.once('online', up))))
    })
  })

  it.each([
    ['throws', "throw new RangeError('too far')", new RangeError('too far')],
    ['exits', 'process.exit(3)', new Error('a thread has ended with exit code 3')],
    ['cannot be read', 'this is no script', expect.any(SyntaxError)],
  ])('of which one %s fail their program, and the others are gone', async (_, script, failure) => {
    using threads = new ThreadsWatched()
    const task = run(function* () {
      yield* scope(function* (crew) {
        const rollCall = new RollCall(2)
        crew.spawn(thread, new URL('data:text/javascript,setInterval(() => {}, 1000)'), null, rollCall)
        crew.spawn(thread, new URL(`data:text/javascript,${encodeURIComponent(script)}`), null, rollCall)
      })
    })
    await expect(task.promise).rejects.toEqual(failure)
    expect(threads.started).toHaveLength(2)
    expect(threads.left).toBe(0)
  })

  it('that end by themselves end their program, in whatever order', async () => {
    const { threads } = await play(function* () {
      const rollCall = new RollCall(3)
      yield* scope(function* (crew) {
        for (const script of ['0', '1', '2'])
          crew.spawn(thread, new URL(`data:text/javascript,${script}`), null, rollCall)
        yield* rollCall.complete.wait()
      })
    })
    expect(threads).toBe(3)
  })
})
