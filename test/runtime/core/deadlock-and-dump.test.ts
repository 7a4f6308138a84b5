import { describe, expect, it } from 'vitest'
import type { Coroutine } from '../../../runtime/index.ts'
import { after, Channel, Latch, scope, select, shield, sleep, until, VirtualHost } from '../../../runtime/index.ts'
import { running } from '../outcomes.ts'

describe('a standstill', () => {
  it('cancels the parked, runs their finalizers, and fails the run with a Deadlock that says who waits for what', () => {
    const host = new VirtualHost()
    const jobs = new Channel<string>(0, { name: 'jobs' })
    const log: string[] = []
    const error = thrownBy(() =>
      host.run(function* main() {
        yield* scope(function* (s) {
          s.spawn(function* worker() {
            try {
              yield* jobs.receive()
            } finally {
              log.push('worker')
            }
          })
          try {
            yield* new Latch('the end').wait()
          } finally {
            log.push('main')
          }
        })
      }),
    )
    expect(error).toMatchObject({
      code: 'DEADLOCK',
      message: [
        'every coroutine is parked and nothing can wake one:',
        'main#1  parked 0 ms on wait the end',
        'main#1 > worker#2  parked 0 ms on receive jobs',
      ].join('\n'),
    })
    expect(log.toSorted()).toEqual(['main', 'worker'])
    expect(host.reported).toEqual([])
  })

  it('is seen however many steps came before it, also on the last step of a slice', () => {
    for (let others = 0; others < 200; others += 1) {
      const host = new VirtualHost()
      const scheduler = host.scheduler()
      for (let other = 0; other < others; other += 1) scheduler.run(function* () {})
      const task = scheduler.run(forever)
      host.finish()
      expect({ others, status: task.status }).toEqual({ others, status: 'failed' })
    }
  })

  it('fails every root that stands, and the one that nobody looks at is reported', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const looked = scheduler.run(forever)
    const outcome = expect(looked.promise).rejects.toMatchObject({ code: 'DEADLOCK' })
    scheduler.run(forever)
    host.finish()
    expect(host.reported).toEqual([expect.objectContaining({ code: 'DEADLOCK' })])
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, parked: 0 })
    return outcome
  })

  it('fails the run also when its root only waits for its children, or swallows every error', () => {
    const bodies: (() => Coroutine<void>)[] = [
      function* () {
        yield* scope(function* (s) {
          s.spawn(forever)
        })
      },
      function* () {
        try {
          yield* forever()
        } catch {}
      },
    ]
    for (const body of bodies) expect(() => new VirtualHost().run(body)).toThrow('wait never')
  })

  it('comes after the last timer, not before', () => {
    const host = new VirtualHost()
    expect(() =>
      host.run(function* () {
        yield* scope(function* (s) {
          s.spawn(forever)
          yield* sleep(1_000)
        })
      }),
    ).toThrow('parked 1.0 s on wait never')
    expect(host.now()).toBe(1_000)
  })

  it('of somebody who sleeps for ever is one, too', () => {
    expect(() => new VirtualHost().run(() => running(sleep(Number.POSITIVE_INFINITY)))).toThrow('every coroutine')
  })

  it('of a coroutine that joins the one around it is one', () => {
    const error = thrownBy(() => {
      const host = new VirtualHost()
      const scheduler = host.scheduler()
      const task = scheduler.run(function* parent(): Coroutine<void> {
        yield* scope(function* (s) {
          s.spawn(function* child(): Coroutine<void> {
            yield* task.join()
          })
        })
        yield* sleep(0)
      })
      host.finish()
      throw host.reported[0]
    })
    expect(error).toMatchObject({
      code: 'DEADLOCK',
      message: expect.stringContaining('parent#1 > child#2  parked 0 ms on join parent#1'),
    })
  })

  it('is none while something outside is awaited: a hold, or a promise', async () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const latch = new Latch()
    const task = scheduler.run(() => running(latch.wait()))
    const hold = scheduler.hold('a reply')
    const other = scheduler.hold('another')
    host.finish()
    expect(task.status).toBe('parked')
    expect(scheduler.statistics().awaited).toBe(2)
    hold[Symbol.dispose]()
    hold[Symbol.dispose]()
    host.finish()
    expect(task.status).toBe('parked')
    latch.open()
    other[Symbol.dispose]()
    host.finish()
    expect(task.status).toBe('done')
    expect(scheduler.statistics().awaited).toBe(0)

    const { promise, resolve } = Promise.withResolvers<void>()
    const waiting = scheduler.run(() => running(until(promise)))
    host.finish()
    expect(waiting.status).toBe('parked')
    resolve()
    await host.play(waiting)
  })

  it('is seen when the last hold is let go', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const task = scheduler.run(forever)
    const hold = scheduler.hold('a reply that never comes')
    host.finish()
    expect(task.status).toBe('parked')
    hold[Symbol.dispose]()
    host.finish()
    expect(task.status).toBe('failed')
  })

  it('of finalizers behind shields is a standstill as well: the shields give way', () => {
    const host = new VirtualHost()
    const log: string[] = []
    const error = thrownBy(() =>
      host.run(function* main() {
        try {
          yield* new Latch('first').wait()
        } finally {
          try {
            yield* shield(function* (s) {
              s.spawn(function* child() {
                yield* new Latch('second').wait()
              })
              yield* shield(() => running(new Latch('third').wait()))
            })
          } finally {
            log.push('finalized')
          }
        }
      }),
    )
    expect(log).toEqual(['finalized'])
    expect(error).toMatchObject({
      code: 'DEADLOCK',
      message: expect.stringMatching(/main#1 .*wait third\nmain#1 > child#2 .*wait second/),
    })
  })

  it('of the finalizer of a task that was cancelled by hand fails that task', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const gate = new Latch('gate')
    const task = scheduler.run(function* () {
      try {
        yield* gate.wait()
      } finally {
        yield* shield(() => running(new Latch('reply').wait()))
      }
    })
    task.cancel()
    host.finish()
    expect(task.status).toBe('failed')
    expect(host.reported).toEqual([
      expect.objectContaining({ code: 'DEADLOCK', message: expect.stringContaining('wait reply') }),
    ])
  })

  it('that a finalizer resolves in time of its own is none', () => {
    const host = new VirtualHost()
    const error = thrownBy(() =>
      host.run(function* () {
        try {
          yield* forever()
        } finally {
          yield* shield(() => running(sleep(10)))
        }
      }),
    )
    expect(error).toMatchObject({ code: 'DEADLOCK', message: expect.stringContaining('wait never') })
    expect(host.now()).toBe(10)
  })

  it('is left alone with deadlock: ignore, and what comes from outside wakes the parked', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler({ deadlock: 'ignore' })
    const latch = new Latch()
    const task = scheduler.run(() => running(latch.wait()))
    host.finish()
    expect(task.status).toBe('parked')
    latch.open()
    host.finish()
    expect(task.status).toBe('done')
  })
})

describe('a dump', () => {
  it('is a tree in the order of spawning, and says of each coroutine what it does or waits for, and since when', () => {
    const { host, scheduler } = hosted()
    const jobs = new Channel<string>(0, { name: 'jobs' })
    scheduler.run(function* main() {
      yield* scope(function* (s) {
        s.spawn(function* worker() {
          yield* select({ job: jobs.receive(), idle: after(30_000) }, { order: 'first' })
        })
        yield* scope(function* (inner) {
          inner.spawn(function* joiner() {
            yield* scope(function* (own) {
              yield* own.spawn(forever).join()
            })
          })
        })
      })
    })
    host.advance(1_200)
    const lone = scheduler.run(function* lone() {})
    expect(lone.status).toBe('runnable')
    expect(scheduler.dump().split('\n')).toEqual([
      'main#1  parked 1.2 s on the children of its scope',
      'main#1 > worker#2  parked 1.2 s on select{ job: receive jobs | idle: after 30 s }',
      'main#1 > joiner#3  parked 1.2 s on join forever#4',
      'main#1 > joiner#3 > forever#4  parked 1.2 s on wait never',
      'lone#5  runnable',
    ])
  })

  it('describes each of them for programs, too', () => {
    const { host, scheduler } = hosted()
    scheduler.run(forever)
    host.advance(5)
    scheduler.run(function* second() {})
    expect([...scheduler.coroutines()]).toEqual([
      {
        id: 1,
        parent: null,
        name: 'forever#1',
        path: 'forever#1',
        status: 'parked',
        waitsFor: 'wait never',
        parkedMs: 5,
      },
      { id: 2, parent: null, name: 'second#2', path: 'second#2', status: 'runnable', waitsFor: null, parkedMs: null },
    ])
  })

  it('says which coroutine has spawned which', () => {
    const { host, scheduler } = hosted()
    scheduler.run(function* main() {
      yield* scope(function* (s) {
        s.spawn(forever)
      })
    })
    host.settle()
    expect([...scheduler.coroutines()].map(({ id, parent }) => [id, parent])).toEqual([
      [1, null],
      [2, 1],
    ])
  })

  it('tells who runs now', () => {
    const { host, scheduler } = hosted()
    const told: (string | null)[] = [scheduler.running]
    scheduler.run(function* curious() {
      told.push(scheduler.running, hosted().scheduler.running)
    })
    host.settle()
    expect([...told, scheduler.running]).toEqual([null, 'curious#1', null, null])
  })

  it('names the one that is running', () => {
    const { host, scheduler } = hosted()
    let dump = ''
    scheduler.run(function* curious() {
      dump = scheduler.dump()
    })
    host.settle()
    expect(dump).toBe('curious#1  running')
  })

  it('of very many says how many more there are, and of a very deep tree comes without recursion', () => {
    const { host, scheduler } = hosted()
    for (let each = 0; each < 1_500; each += 1) scheduler.run(forever)
    host.settle()
    const lines = scheduler.dump().split('\n')
    expect(lines).toHaveLength(1_001)
    expect(lines.at(-1)).toBe('… and 500 more')

    const deep = hosted()
    deep.scheduler.run(generation, 5_000)
    deep.host.settle()
    expect([...deep.scheduler.coroutines()]).toHaveLength(5_001)

    function* generation(left: number): Coroutine<void> {
      if (left === 0) yield* forever()
      yield* scope(function* (s) {
        s.spawn(generation, left - 1)
      })
    }
  })

  it('of nobody is empty', () => {
    const { host, scheduler } = hosted()
    expect(scheduler.dump()).toBe('')
    scheduler.run(forever).cancel()
    host.settle()
    expect(scheduler.dump()).toBe('')
  })
})

function hosted() {
  const host = new VirtualHost()
  return { host, scheduler: host.scheduler({ deadlock: 'ignore' }) }
}

function thrownBy(does: () => void): unknown {
  try {
    does()
  } catch (error) {
    return error
  }
  return expect.unreachable('nothing was thrown')
}

function* forever(): Coroutine<void> {
  yield* new Latch('never').wait()
}
