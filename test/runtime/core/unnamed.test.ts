import { expect, it } from 'vitest'
import type { Operation, Selectable } from '../../../runtime/index.ts'
import {
  Broadcast,
  Channel,
  Deferred,
  from,
  Latch,
  Mutex,
  Semaphore,
  select,
  traceLine,
  VirtualHost,
} from '../../../runtime/index.ts'
import { host, scheduler } from '../fresh-host.ts'

function park(...operations: (() => Operation<unknown>)[]): void {
  for (const operation of operations) {
    scheduler.run(function* () {
      yield* operation()
    })
  }
  host.settle()
}

/** What each coroutine waits for. */
function waits(): (string | null)[] {
  return [...scheduler.coroutines()].map(({ waitsFor }) => waitsFor)
}

it('channels without a name are told apart in a dump, and one is the same wherever it comes up', () => {
  const [a, b] = [new Channel<number>(), new Channel<number>()]
  const named = new Channel<number>(0, { name: 'jobs' })
  park(
    () => a.receive(),
    () => named.receive(),
    () => b.receive(),
    () => select({ one: a.receive(), other: b.receive() }),
  )
  const words = [
    'receive a channel',
    'receive jobs',
    'receive a channel (2)',
    'select{ one: receive a channel | other: receive a channel (2) }',
  ]
  expect(waits()).toEqual(words)
  expect(waits()).toEqual(words) // by the order in the dump alone
  expect([a.name, b.name]).toEqual(['a channel', 'a channel'])
})

it.each<[string, () => Selectable<unknown>]>([
  ['wait a latch', () => new Latch().wait()],
  ['news of a broadcast', () => new Broadcast<number>(1).subscribe().changed()],
  ['wait a deferred value', () => new Deferred<number>().wait()],
  [
    'acquire a mutex',
    () => {
      const mutex = new Mutex()
      mutex.tryAcquire()
      return mutex.acquire()
    },
  ],
  [
    'acquire a semaphore',
    () => {
      const semaphore = new Semaphore(2)
      semaphore.tryAcquire(2)
      return semaphore.acquire()
    },
  ],
  ['next of a source', () => from(new ReadableStream<number>()).next()],
])('so is all else that can go without one: %s', (words, operation) => {
  park(operation, operation)
  expect(waits()).toEqual([words, `${words} (2)`])
})

it('a deadlock tells them apart as well', () => {
  const [a, b] = [new Channel<number>(), new Channel<number>()]
  const rejecting = new VirtualHost()
  expect(() =>
    rejecting.run(function* () {
      yield* select({ a: a.receive(), b: b.receive() })
    }),
  ).toThrow('select{ a: receive a channel | b: receive a channel (2) }')
})

it('a trace does not: two runs of one program have the same', () => {
  const traces = [1, 2].map(() => {
    const lines: string[] = []
    const traced = new VirtualHost()
    const program = traced.scheduler({ deadlock: 'ignore', trace: (event) => lines.push(traceLine(event)) })
    for (let count = 0; count < 2; count += 1) {
      program.run(function* () {
        yield* new Channel<number>().receive()
      })
    }
    traced.settle()
    program.dump()
    return lines
  })
  expect(traces[0]).toEqual(traces[1])
  expect(traces[0]).toContain('0 ms  anonymous#2 parks on receive a channel')
})

it('of very many the last ones share one name', () => {
  park(...Array.from({ length: 10_002 }, () => () => new Channel<number>().receive()))
  const last = waits().slice(-3)
  expect(last).toEqual(['receive a channel (10000)', 'receive a channel', 'receive a channel'])
})
