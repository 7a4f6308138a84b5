import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Coroutine, Selectable, Task } from '../../../../runtime/index.ts'
import { after, explore, scope, select, sleep, trySelect } from '../../../../runtime/index.ts'
import type { Tasklet } from '../../../../runtime/models/fibra/index.ts'
import { ClosedTube, EmptyTube, Schedule, Tube } from '../../../../runtime/models/fibra/index.ts'
import { host, scheduler } from '../../fresh-host.ts'

/** Run `operation` in a coroutine of its own, and log what it comes to under its name, when it does. */
function start(log: unknown[], name: string, operation: Selectable<unknown>): Task<void> {
  const task = scheduler.run(function* () {
    try {
      const value = yield* operation
      log.push(value === undefined ? name : `${name} ${value}`)
    } catch (error) {
      log.push(`${name} ${(error as { code: string }).code}`)
    }
  })
  host.settle()
  return task
}

describe('a tube', () => {
  it('gives what was pushed, in order, to who pops, in order', () => {
    const tube = new Tube<number>()
    const log: unknown[] = []
    for (const value of [1, 2]) start(log, `push ${value}`, tube.push(value))
    expect(tube.length).toBe(2)
    for (const name of ['a', 'b', 'c', 'd']) start(log, name, tube.pop())
    tube.validate()
    for (const value of [3, 4]) start(log, `push ${value}`, tube.push(value))
    tube.validate()
    expect(log).toEqual(['push 1', 'push 2', 'a 1', 'b 2', 'push 3', 'c 3', 'push 4', 'd 4'])
    expect(tube.length).toBe(0)
  })

  it('lets a push go on at once, unless it is to wait until it is popped', () => {
    const tube = new Tube<string>()
    const log: unknown[] = []
    start(log, 'goes on', tube.push('first'))
    const waiting = start(log, 'waits', tube.push('second', true))
    start(log, 'goes on, too', tube.push('third'))
    tube.validate()
    expect(tube.length).toBe(3)
    expect(waiting.status).toBe('parked')

    for (const name of ['a', 'b', 'c']) start(log, name, tube.pop())
    tube.validate()
    expect(log).toEqual(['goes on', 'goes on, too', 'a first', 'b second', 'waits', 'c third'])
  })

  it('need not let a push wait when somebody pops already', () => {
    const tube = new Tube<string>()
    const log: unknown[] = []
    start(log, 'pop', tube.pop())
    start(log, 'push', tube.push('a', true))
    expect(log).toEqual(['push', 'pop a'])
  })

  it('that is empty throws at a pop that may not wait', () => {
    const tube = new Tube<string>('jobs')
    const log: unknown[] = []
    start(log, 'pop', tube.pop(false))
    start(log, 'push', tube.push('a'))
    start(log, 'pop', tube.pop(false))
    expect(log).toEqual(['pop EMPTY_TUBE', 'push', 'pop a'])
    expect(new EmptyTube('jobs').message).toBe('nothing is in jobs: pop it with waiting, or look at its length')
  })

  it('holds any value, also none', () => {
    const tube = new Tube<unknown>()
    const got: unknown[] = []
    host.run(function* () {
      for (const value of [undefined, null, 0, Number.NaN, tube]) {
        yield* tube.push(value)
        got.push(yield* tube.pop())
      }
    })
    expect(got).toEqual([undefined, null, 0, Number.NaN, tube])
  })

  it('holds an error like any other value, unlike in fibra, whose pop throws it', () => {
    const error = new Error('a value')
    const tube = new Tube<Error>()
    const got: unknown[] = []
    host.run(function* () {
      yield* tube.push(error)
      got.push(yield* tube.pop())
      yield* scope(function* (s) {
        s.spawn(function* () {
          got.push(yield* tube.pop())
        })
        yield* sleep(1)
        yield* tube.push(error, true)
      })
    })
    expect(got).toEqual([error, error])
  })

  it('has nothing pushed or popped by an operation that was only made', () => {
    const tube = new Tube<number>()
    tube.push(1)
    tube.pop(false)
    expect(tube.length).toBe(0)
  })

  it('forgets the push that is cancelled while it waits, and nothing else', () => {
    const tube = new Tube<string>()
    const log: unknown[] = []
    start(log, 'a', tube.push('a'))
    const cancelled = start(log, 'b', tube.push('b', true))
    start(log, 'c', tube.push('c', true))
    cancelled.cancel()
    host.settle()
    tube.validate()
    expect(tube.length).toBe(2)
    for (const name of ['first', 'second', 'third']) start(log, name, tube.pop())
    expect(log).toEqual(['a', 'b CANCELLED', 'first a', 'second c', 'c'])
  })

  it('gives nothing to the pop that is cancelled while it waits', () => {
    const tube = new Tube<string>()
    const log: unknown[] = []
    const cancelled = start(log, 'first', tube.pop())
    start(log, 'second', tube.pop())
    cancelled.cancel()
    start(log, 'push', tube.push('a'))
    tube.validate()
    expect(log.toSorted()).toEqual(['first CANCELLED', 'push', 'second a'])
  })

  it('can be a case of a select, both ways, and keeps no trace of the one that loses', () => {
    const [left, right] = [new Tube<string>(), new Tube<string>()]
    const log: unknown[] = []
    scheduler.run(function* () {
      const { case: first } = yield* select({ push: left.push('a', true), pop: right.pop(), late: after(10) })
      log.push(first)
      const { case: second } = yield* select({ push: left.push('b', true), pop: right.pop() })
      log.push(second)
      const both = yield* select({ push: right.push('c', true), pop: right.pop() })
      log.push(both)
    })
    host.advance(10)
    // What the first select would have pushed is gone, and the second waits.
    expect([left.length, right.length]).toEqual([1, 0])
    start(log, 'taken', left.pop())
    right.validate()
    expect(log).toEqual(['late', 'taken b', 'push'])
    // A select that would push to a tube and pop from it does not meet itself.
    expect(right.length).toBe(1)
    start(log, 'given', right.push('d'))
    expect(log.slice(3)).toEqual(['given', { case: 'pop', value: 'd' }])
    expect([left.length, right.length]).toEqual([0, 0])
    right.validate()
  })

  it('can be tried without waiting', () => {
    const tube = new Tube<number>()
    expect(trySelect({ pop: tube.pop() })).toBeUndefined()
    expect(trySelect({ push: tube.push(1) })).toEqual({ case: 'push', value: undefined })
    expect(trySelect({ pop: tube.pop() })).toEqual({ case: 'pop', value: 1 })
  })

  it('goes by its name in a dump', () => {
    const tube = new Tube<number>('meow')
    start([], 'pop', tube.pop())
    start([], 'push', new Tube<number>().push(1, true))
    expect(scheduler.dump()).toContain('parked 0 ms on pop meow')
    expect(scheduler.dump()).toContain('parked 0 ms on push a tube')
  })
})

describe('a closed tube', () => {
  it('takes nothing any more, and can be popped until it is empty', () => {
    const tube = new Tube<string>()
    const log: unknown[] = []
    start(log, 'a', tube.push('a'))
    tube.close()
    expect(tube.isClosed).toBe(true)
    start(log, 'b', tube.push('b'))
    start(log, 'c', tube.push('c', true))
    start(log, 'first', tube.pop())
    start(log, 'second', tube.pop())
    start(log, 'third', tube.pop(false))
    expect(log).toEqual(['a', 'b CLOSED_TUBE', 'c CLOSED_TUBE', 'first a', 'second CLOSED_TUBE', 'third CLOSED_TUBE'])
    expect(new ClosedTube('meow').message).toBe('meow is closed')
  })

  it('wakes all who wait, in order, and what they wait to have popped is withdrawn', () => {
    const [full, empty] = [new Tube<string>(), new Tube<string>()]
    const log: unknown[] = []
    start(log, 'stays', full.push('stays'))
    for (const name of ['b', 'c']) start(log, name, full.push(name, true))
    for (const name of ['d', 'e']) start(log, name, empty.pop())
    for (const tube of [full, empty]) {
      tube.close()
      tube.close()
      host.settle()
      tube.validate()
    }
    expect(log.slice(1)).toEqual(['b CLOSED_TUBE', 'c CLOSED_TUBE', 'd CLOSED_TUBE', 'e CLOSED_TUBE'])
    expect(full.length).toBe(1)
  })
})

describe('any use of a tube', () => {
  type Step = 'push' | 'push and wait' | 'pop' | 'pop now' | 'cancel' | 'close'
  const steps = fc.array(fc.constantFrom<Step>('push', 'push and wait', 'pop', 'pop now', 'cancel', 'close'), {
    maxLength: 30,
  })

  it('does what two plain lists do', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const tube = new Tube<number>()
        const model = new Model()
        const log: unknown[] = []
        const waiting = new Map<number, Task<void>>()
        for (const [number, step] of taken.entries()) {
          const name = String(number)
          if (step === 'push') start(log, name, tube.push(number))
          if (step === 'push and wait') waiting.set(number, start(log, name, tube.push(number, true)))
          if (step === 'pop') waiting.set(number, start(log, name, tube.pop()))
          if (step === 'pop now') start(log, name, tube.pop(false))
          if (step === 'close') tube.close()
          if (step === 'cancel') waiting.get(model.oldestWaiting)?.cancel()
          model.take(step, number)
          host.settle()
          tube.validate()
          expect(log.toSorted()).toEqual(model.log.toSorted())
          expect(tube.length).toBe(model.pushed.length)
        }
        for (const task of waiting.values()) task.cancel()
        host.settle()
      }),
    )
  })

  /** What a tube should do, one step at a time. */
  class Model {
    readonly log: string[] = []
    pushed: { number: number; waits: boolean }[] = []
    popping: number[] = []
    #isClosed = false

    get oldestWaiting(): number {
      return this.pushed.find(({ waits }) => waits)?.number ?? this.popping[0] ?? -1
    }

    take(step: Step, number: number): void {
      if (step === 'push' || step === 'push and wait') this.#push(number, step === 'push and wait')
      if (step === 'pop' || step === 'pop now') this.#pop(number, step === 'pop')
      if (step === 'close') this.#close()
      if (step === 'cancel') this.#cancel(this.oldestWaiting)
    }

    #push(number: number, waits: boolean): void {
      const popping = this.#isClosed ? undefined : this.popping.shift()
      if (this.#isClosed) this.log.push(`${number} CLOSED_TUBE`)
      else if (popping !== undefined) this.log.push(`${number}`, `${popping} ${number}`)
      else {
        this.pushed.push({ number, waits })
        if (!waits) this.log.push(`${number}`)
      }
    }

    #pop(number: number, waits: boolean): void {
      const first = this.pushed.shift()
      if (first !== undefined) {
        this.log.push(`${number} ${first.number}`)
        if (first.waits) this.log.push(`${first.number}`)
      } else if (this.#isClosed) this.log.push(`${number} CLOSED_TUBE`)
      else if (waits) this.popping.push(number)
      else this.log.push(`${number} EMPTY_TUBE`)
    }

    #close(): void {
      this.#isClosed = true
      for (const { number, waits } of this.pushed) if (waits) this.log.push(`${number} CLOSED_TUBE`)
      for (const number of this.popping) this.log.push(`${number} CLOSED_TUBE`)
      this.pushed = this.pushed.filter(({ waits }) => !waits)
      this.popping = []
    }

    #cancel(waiting: number): void {
      if (waiting < 0) return
      this.log.push(`${waiting} CANCELLED`)
      this.pushed = this.pushed.filter(({ number }) => number !== waiting)
      this.popping = this.popping.filter((number) => number !== waiting)
    }
  }
})

describe('tasklets with a tube between them', () => {
  it('lose nothing and double nothing, in whatever order they run', () => {
    const explored = explore(
      function* ({ afterwards, always }) {
        const tube = new Tube<string>()
        const got: string[] = []
        const schedule = new Schedule()
        always(() => tube.validate())
        schedule.install(pushing(tube, ['a1', 'a2'], true))
        schedule.install(pushing(tube, ['b1', 'b2'], false))
        for (let count = 0; count < 2; count += 1) schedule.install(popping(tube, got))
        yield* schedule.run()
        afterwards(() => {
          expect(got.toSorted()).toEqual(['a1', 'a2', 'b1', 'b2'])
          expect(tube.length).toBe(0)
        })
      },
      { exhaustive: true },
    )
    expect(explored.complete).toBe(true)
  })

  it('in a race between a pop and a cancel, the value is popped or it stays', () => {
    explore(
      function* ({ afterwards }) {
        const tube = new Tube<string>()
        const got: string[] = []
        yield* scope(function* (s) {
          const popper = s.spawn(function* (): Coroutine<void> {
            got.push(yield* tube.pop())
          })
          s.spawn(function* (): Coroutine<void> {
            yield* tube.push('value')
          })
          s.spawn(function* (): Coroutine<void> {
            popper.cancel()
          })
        })
        afterwards(() => expect([...got, ...Array(tube.length).fill('value')]).toEqual(['value']))
      },
      { exhaustive: true },
    )
  })

  function* pushing(tube: Tube<string>, values: string[], wait: boolean): Tasklet<void> {
    for (const value of values) yield tube.push(value, wait)
  }

  function* popping(tube: Tube<string>, got: string[]): Tasklet<void> {
    for (let count = 0; count < 2; count += 1) got.push((yield tube.pop()) as string)
  }
})
