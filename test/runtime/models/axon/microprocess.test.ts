import { describe, expect, it } from 'vitest'
import type { Coroutine } from '../../../../runtime/index.ts'
import { after, explore, Misuse, scope, select, sleep, VirtualHost } from '../../../../runtime/index.ts'
import { Component, Pipeline } from '../../../../runtime/models/axon/index.ts'
import { Acting, runInScope, Source, Transform } from './components.ts'

/** Pauses for ever, and tells of each time that it was woken. */
class Sleeper extends Component {
  readonly #log: unknown[]

  constructor(log: unknown[]) {
    super()
    this.#log = log
  }

  protected *main(): Coroutine<void> {
    try {
      for (;;) {
        yield* this.pause()
        this.#log.push('woken')
      }
    } finally {
      this.#log.push('ended')
    }
  }
}

/** A scheduler whose parked coroutines may stand, and a sleeper on it that is paused. */
function paused() {
  const host = new VirtualHost()
  const scheduler = host.scheduler({ deadlock: 'ignore' })
  const log: unknown[] = []
  const sleeper = new Sleeper(log)
  const task = scheduler.run(() => sleeper.run())
  host.settle()
  return { host, scheduler, log, sleeper, task }
}

describe('pause', () => {
  it('costs nothing while nothing happens, however busy the others are', () => {
    const { host, scheduler, log } = paused()
    const { resumes } = scheduler.statistics()
    scheduler.run(function* () {
      const busy = new Acting(function* (self) {
        for (let turn = 1; turn < 1_000; turn += 1) yield* self.turn()
      })
      yield* busy.run()
    })
    host.settle()
    expect(scheduler.statistics().resumes - resumes).toBe(1_000)
    expect(log).toEqual([])
  })

  it('ends when a message arrives in any inbox, also in one where others wait', () => {
    const { host, log, sleeper } = paused()
    for (const boxName of ['inbox', 'inbox', 'control']) {
      sleeper.deliver('message', boxName)
      host.settle()
    }
    expect(log).toEqual(['woken', 'woken', 'woken'])
    expect(sleeper.waitingIn()).toBe(2)
  })

  it('ends once for several messages that arrive before it runs', () => {
    const { host, log, sleeper } = paused()
    for (let sent = 0; sent < 5; sent += 1) sleeper.deliver(sent)
    host.settle()
    expect(log).toEqual(['woken'])
  })

  it('ends when somebody unpauses it, who is not made to wait for that', () => {
    const { host, log, sleeper, task } = paused()
    sleeper.unpause()
    expect(task.status).toBe('runnable')
    expect(log).toEqual([])
    host.settle()
    expect(log).toEqual(['woken'])
  })

  it('does not end because of a message that came in its own step, unlike in Kamaelia: look first, then pause', () => {
    const log: string[] = []
    const host = new VirtualHost()
    const component = new Acting(function* (self) {
      self.deliver('to itself')
      log.push('pauses')
      yield* self.pause()
      log.push(`goes on with ${self.waitingIn()}`)
    })
    host.scheduler({ deadlock: 'ignore' }).run(() => component.run())
    host.settle()
    expect(log).toEqual(['pauses'])
    component.deliver('from outside')
    host.settle()
    expect(log).toEqual(['pauses', 'goes on with 2'])
  })

  it('does not end because of what was there before it: unpausing one that is not paused does nothing', () => {
    const log: string[] = []
    const host = new VirtualHost()
    const scheduler = host.scheduler({ deadlock: 'ignore' })
    const component = new Acting(function* (self) {
      self.deliver('to itself')
      self.unpause()
      yield* self.pause()
      log.push('woken')
    })
    scheduler.run(() => component.run())
    host.settle()
    expect(log).toEqual([])
    component.unpause()
    host.settle()
    expect(log).toEqual(['woken'])
  })

  it('does not end for a message that only passes through', () => {
    const { host, log, sleeper } = paused()
    const inner = new Acting(function* () {})
    sleeper.link([sleeper, 'inbox'], [inner, 'inbox'], 'inbox')
    sleeper.deliver('for somebody else')
    host.settle()
    expect(log).toEqual([])
    expect(inner.recv()).toBe('for somebody else')
  })

  it('can be a case of a select, and is withdrawn when it loses', () => {
    const { host, scheduler, log, sleeper } = paused()
    const waiting = new Acting(function* (self) {
      const { case: first } = yield* select({ message: self.pause(), late: after(1_000) })
      log.push(first)
      const { case: second } = yield* select({ message: self.pause(), late: after(1_000) })
      log.push(second)
    })
    scheduler.run(() => waiting.run())
    host.advance(1_000)
    waiting.deliver('a')
    host.settle()
    expect(log).toEqual(['late', 'message'])
    expect(scheduler.statistics()).toMatchObject({ timers: 0, parked: 1 })
    expect(sleeper.isStopped).toBe(false)
  })

  it('is a cancel point, and what comes later wakes nobody', () => {
    const { host, scheduler, log, sleeper, task } = paused()
    task.cancel()
    sleeper.deliver('too late')
    host.settle()
    expect(log).toEqual(['ended'])
    expect(sleeper.isStopped).toBe(true)
    sleeper.unpause()
    host.settle()
    scheduler.validate()
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, runnable: 0 })
  })

  it('is for the one coroutine of the component', () => {
    expect(() =>
      runInScope(function* (s) {
        const component = new Acting(function* (self) {
          yield* self.pause()
        })
        component.activate(s)
        yield* component.turn()
        yield* component.pause()
      }),
    ).toThrow(Misuse)
  })

  it('goes by the name of its component in a dump, and when everybody pauses that is a deadlock', () => {
    class Patient extends Component {
      protected *main(): Coroutine<void> {
        yield* this.pause()
      }
    }
    expect(() =>
      runInScope(function* (s) {
        new Patient().activate(s)
      }),
    ).toThrow('main#1 > Patient#2  parked 0 ms on pause')
  })

  it('loses no message in whatever order a sender and a receiver run', () => {
    const explored = explore(
      function* ({ afterwards }) {
        const got: unknown[] = []
        yield* scope(function* (s) {
          const receiver = new Acting(function* (self) {
            while (got.length < 4) {
              while (self.anyReady()) got.push(self.recv())
              if (got.length < 4) yield* self.pause()
            }
          })
          receiver.activate(s)
          for (const pair of [
            [0, 1],
            [2, 3],
          ]) {
            const sender = new Acting(function* (self) {
              for (const number of pair) {
                self.send(number)
                yield* self.turn()
              }
            })
            sender.link([sender, 'outbox'], [receiver, 'inbox'])
            sender.activate(s)
          }
        })
        afterwards(() => expect(got.toSorted()).toEqual([0, 1, 2, 3]))
      },
      { exhaustive: true },
    )
    expect(explored).toMatchObject({ complete: true })
  })
})

describe('a turn', () => {
  it('lets everybody else who is runnable go first', () => {
    const log: string[] = []
    runInScope(function* (s) {
      for (const name of ['a', 'b', 'c']) {
        const component = new Acting(function* (self) {
          for (let round = 1; round <= 2; round += 1) {
            log.push(`${name}${round}`)
            yield* self.turn()
          }
        })
        component.activate(s)
      }
    })
    expect(log).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2'])
  })

  it('is a resume, and a cancel point', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    let turns = 0
    const endless = new Acting(function* (self) {
      for (;;) {
        turns += 1
        yield* self.turn()
      }
    })
    const task = scheduler.run(() => endless.run())
    scheduler.run(function* () {
      yield* sleep(0)
      task.cancel()
    })
    host.settle()
    expect(task.status).toBe('cancelled')
    expect(scheduler.statistics().resumes).toBeGreaterThanOrEqual(turns)
  })

  it('can be a case of a select: what is ready comes first, and else everybody has had a turn', () => {
    const chosen = runInScope(function* () {
      const self = new Acting(function* () {})
      const ready = yield* select({ now: after(0), turn: self.turn() }, { order: 'first' })
      const none = yield* select({ never: self.pause(), turn: self.turn() })
      return [ready.case, none.case]
    })
    expect(chosen).toEqual(['now', 'turn'])
  })
})

describe('a life', () => {
  it('begins in a scope, which ends after it', () => {
    const component = new Acting(function* () {
      yield* sleep(100)
    })
    expect([component.isActivated, component.isStopped]).toEqual([false, false])
    runInScope(function* (s) {
      expect(component.activate(s)).toBe(component)
      yield* sleep(50)
      expect([component.isActivated, component.isStopped]).toEqual([true, false])
    })
    expect(component.isStopped).toBe(true)
  })

  it('can be run where one stands: until it has ended, and what it has activated', () => {
    const host = new VirtualHost()
    class Parent extends Component {
      protected *main(): Coroutine<void> {
        new Acting(function* () {
          yield* sleep(1_000)
        }).activate(this.scope)
      }
    }
    const parent = new Parent()
    host.run(() => parent.run())
    expect(host.now()).toBe(1_000)
    expect(parent.isStopped).toBe(true)
  })

  it('is lived once', () => {
    const one = new Acting(function* () {})
    runInScope(function* (s) {
      one.activate(s)
      expect(() => one.activate(s)).toThrow(Misuse)
    })
    expect(() => runInScope(() => one.run())).toThrow('Acting was activated already: make another one')
  })

  it('that fails ends the others in its scope, and is heard', () => {
    const log: unknown[] = []
    const failing = new Acting(function* (self) {
      yield* self.turn()
      self.send('nowhere')
    })
    expect(() =>
      runInScope(function* (s) {
        new Sleeper(log).activate(s)
        failing.activate(s)
      }),
    ).toThrow('outbox "outbox" leads nowhere')
    expect(log).toEqual(['ended'])
    expect(failing.isStopped).toBe(true)
  })
})

describe('a parent', () => {
  class Parent extends Component {
    readonly log: string[] = []

    constructor(...children: Component[]) {
      super()
      this.addChildren(...children)
    }

    protected *main(): Coroutine<void> {
      this.activateChildren()
      while (!this.childrenDone()) {
        yield* this.pause()
        this.log.push('woken')
      }
    }
  }

  it('is woken when a child ends, however it does, and knows when all have', () => {
    const children = [10, 20, 30].map(
      (ms) =>
        new Acting(function* () {
          yield* sleep(ms)
        }),
    )
    const parent = new Parent(...children)
    expect(parent.childrenDone()).toBe(false)
    runInScope(() => parent.run())
    expect(parent.log).toEqual(['woken', 'woken', 'woken'])
    expect(parent.childrenDone()).toBe(true)
    expect(children.every((child) => child.isStopped)).toBe(true)
  })

  it('need not have children', () => {
    expect(new Acting(function* () {}).childrenDone()).toBe(true)
    const parent = new Parent()
    runInScope(() => parent.run())
    expect(parent.log).toEqual([])
  })

  it('adopts children once, and before they are activated', () => {
    const child = new Acting(function* () {})
    const parent = new Parent(child)
    expect(() => parent.addChildren(child)).toThrow(Misuse)
    expect(() => new Parent(child)).toThrow('Acting has a parent or is active: adopt it once')
    runInScope(function* (s) {
      const active = new Acting(function* () {}).activate(s)
      expect(() => parent.addChildren(active)).toThrow(Misuse)
    })
  })

  it('cannot start them before it is somewhere itself', () => {
    class Hasty extends Pipeline {
      start(): void {
        this.activateChildren()
      }
    }
    expect(() => new Hasty(new Source(), new Transform(String)).start()).toThrow('Hasty is in no scope yet')
  })
})
