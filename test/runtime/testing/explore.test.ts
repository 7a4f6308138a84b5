import { describe, expect, it } from 'vitest'
import type { Coroutine, ExploreOptions, ExploreStage, Selectable } from '../../../runtime/index.ts'
import {
  after,
  Broadcast,
  Channel,
  checkpoint,
  Deadlock,
  ExplorationFailed,
  explore,
  Latch,
  Misuse,
  moveOn,
  run,
  scope,
  select,
  sleep,
  ticker,
  traceLine,
  trySelect,
  until,
  VirtualHost,
} from '../../../runtime/index.ts'

/** Two senders, and a receiver who believes that the first one spawned is the first one heard. */
function* overtaking(): Coroutine<void> {
  const channel = new Channel<string>(2)
  yield* scope(function* (s) {
    for (const name of ['first', 'second']) s.spawn(() => sending(name))
    const heard = yield* channel.receive()
    if (heard !== 'first') throw new Error(`the ${heard} one overtook`)
  })

  function* sending(name: string): Coroutine<void> {
    yield* channel.send(name)
  }
}

/** `count` coroutines, runnable at once in each of `rounds`. */
function* crowd(count: number, rounds: number): Coroutine<void> {
  yield* scope(function* (s) {
    for (let index = 0; index < count; index += 1) s.spawn(sleeping)
  })

  function* sleeping(): Coroutine<void> {
    for (let round = 1; round < rounds; round += 1) yield* sleep(1)
  }
}

function failureOf(program: (stage: ExploreStage) => Coroutine<unknown>, options?: ExploreOptions): ExplorationFailed {
  try {
    explore(program, options)
  } catch (error) {
    if (error instanceof ExplorationFailed) return error
    throw error
  }
  return expect.unreachable('no schedule failed')
}

function traceOf(program: (stage: ExploreStage) => Coroutine<unknown>, options: ExploreOptions): string[] {
  const lines: string[] = []
  explore(program, { ...options, trace: (event) => lines.push(traceLine(event)) })
  return lines
}

describe('exploring seed by seed', () => {
  it('says how many schedules went well, and never that these were all', () => {
    const explored = explore(() => crowd(2, 1), { seeds: 30 })
    expect(explored).toEqual({ schedules: 30, steps: 30 * 4, complete: false })
  })

  it('finds an order that breaks the program, and a seed that replays it exactly', () => {
    const failure = failureOf(overtaking)
    const { seed } = failure
    expect(failure.code).toBe('EXPLORATION_FAILED')
    expect(failure.cause).toMatchObject({ message: 'the second one overtook' })
    expect(failure.message).toContain(`with seed: ${seed} the program fails: Error: the second one overtook`)
    expect(failure.message).toContain(`explore(program, { seed: ${seed} }) replays it`)
    expect(failureOf(overtaking, { seed: seed as number }).message).toBe(failure.message)
  })

  it('stops at the first seed that fails', () => {
    const { seed } = failureOf(overtaking)
    expect(explore(overtaking, { seeds: (seed as number) - 1 }).schedules).toBe((seed as number) - 1)
  })

  it('begins where it is told', () => {
    const { seed } = failureOf(overtaking)
    expect(failureOf(overtaking, { seeds: 1, firstSeed: seed as number }).seed).toBe(seed)
  })

  it('gives the same trace for the same seed, and others for others', () => {
    const traces = [17, 17, 18, 19].map((seed) => traceOf(() => crowd(4, 3), { seed }).join('\n'))
    expect(traces[0]).toBe(traces[1])
    expect(new Set(traces).size).toBe(3)
  })

  it('runs a seed as a scheduler that shuffles does', () => {
    const program = () => crowd(4, 3)
    const lines: string[] = []
    const host = new VirtualHost()
    host.scheduler({ seed: 17, order: 'shuffle', trace: (event) => lines.push(traceLine(event)) }).run(program)
    host.finish()
    expect(traceOf(program, { seed: 17, timers: 'idle' })).toEqual(lines)
  })
})

describe('exploring exhaustively', () => {
  it('walks every order in which the runnable coroutines can run', () => {
    expect(explore(() => crowd(4, 1), { exhaustive: true })).toMatchObject({ schedules: 24, complete: true })
    expect(explore(() => crowd(3, 2), { exhaustive: true, timers: 'idle' })).toMatchObject({
      schedules: 6 * 6,
      complete: true,
    })
  })

  it('walks no order twice', () => {
    const orders: string[] = []
    explore(({ afterwards }) => ordering(afterwards, orders), { exhaustive: true })
    expect(orders.toSorted()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba'])
  })

  it('takes every one of the cases that are ready in a select', () => {
    const chosen = new Set<string>()
    const explored = explore(
      function* () {
        const [a, b, c] = [new Latch(), new Latch(), new Latch()]
        for (const latch of [a, b, c]) latch.open()
        chosen.add((yield* select({ a: a.wait(), b: b.wait(), c: c.wait() })).case)
      },
      { exhaustive: true },
    )
    expect([...chosen].toSorted()).toEqual(['a', 'b', 'c'])
    expect(explored).toMatchObject({ schedules: 3, complete: true })
  })

  it('finds what breaks the program, with the choices that replay it', () => {
    const failure = failureOf(overtaking, { exhaustive: true })
    const choices = failure.choices as readonly number[]
    expect(failure.seed).toBeUndefined()
    expect(failure.message).toContain(`explore(program, { choices: [${choices.join(', ')}] }) replays it`)
    expect(failureOf(overtaking, { choices }).message).toBe(failure.message)
  })

  it('lets a limit fall at any step: finds the value that a moveOn loses after its receive', () => {
    // The limit falls between the hand-over and the end of the body. No schedule has it on a clock that moves only when
    // nobody can run.
    function* forgetting({ afterwards }: ExploreStage): Coroutine<void> {
      const channel = new Channel<string>()
      let received: string | undefined
      let isSent = false
      afterwards(() => expect(received === 'value').toBe(isSent))
      yield* scope(function* (s) {
        s.spawn(function* receiver() {
          const result = yield* moveOn(10, function* () {
            const value = yield* channel.receive()
            yield* checkpoint()
            return value
          })
          if (result.done) received = result.value
        })
        s.spawn(function* sender() {
          isSent = (yield* moveOn(20, () => waiting(channel.send('value')))).done
        })
      })
    }
    expect(explore(forgetting, { exhaustive: true, timers: 'idle' })).toMatchObject({ complete: true })
    const failure = failureOf(forgetting, { exhaustive: true })
    expect(failure.message).toContain('receiver#2 is cancelled: TimeoutError')
    expect(failureOf(forgetting, { choices: failure.choices as readonly number[] }).message).toBe(failure.message)
    expect(() => explore(forgetting)).toThrow(ExplorationFailed)
  })

  it('fires timers that are due together in any order, and none before one that is due earlier', () => {
    const orders = new Set<string>()
    explore(
      ({ afterwards }) =>
        (function* () {
          let order = ''
          afterwards(() => orders.add(order))
          yield* scope(function* (s) {
            const sleepers = [5, 5, 9].map((ms, index) =>
              s.spawn(function* () {
                yield* sleep(ms)
                order += 'abc'[index]
              }),
            )
            for (const sleeper of sleepers.slice(0, 2)) yield* sleeper.join()
            order += '.'
          })
        })(),
      { exhaustive: true, mostSchedules: 20_000 },
    )
    expect(orders).toContain('ab.c')
    expect(orders).toContain('ba.c')
  })

  it('fires a timer that is due later only after one that is due earlier, whichever was set first', () => {
    const times = new Set<string>()
    const late = function* ({ host }: ExploreStage): Coroutine<void> {
      const log: number[] = []
      yield* scope(function* (s) {
        for (const ms of [9, 5]) {
          s.spawn(function* () {
            yield* sleep(ms)
            log.push(host.now())
          })
        }
      })
      times.add(log.join())
      expect(log).toEqual(log.toSorted((a, b) => a - b))
    }
    expect(explore(late, { exhaustive: true }).complete).toBe(true)
    expect(times.size).toBeGreaterThan(1)
  })

  it.each([
    [2, 0, 1],
    [5, 0, 1],
    [5, 1, 1],
    [5, 3, 3],
  ])('walks the same state once: a select of %i cases of which %i are ready has %i', (cases, ready, schedules) => {
    const program = function* (): Coroutine<void> {
      const latches = Array.from({ length: cases }, () => new Latch())
      for (const latch of latches.slice(cases - ready)) latch.open()
      const choices = Object.fromEntries(latches.map((latch, index) => [index, latch.wait()]))
      if (ready === 0) expect(trySelect(choices)).toBeUndefined()
      else yield* select(choices)
    }
    expect(explore(program, { exhaustive: true })).toMatchObject({ schedules, complete: true })
  })

  it('knows of every kind of operation whether it is ready, and changes nothing by asking', () => {
    const program = function* (): Coroutine<void> {
      const [empty, full, closed] = [new Channel<number>(1), new Channel<number>(1), new Channel<number>()]
      full.trySend(1)
      closed.close()
      const broadcast = new Broadcast<number>(1)
      const [behind, ahead] = [broadcast.subscribe(), broadcast.subscribe()]
      broadcast.publish(1)
      ahead.read()
      const [ticks, stopped] = [ticker(5), ticker(5)]
      stopped.stop()
      yield* scope(function* (s) {
        const child = s.spawn(() => waiting(sleep(1)))
        const ended = s.spawn(function* () {})
        yield* ended.join()
        const waits: Record<string, Selectable<unknown>> = {
          receive: empty.receive(),
          next: empty.next(),
          send: full.send(2),
          time: after(1),
          join: child.join(),
          tick: ticks.receive(),
          changed: ahead.changed(),
          promise: until(new Promise(() => {})),
          signal: until(new AbortController().signal),
        }
        const readies: Record<string, Selectable<unknown>> = {
          receive: full.receive(),
          next: closed.next(),
          send: empty.send(1),
          refused: closed.send(1),
          time: after(0),
          join: ended.join(),
          tick: stopped.receive(),
          changed: behind.changed(),
          signal: until(AbortSignal.abort()),
        }
        for (const operation of Object.values(waits)) expect(operation.isReady?.()).toBe(false)
        for (const operation of Object.values(readies)) expect(operation.isReady?.()).toBe(true)
        for (const operation of Object.values(waits)) expect(operation.poll()).toBe(false)
        for (const operation of Object.values(readies)) expect(operation.poll()).toBe(true)
      })
    }
    new VirtualHost().run(() => program())
  })

  it('stops after so many schedules, and does not say that these were all', () => {
    const explored = explore(() => crowd(4, 1), { exhaustive: true, mostSchedules: 23 })
    expect(explored).toMatchObject({ schedules: 23, complete: false })
    expect(explore(() => crowd(4, 1), { exhaustive: true, mostSchedules: 24 })).toMatchObject({ complete: true })
  })

  it('goes only so deep, and does not say that these were all', () => {
    const explored = explore(() => crowd(3, 2), { exhaustive: true, timers: 'idle', mostChoices: 2 })
    expect(explored).toMatchObject({ schedules: 6, complete: false })
    expect(explore(() => crowd(3, 2), { exhaustive: true, timers: 'idle', mostChoices: 4 })).toMatchObject({
      complete: true,
    })
  })

  it('notices when the same choices lead elsewhere', () => {
    let runs = 0
    const forgetful = () => {
      runs += 1
      return crowd(runs === 1 ? 2 : 3, 1)
    }
    expect(failureOf(forgetful, { exhaustive: true }).message).toContain('keeps state between runs')
  })
})

describe('choices', () => {
  it('are followed by the first of what there is', () => {
    const orders: string[] = []
    const ordered = ({ afterwards }: ExploreStage) => ordering(afterwards, orders)
    explore(ordered, { choices: [] })
    explore(ordered, { choices: [2] })
    explore(ordered, { choices: [0, 1] })
    // What is brought forward changes places with the first.
    expect(orders).toEqual(['abc', 'cba', 'acb'])
  })

  it('of another program are refused', () => {
    expect(failureOf(overtaking, { choices: [5] }).message).toContain('choice 1 is 5, and there are 2 to choose from')
  })
})

describe('a schedule fails', () => {
  it('when a coroutine of the program fails with nobody looking', () => {
    const failure = failureOf(function* ({ scheduler }) {
      scheduler.run(function* (): Coroutine<void> {
        throw new Error('unseen')
      })
    })
    expect(failure.message).toContain('Error: unseen')
  })

  it('when everybody waits for ever', () => {
    const failure = failureOf(function* hermit() {
      yield* new Channel().receive()
    })
    expect(failure.cause).toBeInstanceOf(Deadlock)
    expect(failure.message).toContain('hermit#1  parked 0 ms on receive a channel')
  })

  it('when the program waits for what virtual time does not bring', () => {
    expect(failureOf(() => waiting(until(Promise.resolve()))).message).toContain('waits for something outside')
  })

  it('when somebody still holds the scheduler at the end', () => {
    const failure = failureOf(function* ({ scheduler }) {
      scheduler.hold('for ever')
    })
    expect(failure.message).toContain('waits for something outside')
  })

  it('when a check that is always to hold does not, before the next step is taken', () => {
    const failure = failureOf(function* ({ always }) {
      const channel = new Channel<number>(2)
      always(() => {
        if (channel.length > 1) throw new Error('too much')
      })
      yield* channel.send(1)
      yield* sleep(1)
      yield* channel.send(2)
      yield* sleep(10)
    })
    expect(failure.message).toContain('Error: too much')
    expect(failure.message).toMatch(
      /1 ms {2}anonymous#1 parks on after 10 ms\nat that moment:\nanonymous#1 {2}parked 0 ms on after 10 ms$/,
    )
  })

  it('when a check at the end throws, with everybody gone', () => {
    const failure = failureOf(function* ({ afterwards, host }) {
      afterwards(() => {
        throw new Error(`it is ${host.now()}`)
      })
      yield* sleep(5)
    })
    expect(failure.message).toContain('Error: it is 5')
    expect(failure.message).toMatch(/everybody had ended$/)
  })

  it('when it never ends', () => {
    const failure = failureOf(
      function* () {
        for (;;) yield* sleep(1)
      },
      { mostSteps: 500 },
    )
    expect(failure.message).toContain('not done after 500 steps')
  })

  it('when the invariants of the scheduler are broken, before any step or just at the end', () => {
    const breaking = (after: number) => (stage: ExploreStage) => {
      let calls = 0
      stage.scheduler.validate = () => {
        calls += 1
        if (calls > after) throw new Error(`broken at ${stage.host.now()}`)
      }
      return waiting(sleep(7))
    }
    expect(failureOf(breaking(0)).message).toContain('broken at 0')
    expect(failureOf(breaking(0), { validateSteps: false }).message).toContain('broken at 7')
    expect(() => explore(breaking(1_000), { seeds: 1 })).not.toThrow()
  })

  it('not by what a check has expected and taken from the host', () => {
    const expecting = ({ host, scheduler, always }: ExploreStage): Coroutine<void> => {
      always(() => {
        if ((host.reported[0] as Error | undefined)?.message === 'expected') host.reported.shift()
      })
      scheduler.run(failing)
      return waiting(sleep(1))
    }
    function* failing(): Coroutine<void> {
      throw new Error('expected')
    }
    expect(explore(expecting, { seeds: 20 }).schedules).toBe(20)
  })
})

describe('a failure', () => {
  it('tells the end of its trace, and how much it leaves out', () => {
    const { message } = failureOf(() => failingAfter(40), { traceLines: 5 })
    expect(message).toContain('the last 5 lines of its trace, 118 left out:')
    const told = message.split('\n').filter((line) => / ms {2}/.test(line))
    expect(told).toHaveLength(5)
    expect(told.at(-1)).toContain('ends failed')
  })

  it('tells its whole trace when that is short', () => {
    const { message } = failureOf(overtaking)
    expect(message).toContain('its trace:\n0 ms  overtaking#1 is spawned\n')
    expect(message).not.toContain('left out')
  })

  it('tells what everybody did when the failure came up, not when it had gone through every scope', () => {
    const { message } = failureOf(
      function* () {
        yield* scope(function* (s) {
          s.spawn(function* bystander(): Coroutine<void> {
            yield* sleep(1_000)
          })
          s.spawn(() => failingAfter(3))
        })
      },
      { timers: 'idle' },
    )
    expect(message.slice(message.indexOf('at that moment:'))).toContain('bystander')
  })

  it('is told without a dump where the dump fails as well', () => {
    const { message } = failureOf((stage) => {
      stage.scheduler.dump = () => {
        throw new Error('lists in ruins')
      }
      return failingAfter(2)
    })
    expect(message).toContain('Error: it had to be')
    expect(message).toMatch(/no dump, because that fails: Error: lists in ruins$/)
  })

  it('says so when it does not come again', () => {
    let runs = 0
    const fickle = (): Coroutine<void> => {
      runs += 1
      return runs === 3 ? failingAfter(0) : waiting(sleep(1))
    }
    const { message, seed } = failureOf(fickle)
    expect(seed).toBe(3)
    expect(message).toContain('run once more it does not')
    expect(message).toContain('keeps something from run to run')
  })
})

describe('explore', () => {
  it('gives every schedule a host and a scheduler of its own', () => {
    const stages: ExploreStage[] = []
    const staged = (stage: ExploreStage) => {
      stages.push(stage)
      return waiting(sleep(3))
    }
    explore(staged, { seeds: 3 })
    expect(new Set(stages.map(({ host }) => host)).size).toBe(3)
    expect(new Set(stages.map(({ scheduler }) => scheduler)).size).toBe(3)
  })

  it('leaves nothing behind when it breaks off a schedule', () => {
    expect(() => explore(() => failingAfter(2))).toThrow(ExplorationFailed)
    expect(() => explore(() => crowd(3, 3), { mostSteps: 4 })).toThrow(ExplorationFailed)
    expect(explore(() => crowd(3, 3), { seeds: 5 }).schedules).toBe(5)
  })

  it('is refused inside a coroutine', async () => {
    const task = run(function* () {
      explore(overtaking)
    })
    await expect(task.promise).rejects.toThrow(Misuse)
  })

  it.each([
    [{ seeds: 0 }, 'seeds must be a whole number from 1 (got 0)'],
    [{ seeds: 1.5 }, 'seeds must be a whole number from 1 (got 1.5)'],
    [{ mostSteps: Number.NaN }, 'mostSteps must be a whole number from 1 (got NaN)'],
    [{ seed: Number.NaN }, 'a seed is a number (got NaN)'],
    [{ seed: 1, exhaustive: true }, 'one of seeds, seed, exhaustive and choices'],
  ])('does not accept %o', (options, message) => {
    expect(() => explore(overtaking, options)).toThrow(RangeError)
    expect(() => explore(overtaking, options)).toThrow(message)
  })
})

function* ordering(afterwards: ExploreStage['afterwards'], orders: string[]): Coroutine<void> {
  let order = ''
  afterwards(() => {
    orders.push(order)
  })
  yield* scope(function* (s) {
    for (const name of ['a', 'b', 'c']) s.spawn(() => writing(name))
  })

  function* writing(name: string): Coroutine<void> {
    order += name
  }
}

function* waiting(operation: ReturnType<typeof sleep> | ReturnType<typeof until<void>>): Coroutine<void> {
  yield* operation
}

function* failingAfter(sleeps: number): Coroutine<void> {
  for (let index = 0; index < sleeps; index += 1) yield* sleep(1)
  throw new Error('it had to be')
}
