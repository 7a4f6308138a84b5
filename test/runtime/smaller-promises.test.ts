// Promises that are small, and were broken: each by one program.

import { describe, expect, it } from 'vitest'
import type { Coroutine, Operation, Task } from '../../runtime/index.ts'
import {
  after,
  Channel,
  defaultHost,
  Latch,
  merge,
  Scheduler,
  SelectableOperation,
  scope,
  select,
  shield,
  sleep,
  timeout,
  toReadableStream,
  traceLine,
  VirtualHost,
} from '../../runtime/index.ts'
import { host, scheduler } from './fresh-host.ts'
import { catching, running } from './outcomes.ts'

describe('a stream of a channel that is cancelled', () => {
  const supplies = ['the channel', 'channels that are merged'] as const

  it.each(supplies)('at the hand-over has had the value, or has left it in the channel: %s', async (supply) => {
    const real = new Scheduler({ host: defaultHost() })
    for (const turns of [0, 1, 2, 3, 4, 5]) {
      for (const isBuffered of [true, false]) {
        const channel = new Channel<string>(isBuffered ? 1 : 0)
        const source = supply === 'the channel' ? channel : merge(channel, new Channel<string>())
        const reader = toReadableStream(source, { scheduler: real }).getReader()
        const read = reader.read()
        if (isBuffered) channel.trySend('value')
        else real.run(() => running(channel.send('value')))
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
        await reader.cancel()
        const { value } = await read
        await new Promise((resolve) => setImmediate(resolve))
        const left = channel.tryReceive()
        expect([value, left.status === 'value' ? left.value : undefined].filter(Boolean)).toEqual(['value'])
      }
    }
  })
})

describe('a coroutine that swallows its cancels', () => {
  it('is reported after 1,000 of them also if it waits behind a shield in between', () => {
    const task = scheduler.run(function* stubborn(): Coroutine<void> {
      for (let swallowed = 0; swallowed < 1_000; swallowed += 1) {
        try {
          yield* sleep(1)
        } catch {
          yield* shield(() => running(after(0)))
        }
      }
    })
    host.settle()
    task.cancel()
    host.settle()
    expect(host.reported.splice(0)).toEqual([
      expect.objectContaining({
        code: 'MISUSE',
        message: expect.stringContaining('swallowed its cancellation 1000 times'),
      }),
    ])
  })
})

describe('what cannot be put into words', () => {
  const failing = () => {
    throw new Error('no words')
  }

  it.each<[string, (task: Task<unknown>) => void, () => Operation<unknown>]>([
    ['a label', (task) => Object.assign(task, { label: failing }), () => new Latch().wait()],
    [
      'a label that is no text',
      (task) => Object.assign(task, { label: () => Symbol('label') }),
      () => new Latch().wait(),
    ],
    ['an operation', () => {}, () => new Wordless()],
    ['an operation in a select', () => {}, () => select({ wordless: new Wordless() })],
  ])('stops no deadlock from being told: %s', async (_what, mark, operation) => {
    const lines: string[] = []
    const strict = host.scheduler({ trace: (event) => lines.push(traceLine(event)) })
    const task = strict.run(() => running(operation()))
    mark(task)
    const outcome = expect(task.promise).rejects.toThrow('cannot be put into words')
    host.finish()
    await outcome
    expect(lines.join()).toContain('cannot be put into words')
    expect(strict.run(() => running(sleep(0))).status).toBe('runnable')
    host.finish()
    expect(strict.statistics().coroutines).toBe(0)
  })

  it('stops no cancel: a reason without a text', () => {
    const task = scheduler.run(() => running(new Latch().wait()))
    host.settle()
    task.cancel(Object.create(null))
    host.settle()
    expect(task.status).toBe('cancelled')
  })

  it('stops no step: a trace that throws is reported', () => {
    const traced = host.scheduler({
      trace({ kind }) {
        if (kind === 'park') throw new Error('no trace')
      },
    })
    const task = traced.run(() => running(sleep(1)))
    host.finish()
    expect(task.status).toBe('done')
    expect(host.reported.splice(0)).toEqual([expect.objectContaining({ message: 'no trace' })])
  })
})

describe('a coroutine that yields what is no operation', () => {
  it.each<[string, Iterable<unknown>]>([
    ['an array', [1]],
    ['a string', 'ab'],
    ['a Set', new Set([1])],
    ['a Map', new Map([[1, 2]])],
    ['an iterator of its own', [1].values().map((value) => value)],
  ])('gets Misuse where it does, and can go on: %s', (_what, iterable) => {
    const task = scheduler.run(function* () {
      const error = yield* catching(iterable as Operation<never>)
      yield* sleep(1)
      return error
    })
    host.advance(1)
    expect('throw' in [].values()).toBe(false)
    return expect(task.promise).resolves.toMatchObject({
      code: 'MISUSE',
      message: expect.stringContaining('bare yield'),
    })
  })
})

describe('a virtual host', () => {
  it.each([-5, Number.NaN, Number.POSITIVE_INFINITY, '5' as never])('moves forward only: advance(%s)', (ms) => {
    const virtual = new VirtualHost()
    virtual.advance(10)
    expect(() => virtual.advance(ms)).toThrow(RangeError)
    expect(virtual.now()).toBe(10)
  })

  it.each([0, -1, Number.NaN])('has slices of one resume at least: %d', (sliceResumes) => {
    expect(() => new VirtualHost({ sliceResumes })).toThrow(RangeError)
  })
})

describe('a generator that is spawned twice', () => {
  it('stays with the first coroutine, which gets its value; the second one fails of Misuse', () => {
    const channel = new Channel<string>()
    const generator = running(channel.receive())
    const [first, second] = [scheduler.run(() => generator), scheduler.run(() => generator)]
    host.settle()
    expect(channel.trySend('value')).toBe(true)
    host.settle()
    expect([first.status, second.status]).toEqual(['done', 'failed'])
    host.reported.splice(0)
    return Promise.all([
      expect(first.promise).resolves.toBe('value'),
      expect(second.promise).rejects.toMatchObject({ code: 'MISUSE' }),
    ])
  })

  it('does so also inside scopes and selects', () => {
    const channel = new Channel<string>()
    const bodies: (() => Coroutine<unknown>)[] = [
      () => running(scope(() => running(channel.receive()))),
      () => running(select({ value: channel.receive(), never: new Latch().wait() })),
    ]
    for (const body of bodies) {
      const generator = body()
      const [first, second] = [scheduler.run(() => generator), scheduler.run(() => running(scope(() => generator)))]
      host.settle()
      expect(channel.trySend('value')).toBe(true)
      host.settle()
      expect([first.status, second.status]).toEqual(['done', 'failed'])
      expect(host.reported.splice(0)).toEqual([expect.objectContaining({ code: 'MISUSE' })])
    }
  })
})

class Wordless extends SelectableOperation<void> {
  poll(): boolean {
    return false
  }

  take(): void {}

  describe(): string {
    throw new Error('no words')
  }

  protected enlist(): void {}
}

describe('a body whose name is no text', () => {
  it('is stopped by its limit as any other', () => {
    const body = function* (): Coroutine<void> {
      yield* sleep(100)
    }
    Object.defineProperty(body, 'name', { value: Symbol('no text') })
    const task = scheduler.run(() => catching(timeout(5, body)))
    host.finish()
    return expect(task.promise).resolves.toMatchObject({ code: 'TIMEOUT', limitMs: 5 })
  })
})
