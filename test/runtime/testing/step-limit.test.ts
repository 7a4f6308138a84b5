import { describe, expect, it } from 'vitest'
import type { Coroutine } from '../../../runtime/index.ts'
import { Channel, checkpoint, Latch, scope, sleep, VirtualHost } from '../../../runtime/index.ts'

const spinning: [string, () => Coroutine<void>][] = [
  [
    'a loop of checkpoints',
    function* loop() {
      for (;;) yield* checkpoint()
    },
  ],
  [
    'a loop of operations that are ready',
    function* loop() {
      const open = new Latch()
      open.open()
      for (;;) yield* open.wait()
    },
  ],
  [
    'two that wake each other',
    function* loop() {
      const ball = new Channel<number>()
      yield* scope(function* (players) {
        players.spawn(function* () {
          for (;;) yield* ball.send(1)
        })
        for (;;) yield* ball.receive()
      })
    },
  ],
  [
    'a timer that is set again and again',
    function* loop() {
      for (;;) yield* sleep(1)
    },
  ],
]

describe('a program that spins', () => {
  it.each(spinning)('is stopped after so many steps, and named: %s', (_what, body) => {
    const host = new VirtualHost({ mostSteps: 10_000 })
    expect(() => host.run(body)).toThrow(/spins, or has no end: .* after 10000 steps of one call .*\n.*loop#1/s)
  })

  it('is stopped where a test only waits for a task, too', async () => {
    const host = new VirtualHost({ mostSteps: 10_000 })
    const [, body] = spinning[0] as [string, () => Coroutine<void>]
    await expect(host.play(host.scheduler().run(body))).rejects.toThrow('the program spins')
  })

  it('is told apart from one that is only long: each call may make so many', () => {
    const host = new VirtualHost({ mostSteps: 2_000 })
    host.scheduler().run(function* () {
      for (let round = 0; round < 10_000; round += 1) yield* sleep(1)
    })
    for (let second = 0; second < 10; second += 1) host.advance(1_000)
    expect(host.now()).toBe(10_000)
    expect(host.pending).toBe(0)
  })

  it('is not stopped by a host that never gives up, or by the default before its time', () => {
    for (const host of [new VirtualHost({ mostSteps: Number.POSITIVE_INFINITY }), new VirtualHost()]) {
      host.run(function* () {
        for (let round = 0; round < 100_000; round += 1) yield* sleep(1)
      })
      expect(host.now()).toBe(100_000)
    }
  })

  it('needs a number of steps that makes sense', () => {
    for (const mostSteps of [0, -1, Number.NaN]) expect(() => new VirtualHost({ mostSteps })).toThrow(RangeError)
  })
})
