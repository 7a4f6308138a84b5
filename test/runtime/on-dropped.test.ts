import { expect, expectTypeOf, it } from 'vitest'
import type { Coroutine } from '../../runtime/index.ts'
import { Channel, local, select, sleep } from '../../runtime/index.ts'
import { host, scheduler } from './fresh-host.ts'

function start(body: () => Coroutine<void>): void {
  scheduler.run(body)
  host.settle()
}

it.each([
  ['dropOldest', [1, 2], [3, 4]],
  ['dropLatest', [3, 4], [1, 2]],
] as const)('a channel with %s tells of each value that it drops, in order', (overflow, lost, left) => {
  const dropped: number[] = []
  const channel = new Channel<number>(2, { overflow, onDropped: (value) => dropped.push(value) })
  start(function* () {
    for (const value of [1, 2, 3]) yield* channel.send(value)
  })
  channel.trySend(4)
  expect(dropped).toEqual(lost)
  expect([channel.tryReceive(), channel.tryReceive()].map((got) => 'value' in got && got.value)).toEqual(left)
})

it('a channel with more than eight values drops the oldest of them, and tells of that one', () => {
  const dropped: number[] = []
  const channel = new Channel<number>(20, { overflow: 'dropOldest', onDropped: (value) => dropped.push(value) })
  for (let value = 1; value <= 25; value += 1) channel.trySend(value)
  expect(dropped).toEqual([1, 2, 3, 4, 5])
  expect(channel.tryReceive()).toEqual({ status: 'value', value: 6 })
})

it('nothing is told of a value that a receiver takes', () => {
  const channel = new Channel<number>(1, {
    overflow: 'dropOldest',
    onDropped: () => expect.unreachable('it was received'),
  })
  start(function* () {
    yield* channel.receive()
  })
  channel.trySend(1)
  host.settle()
})

it('who is told finds the channel as it stays, and may send and receive', () => {
  const lengths: number[] = []
  const overflowing = new Channel<number>(9)
  const channel: Channel<number> = new Channel<number>(1, { overflow: 'dropOldest', onDropped: keep })
  for (const value of [1, 2, 3]) channel.trySend(value)
  expect([lengths, overflowing.length, channel.tryReceive()]).toEqual([[1, 1], 2, { status: 'value', value: 3 }])
  channel.validate()

  function keep(value: number): void {
    lengths.push(channel.length)
    overflowing.trySend(value)
  }
})

it('what it throws is reported and takes nothing back, and outside of coroutines trySend throws it', () => {
  const failure = new Error('on purpose')
  const channel = new Channel<number>(1, {
    overflow: 'dropOldest',
    onDropped: () => {
      throw failure
    },
  })
  const sent: string[] = []
  start(function* () {
    yield* channel.send(1)
    yield* channel.send(2)
    sent.push((yield* select({ sent: channel.send(3) })).case)
  })
  expect([sent, host.reported.splice(0)]).toEqual([['sent'], [failure, failure]])
  expect(() => channel.trySend(4)).toThrow(failure)
  expect(channel.tryReceive()).toEqual({ status: 'value', value: 4 })
})

it('it is called outside of coroutines, when the step of the sender is over', () => {
  const log: string[] = []
  const user = local('nobody')
  const channel: Channel<number> = new Channel<number>(1, { overflow: 'dropLatest', onDropped: tell })
  const task = scheduler.run(function* () {
    user.set('ann')
    for (const value of [1, 2, 3]) {
      yield* channel.send(value)
      log.push(`sent ${value}`)
    }
    yield* sleep(1)
  })
  host.settle()
  expect([log, task.status]).toEqual([
    ['sent 1', 'sent 2', 'sent 3', '2 dropped by nobody', '3 dropped by nobody'],
    'cancelled',
  ])

  function tell(value: number): void {
    log.push(`${value} dropped by ${user.get()}`)
    task.cancel()
  }
})

it('is refused where nothing is dropped, and knows what is sent', () => {
  const onDropped = (_value: number) => {}
  for (const overflow of ['suspend', 'error', undefined] as const) {
    expect(() => new Channel(1, overflow === undefined ? { onDropped } : { overflow, onDropped })).toThrow(RangeError)
  }
  expectTypeOf(new Channel(1, { overflow: 'dropOldest', onDropped })).toEqualTypeOf<Channel<number>>()
})
