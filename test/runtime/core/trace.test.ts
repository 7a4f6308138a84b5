import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Coroutine, SchedulerOptions, Trace, TraceEvent } from '../../../runtime/index.ts'
import {
  after,
  Channel,
  checkpoint,
  Latch,
  moveOn,
  SelectableOperation,
  scope,
  select,
  shield,
  sleep,
  traceLine,
  VirtualHost,
} from '../../../runtime/index.ts'
import { catching, running } from '../outcomes.ts'

describe('a trace', () => {
  it('tells of a life from spawn to end, with what is waited for and the time', () => {
    const { host, scheduler, lines } = traced()
    scheduler.run(function* main() {
      yield* sleep(10)
      return 'value'
    })
    expect(lines).toEqual(['0 ms  main#1 is spawned'])
    host.finish()
    expect(lines).toEqual([
      '0 ms  main#1 is spawned',
      '0 ms  main#1 runs',
      '0 ms  main#1 parks on after 10 ms',
      '10 ms  main#1 is woken',
      '10 ms  main#1 runs',
      '10 ms  main#1 ends done',
    ])
  })

  it('gives each event as data, with the task itself', () => {
    const events: TraceEvent[] = []
    const host = new VirtualHost()
    const scheduler = host.scheduler({ trace: (event) => events.push(event) })
    const task = scheduler.run(function* main() {})
    host.finish()
    expect(events).toEqual([
      { kind: 'spawn', task, time: 0, on: '' },
      { kind: 'resume', task, time: 0, on: '' },
      { kind: 'end', task, time: 0, on: 'done' },
    ])
    expectTypeOf<Trace>().toEqualTypeOf<(event: TraceEvent) => void>()
  })

  it('keeps the order of the steps: who meets whom on a channel', () => {
    const { host, scheduler, lines } = traced()
    const jobs = new Channel<number>(0, { name: 'jobs' })
    scheduler.run(function* receiver() {
      yield* jobs.receive()
    })
    scheduler.run(function* sender() {
      yield* jobs.send(1)
    })
    host.finish()
    expect(untimed(lines)).toEqual([
      'receiver#1 is spawned',
      'sender#2 is spawned',
      'receiver#1 runs',
      'receiver#1 parks on receive jobs',
      'sender#2 runs',
      'receiver#1 is woken',
      'sender#2 ends done',
      'receiver#1 runs',
      'receiver#1 ends done',
    ])
  })

  it('tells of the cases of a select, and of nothing that a loser does', () => {
    const { host, scheduler, lines } = traced()
    const jobs = new Channel<number>(0, { name: 'jobs' })
    scheduler.run(function* main() {
      yield* select({ job: jobs.receive(), idle: after(5) })
    })
    host.finish()
    expect(untimed(lines).slice(2)).toEqual([
      'main#1 parks on select{ job: receive jobs | idle: after 5 ms }',
      'main#1 is woken',
      'main#1 runs',
      'main#1 ends done',
    ])
  })

  it('tells of a wait for children, and how each of them ends', () => {
    const { host, scheduler, lines } = traced()
    const failing = function* child(): Coroutine<void> {
      throw new Error('failure')
    }
    scheduler.run(function* main() {
      yield* catching(
        scope(function* (s) {
          s.spawn(failing)
        }),
      )
    })
    host.finish()
    expect(untimed(lines).slice(2)).toEqual([
      'child#2 is spawned',
      'main#1 parks on the end of its children',
      'child#2 runs',
      'main#1 is cancelled: Error: failure',
      'main#1 is woken',
      'child#2 ends failed',
      'main#1 runs',
      'main#1 ends done',
    ])
  })

  it('tells of a cancel, its reason, and the way it goes: outer before inner, once for each coroutine', () => {
    const { host, scheduler, lines } = traced({ deadlock: 'ignore' })
    const task = scheduler.run(function* main() {
      yield* scope(function* (s) {
        s.spawn(forever)
        yield* scope(() => forever())
      })
    })
    task.promise.catch(() => {})
    host.settle()
    lines.length = 0
    task.cancel('enough')
    expect(untimed(lines)).toEqual([
      'forever#2 is cancelled: enough',
      'forever#2 is woken',
      'main#1 is cancelled: enough',
      'main#1 is woken',
    ])
    host.finish()
    expect(untimed(lines).slice(4)).toEqual([
      'forever#2 runs',
      'forever#2 ends cancelled',
      'main#1 runs',
      'main#1 ends cancelled',
    ])
  })

  it('tells of a cancel before the first step, and of one without a reason', () => {
    const { host, scheduler, lines } = traced()
    scheduler
      .run(function* main() {
        yield* sleep(0)
      })
      .cancel()
    host.finish()
    expect(untimed(lines)).toEqual([
      'main#1 is spawned',
      'main#1 is cancelled: no reason given',
      'main#1 runs',
      'main#1 hands over',
      'main#1 runs',
      'main#1 ends cancelled',
    ])
  })

  it('tells of no cancel that a shield keeps out, and of the limit that ends it', () => {
    const { host, scheduler, lines } = traced()
    const task = scheduler.run(function* main() {
      yield* shield(() => running(moveOn(20, forever)))
    })
    host.settle()
    lines.length = 0
    task.cancel()
    expect(lines).toEqual([])
    host.finish()
    expect(lines).toEqual([
      '20 ms  main#1 is cancelled: TimeoutError: forever in main#1 was not done within 20 ms',
      '20 ms  main#1 is woken',
      '20 ms  main#1 runs',
      '20 ms  main#1 ends done',
    ])
  })

  it('tells of every hand-over: of a spent budget, and of a checkpoint at the end of a slice', () => {
    const { host, scheduler, lines } = traced({}, 2)
    const open = new Latch()
    open.open()
    scheduler.run(function* busy() {
      for (let each = 0; each < 129; each += 1) yield* open.wait()
    })
    host.finish()
    expect(count(lines, 'busy#1 hands over')).toBe(1)
    scheduler.run(function* polite() {
      for (let each = 0; each < 3; each += 1) yield* checkpoint()
    })
    host.finish()
    expect(count(lines, 'polite#2 hands over')).toBe(1)
    const { resumes, handOvers } = scheduler.statistics()
    expect(handOvers).toBe(2)
    expect(count(lines, 'runs')).toBe(resumes + handOvers)
  })

  it('names a coroutine as it is called at that moment, and one without a name', () => {
    const { host, scheduler, lines } = traced()
    const task = scheduler.run(function* main() {
      task.label = () => 'renamed'
      yield* sleep(0)
    })
    scheduler.run((() => function* () {})())
    host.finish()
    expect(untimed(lines)).toEqual([
      'main#1 is spawned',
      'anonymous#2 is spawned',
      'main#1 runs',
      'renamed#1 ends done',
      'anonymous#2 runs',
      'anonymous#2 ends done',
    ])
  })

  it('of every coroutine is a sentence: spawned, then running and stopping in turn, and ended once', () => {
    const { host, scheduler } = traced({ order: 'shuffle', seed: 7 }, 4, (event) => follow(event))
    const states = new Map<number, TraceEvent['kind']>()
    const allowed: Record<TraceEvent['kind'], readonly (TraceEvent['kind'] | 'none')[]> = {
      spawn: ['none'],
      resume: ['spawn', 'wake', 'handOver'],
      park: ['resume'],
      handOver: ['resume'],
      wake: ['park'],
      end: ['resume'],
      cancel: ['spawn', 'resume', 'park', 'wake', 'handOver'],
    }
    function follow({ kind, task }: TraceEvent): void {
      const before = states.get(task.id) ?? 'none'
      if (!allowed[kind].includes(before)) expect.unreachable(`${kind} after ${before}`)
      // A cancel changes nothing: what it does comes as a wake.
      if (kind !== 'cancel') states.set(task.id, kind)
    }
    const values = new Channel<number>(2)
    scheduler
      .run(function* main() {
        yield* scope(function* (s) {
          for (let each = 0; each < 5; each += 1) {
            s.spawn(function* () {
              for (let value = 0; value < 50; value += 1) yield* values.send(value)
            })
            s.spawn(function* () {
              for (let value = 0; value < 50; value += 1) {
                yield* select({ value: values.receive(), late: after(each) })
                yield* checkpoint()
              }
            })
          }
          s.setLimit(30)
          yield* catching(forever())
        })
      })
      .promise.catch(() => {})
    host.finish()
    expect(new Set(states.values())).toEqual(new Set(['end']))
    expect(states.size).toBe(11)
  })
})

describe('the same seed', () => {
  it('gives the same trace, event by event, and another seed another one', () => {
    const traceOf = (seed: number) => {
      const { host, scheduler, lines } = traced({ order: 'shuffle', seed })
      jumble(scheduler)
      host.finish()
      return lines
    }
    expect(traceOf(1)).toEqual(traceOf(1))
    expect(traceOf(1)).not.toEqual(traceOf(2))
  })

  it('gives the same program, traced or not', () => {
    const outcomeOf = (options: SchedulerOptions) => {
      const host = new VirtualHost({ sliceResumes: 3 })
      const scheduler = host.scheduler({ order: 'shuffle', seed: 3, ...options })
      const order = jumble(scheduler)
      host.finish()
      return { order, statistics: scheduler.statistics(), now: host.now() }
    }
    expect(outcomeOf({ trace: () => {} })).toEqual(outcomeOf({}))
  })
})

it('untraced, nothing is put into words: no operation describes itself and no label is asked for', () => {
  let asked = 0
  class Silent extends SelectableOperation<void> {
    poll(): boolean {
      return false
    }
    take(): void {}
    describe(): string {
      asked += 1
      return 'silent'
    }
    protected enlist(): void {
      queueMicrotask(() => this.complete())
    }
  }
  const body = function* (): Coroutine<void> {
    yield* new Silent()
  }
  const label = () => {
    asked += 1
    return 'main'
  }
  const quiet = new VirtualHost()
  quiet.scheduler({ deadlock: 'ignore' }).run(body).label = label
  quiet.finish()
  expect(asked).toBe(0)
  const { host, scheduler, lines } = traced({ deadlock: 'ignore' })
  scheduler.run(body).label = label
  host.finish()
  expect(asked).toBeGreaterThan(0)
  expect(untimed(lines).at(-1)).toBe('main#1 parks on silent')
})

function traced(options: SchedulerOptions = {}, sliceResumes = 64, also: Trace = () => {}) {
  const host = new VirtualHost({ sliceResumes })
  const lines: string[] = []
  const trace: Trace = (event) => {
    lines.push(traceLine(event))
    also(event)
  }
  return { host, lines, scheduler: host.scheduler({ ...options, trace }) }
}

function untimed(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/^\S+ ms {2}/, ''))
}

function count(lines: readonly string[], what: string): number {
  return lines.filter((line) => line.endsWith(what)).length
}

/** Some coroutines that meet in an order that the seed decides; gives that order. */
function jumble(scheduler: ReturnType<VirtualHost['scheduler']>): string[] {
  const order: string[] = []
  const values = new Channel<string>()
  for (const name of ['a', 'b', 'c', 'd']) {
    scheduler.run(function* () {
      yield* sleep(1)
      yield* values.send(name)
    })
    scheduler.run(function* () {
      order.push(yield* values.receive())
    })
  }
  return order
}

function* forever(): Coroutine<void> {
  yield* new Latch('never').wait()
}
