// What is expected here was seen in OTP 25, where the same was run.

import { describe, expect, it } from 'vitest'
import type { Coroutine } from '../../../../runtime/index.ts'
import { shield, sleep } from '../../../../runtime/index.ts'
import type {
  ChildDescription,
  ChildSpec,
  ExitMessage,
  Pid,
  Process,
  Restart,
  Strategy,
  SupervisorMessage,
  SupervisorOptions,
} from '../../../../runtime/models/erlang/index.ts'
import {
  BadArgument,
  startChild,
  startSupervisor,
  terminateChild,
  whichChildren,
} from '../../../../runtime/models/erlang/index.ts'
import { onNode } from './on-node.ts'

type Order = ExitMessage | { readonly type: 'die'; readonly reason: unknown }
type Supervisor = Pid<SupervisorMessage>

/** What happened, in order: `+a` for a start, `-a shutdown` for an end that a worker was asked for. */
type Log = string[]

function worker(log: Log, id: string, restart: Restart, more: Partial<ChildSpec> = {}): ChildSpec {
  return {
    id,
    restart,
    *start(supervisor) {
      log.push(`+${id}`)
      const pid = supervisor.spawnLink(work, log, id, supervisor)
      // As start_link does: a child has started when it says so.
      yield* supervisor.receive({ up: pid })
      return pid
    },
    ...more,
  }
}

function* work(self: Process<Order>, log: Log, id: string, supervisor: Pid<unknown>): Coroutine<void> {
  self.trapExit = true
  self.register(id, self)
  self.send(supervisor, { up: self })
  const order = yield* self.receive()
  if (order.type === 'EXIT') log.push(`-${id} ${String(order.reason)}`)
  self.exit(order.reason)
}

/** Run a supervisor, have workers die one after the other, and give what happened each time. */
function history(options: SupervisorOptions, log: Log, deaths: readonly (readonly [id: string, reason: unknown])[]) {
  return onNode(function* (self: Process<ExitMessage>) {
    self.trapExit = true
    const supervisor = yield* startSupervisor(self, options)
    yield* sleep(1)
    const happened = [log.splice(0)]
    for (const [id, reason] of deaths) {
      if (self.whereis(id) !== undefined) self.send(id, { type: 'die', reason })
      yield* sleep(1)
      happened.push(log.splice(0))
    }
    const children = self.isAlive(supervisor) ? yield* running(self, supervisor) : 'gone'
    self.signalExit(supervisor, 'shutdown')
    const { reason } = yield* self.receive({ type: 'EXIT', from: supervisor })
    return { happened, children, end: [...log, reason] }
  })
}

/** The children as a word each: those in brackets do not run. */
function* running<M>(self: Process<M>, supervisor: Supervisor): Coroutine<string> {
  const children = yield* whichChildren(self, supervisor)
  const word = ({ id, pid }: ChildDescription) => (pid === null ? `(${id})` : id)
  return children.map(word).join(' ')
}

describe('a supervisor', () => {
  it('starts its children in order, and stops them in the opposite one', () => {
    const log: Log = []
    const children = [worker(log, 'a', 'permanent'), worker(log, 'b', 'transient'), worker(log, 'c', 'temporary')]
    expect(history({ children }, log, [])).toEqual({
      happened: [['+a', '+b', '+c']],
      children: 'a b c',
      end: ['-c shutdown', '-b shutdown', '-a shutdown', 'shutdown'],
    })
  })

  it('restarts a permanent child always, a transient one unless its end was orderly, a temporary one never', () => {
    const log: Log = []
    const children = [worker(log, 'a', 'permanent'), worker(log, 'b', 'transient'), worker(log, 'c', 'temporary')]
    const deaths = [
      ['a', 'normal'],
      ['a', 'x'],
      ['b', 'x'],
      ['b', 'normal'],
      ['c', 'x'],
    ] as const
    expect(history({ children, intensity: 10 }, log, deaths)).toEqual({
      happened: [['+a', '+b', '+c'], ['+a'], ['+a'], ['+b'], [], []],
      children: 'a (b)',
      end: ['-a shutdown', 'shutdown'],
    })
  })

  it.each(['normal', 'shutdown', ['shutdown', 'for a reason']])('takes %j as an orderly end', (reason) => {
    const log: Log = []
    const { happened } = history({ children: [worker(log, 'b', 'transient')] }, log, [['b', reason]])
    expect(happened).toEqual([['+b'], []])
  })

  it('misses also a child that was started without a link', () => {
    const log: Log = []
    const loner: ChildSpec = {
      id: 'a',
      *start(supervisor) {
        log.push('+a')
        return supervisor.spawn(work, log, 'a', supervisor)
      },
    }
    expect(history({ children: [loner] }, log, [['a', 'x']]).happened).toEqual([['+a'], ['+a']])
  })

  it('that is one for all restarts all of them, those that had ended too, but for the temporary', () => {
    const log: Log = []
    const children = [
      worker(log, 'a', 'permanent'),
      worker(log, 'b', 'transient'),
      worker(log, 'c', 'temporary'),
      worker(log, 'd', 'permanent'),
    ]
    const deaths = [
      ['b', 'x'],
      ['b', 'normal'],
      ['d', 'x'],
    ] as const
    expect(history({ children, strategy: 'one_for_all', intensity: 3 }, log, deaths)).toEqual({
      happened: [
        ['+a', '+b', '+c', '+d'],
        ['-d shutdown', '-c shutdown', '-a shutdown', '+a', '+b', '+d'],
        [],
        ['-a shutdown', '+a', '+b', '+d'],
      ],
      children: 'a b d',
      end: ['-d shutdown', '-b shutdown', '-a shutdown', 'shutdown'],
    })
  })

  it('that is rest for one restarts those that were started after it', () => {
    const log: Log = []
    const children = [
      worker(log, 'a', 'permanent'),
      worker(log, 'b', 'permanent'),
      worker(log, 'c', 'temporary'),
      worker(log, 'd', 'permanent'),
    ]
    const deaths = [
      ['b', 'x'],
      ['d', 'x'],
      ['a', 'x'],
    ] as const
    expect(history({ children, strategy: 'rest_for_one', intensity: 3 }, log, deaths)).toEqual({
      happened: [
        ['+a', '+b', '+c', '+d'],
        ['-d shutdown', '-c shutdown', '+b', '+d'],
        ['+d'],
        ['-d shutdown', '-b shutdown', '+a', '+b', '+d'],
      ],
      children: 'a b d',
      end: ['-d shutdown', '-b shutdown', '-a shutdown', 'shutdown'],
    })
  })

  it.each<Strategy>(['one_for_all', 'rest_for_one'])('that is %s restarts nobody for a temporary child', (strategy) => {
    const log: Log = []
    const children = [worker(log, 'a', 'temporary'), worker(log, 'b', 'permanent')]
    const { happened, children: left } = history({ children, strategy }, log, [['a', 'x']])
    expect({ happened, left }).toEqual({ happened: [['+a', '+b'], []], left: 'b' })
  })

  it('gives up at one restart more than its intensity: it stops the others and ends as shutdown', () => {
    const log: Log = []
    const children = [worker(log, 'a', 'permanent'), worker(log, 'b', 'permanent')]
    const deaths = [
      ['a', 'x'],
      ['a', 'x'],
      ['a', 'x'],
      ['a', 'x'],
    ] as const
    expect(history({ children, intensity: 3 }, log, deaths)).toEqual({
      happened: [['+a', '+b'], ['+a'], ['+a'], ['+a'], ['-b shutdown']],
      children: 'gone',
      end: ['shutdown'],
    })
  })

  it('with an intensity of 0 restarts nobody', () => {
    const log: Log = []
    const { happened, children } = history({ children: [worker(log, 'a', 'permanent')], intensity: 0 }, log, [['a', 1]])
    expect({ happened, children }).toEqual({ happened: [['+a'], []], children: 'gone' })
  })

  it('allows one restart, and five seconds, when nothing is said', () => {
    const restarts = (pauseMs: number) => {
      const log: Log = []
      return onNode(function* (self: Process<ExitMessage>) {
        self.trapExit = true
        const supervisor = yield* startSupervisor(self, { children: [worker(log, 'a', 'permanent')] })
        for (let death = 0; death < 3 && self.isAlive(supervisor); death += 1) {
          yield* sleep(pauseMs)
          self.send('a', { type: 'die', reason: 'x' })
          yield* sleep(1)
        }
        self.signalExit(supervisor, 'shutdown')
        return log.filter((entry) => entry === '+a').length - 1
      })
    }
    expect([restarts(4_999), restarts(5_000)]).toEqual([1, 3])
  })
})

describe('a child that is stopped', () => {
  /** How long the supervisor takes to stop a child, and for what reason that ends. */
  function stopping(shutdownMs: number | undefined, body: (self: Process<ExitMessage>) => Coroutine<void>) {
    return onNode(function* (self: Process<unknown>) {
      self.trapExit = true
      const child: ChildSpec = {
        id: 'child',
        start: function* (supervisor) {
          return supervisor.spawnLink(body)
        },
        ...(shutdownMs !== undefined && { shutdownMs }),
      }
      const supervisor = yield* startSupervisor(self, { children: [child] })
      const [{ pid } = { pid: null }] = yield* whichChildren(self, supervisor)
      const monitor = self.monitor(pid as Pid)
      yield* sleep(1)
      let waited = 0
      self.spawn(function* (clock: Process) {
        while (clock.isAlive(pid as Pid)) {
          yield* sleep(1)
          waited += 1
        }
      })
      yield* terminateChild(self, supervisor, 'child')
      const { reason } = (yield* self.receive({ type: 'DOWN', monitor } as never)) as unknown as { reason: unknown }
      self.signalExit(supervisor, 'shutdown')
      return { reason, waited }
    })
  }

  function* stubborn(self: Process<ExitMessage>): Coroutine<void> {
    self.trapExit = true
    for (;;) yield* self.receive()
  }

  function* slow(self: Process<ExitMessage>): Coroutine<void> {
    self.trapExit = true
    const { reason } = yield* self.receive()
    yield* sleep(300)
    self.exit(reason)
  }

  it('gets the time that its spec allows, and ends for the reason that it is asked to', () => {
    expect(stopping(1_000, slow)).toEqual({ reason: 'shutdown', waited: expect.closeTo(300, -1) })
    expect(stopping(Number.POSITIVE_INFINITY, slow)).toMatchObject({ reason: 'shutdown' })
  })

  it('is killed when that time is over', () => {
    expect(stopping(100, slow)).toEqual({ reason: 'killed', waited: expect.closeTo(100, -1) })
    expect(stopping(20, stubborn)).toMatchObject({ reason: 'killed' })
  })

  it('has five seconds when nothing is said', () => {
    expect(stopping(undefined, stubborn)).toEqual({ reason: 'killed', waited: expect.closeTo(5_000, -1) })
  })

  it('with no time at all is killed at once', () => {
    expect(stopping(0, slow)).toMatchObject({ reason: 'killed' })
  })

  it('is waited for also when it has unlinked itself', () => {
    const naughty = function* (self: Process<ExitMessage>): Coroutine<void> {
      for (const name of self.registered()) self.unlink(self.whereis(name) as Pid)
      try {
        yield* self.receive()
      } finally {
        yield* shield(function* () {
          yield* sleep(50)
        })
      }
    }
    expect(stopping(1_000, naughty)).toMatchObject({ reason: 'shutdown' })
  })
})

describe('a child that does not start', () => {
  function broken(): never {
    throw new Error('no database')
  }

  it('ends its supervisor, once those before it are stopped, and says why to whoever traps exits', () => {
    const log: Log = []
    const got = onNode(function* (self: Process<ExitMessage>) {
      self.trapExit = true
      const b: ChildSpec = { id: 'b', start: broken }
      const children = [worker(log, 'a', 'permanent'), b, worker(log, 'c', 'permanent')]
      try {
        yield* startSupervisor(self, { children })
      } catch (error) {
        return [error, self.messageQueueLength]
      }
      return expect.unreachable('it has started')
    })
    const reason = ['shutdown', ['failed_to_start_child', 'b', new Error('no database')]]
    expect(got).toMatchObject([{ code: 'EXIT', reason }, 0])
    expect(log).toEqual(['+a', '-a shutdown'])
  })

  it('is tried again when it was a restart, until the intensity is reached', () => {
    const log: Log = []
    let attempts = 0
    const flaky: ChildSpec = {
      id: 'a',
      *start(supervisor) {
        attempts += 1
        if (attempts > 1 && attempts < 4) broken()
        return yield* worker(log, 'a', 'permanent').start(supervisor)
      },
    }
    expect(history({ children: [flaky], intensity: 3 }, log, [['a', 'x']])).toMatchObject({
      happened: [['+a'], ['+a']],
      children: 'a',
    })
    expect(attempts).toBe(4)
    attempts = 0
    expect(history({ children: [flaky], intensity: 2 }, [], [['a', 'x']])).toMatchObject({ children: 'gone' })
    expect(attempts).toBe(3)
  })

  it('holds up those after it in a group: they start when it does', () => {
    const log: Log = []
    let attempts = 0
    const flaky: ChildSpec = {
      id: 'b',
      *start(supervisor) {
        attempts += 1
        if (attempts === 2) broken()
        return yield* worker(log, 'b', 'permanent').start(supervisor)
      },
    }
    const children = [worker(log, 'a', 'permanent'), flaky, worker(log, 'c', 'permanent')]
    expect(history({ children, strategy: 'one_for_all', intensity: 3 }, log, [['c', 'x']])).toMatchObject({
      happened: [
        ['+a', '+b', '+c'],
        ['-b shutdown', '-a shutdown', '+a', '-a shutdown', '+a', '+b', '+c'],
      ],
      children: 'a b c',
    })
  })

  it('can be stopped between two attempts: nobody tries again', () => {
    const log: Log = []
    let attempts = 0
    const got = onNode(function* (self: Process<ExitMessage>) {
      self.trapExit = true
      const slow: ChildSpec = {
        id: 'a',
        *start(supervisor) {
          attempts += 1
          if (attempts === 1) return yield* worker(log, 'a', 'permanent').start(supervisor)
          yield* sleep(100)
          return broken()
        },
      }
      const supervisor = yield* startSupervisor(self, { children: [slow], intensity: 5 })
      yield* sleep(1)
      self.send('a', { type: 'die', reason: 'x' })
      yield* sleep(50)
      yield* terminateChild(self, supervisor, 'a')
      const children = yield* whichChildren(self, supervisor)
      yield* sleep(1_000)
      self.signalExit(supervisor, 'shutdown')
      return children
    })
    expect({ got, attempts }).toEqual({ got: [{ id: 'a', pid: null, isRestarting: false }], attempts: 2 })
  })
})

describe('the children of a supervisor', () => {
  it('can become more, and be stopped one by one', () => {
    const log: Log = []
    onNode(function* (self: Process<ExitMessage>) {
      self.trapExit = true
      const supervisor = yield* startSupervisor(self, { children: [worker(log, 'a', 'permanent')] })
      const pid = yield* startChild(self, supervisor, worker(log, 'b', 'temporary'))
      yield* sleep(1)
      expect(self.whereis('b')).toBe(pid)
      expect(yield* running(self, supervisor)).toBe('a b')
      yield* terminateChild(self, supervisor, 'a')
      yield* terminateChild(self, supervisor, 'b')
      yield* terminateChild(self, supervisor, 'a')
      expect(yield* running(self, supervisor)).toBe('(a)')
      self.signalExit(supervisor, 'shutdown')
      expect(log).toEqual(['+a', '+b', '-a shutdown', '-b shutdown'])
    })
  })

  it('are refused when there is one by that id, when there is none, and when they do not start', () => {
    onNode(function* (self: Process<ExitMessage>) {
      self.trapExit = true
      const log: Log = []
      const supervisor = yield* startSupervisor(self, { children: [worker(log, 'a', 'permanent')] })
      yield* refused(startChild(self, supervisor, worker(log, 'a', 'permanent')), "there is a child 'a' already")
      yield* refused(terminateChild(self, supervisor, 'b'), "there is no child 'b'")
      const start = function* (): Coroutine<Pid> {
        throw new Error('no room')
      }
      yield* refused(startChild(self, supervisor, { id: 'b', start }), 'exit: no room')
      expect(yield* running(self, supervisor)).toBe('a')
      self.signalExit(supervisor, 'shutdown')
      yield* self.receive({ type: 'EXIT', from: supervisor })
      yield* refused(whichChildren(self, supervisor), 'exit: noproc')
      expect(self.messageQueueLength).toBe(0)
    })
  })

  it('can be supervisors: a tree is stopped from its leaves', () => {
    const log: Log = []
    const inner: ChildSpec = {
      id: 'inner',
      shutdownMs: Number.POSITIVE_INFINITY,
      *start(supervisor) {
        return yield* startSupervisor(supervisor, {
          children: [worker(log, 'a', 'permanent'), worker(log, 'b', 'permanent')],
        })
      },
    }
    const { happened, end } = history({ children: [inner, worker(log, 'c', 'permanent')] }, log, [['a', 'x']])
    expect(happened).toEqual([['+a', '+b', '+c'], ['+a']])
    expect(end).toEqual(['-c shutdown', '-b shutdown', '-a shutdown', 'shutdown'])
  })

  it('are restarted with a supervisor of theirs that has given up', () => {
    const log: Log = []
    const inner: ChildSpec = {
      id: 'inner',
      *start(supervisor) {
        return yield* startSupervisor(supervisor, { children: [worker(log, 'a', 'permanent')], intensity: 0 })
      },
    }
    const { happened } = history({ children: [inner] }, log, [['a', 'x']])
    expect(happened).toEqual([['+a'], ['+a']])
  })

  it('end with a supervisor that is killed', () => {
    onNode(function* (self: Process<ExitMessage>) {
      self.trapExit = true
      const children: ChildSpec[] = [
        {
          id: 'a',
          *start(supervisor) {
            return supervisor.spawnLink(function* (child: Process<string>) {
              yield* child.receive()
            })
          },
        },
      ]
      const supervisor = yield* startSupervisor(self, { children })
      const [child] = yield* whichChildren(self, supervisor)
      self.signalExit(supervisor, 'kill')
      expect((yield* self.receive({ type: 'EXIT', from: supervisor })).reason).toBe('killed')
      yield* sleep(1)
      expect(self.isAlive(child?.pid as Pid)).toBe(false)
    })
  })

  it('end when the process that started their supervisor ends', () => {
    const log: Log = []
    onNode(function* (self: Process) {
      yield* startSupervisor(self, { children: [worker(log, 'a', 'permanent')] })
      yield* sleep(1)
    })
    expect(log).toEqual(['+a', '-a shutdown'])
  })
})

function* refused(attempt: Coroutine<unknown>, message: string): Coroutine<void> {
  try {
    yield* attempt
  } catch (error) {
    expect((error as Error).message).toBe(message)
    return
  }
  expect.unreachable('it was not refused')
}

describe('the options of a supervisor', () => {
  const start = function* (supervisor: Process<unknown>): Coroutine<Pid> {
    return supervisor
  }
  const bad: [options: object, message: string][] = [
    [{ strategy: 'all' }, 'strategy must be one of one_for_one, one_for_all, rest_for_one (got all)'],
    [{ intensity: -1 }, 'intensity must be a whole number of restarts (got -1)'],
    [{ intensity: 0.5 }, 'intensity must be a whole number of restarts (got 0.5)'],
    [{ periodMs: 0 }, 'periodMs must be above 0 milliseconds (got 0)'],
    [{ periodMs: Number.NaN }, 'periodMs must be above 0 milliseconds (got NaN)'],
    [{ children: [{ id: 'a', start, restart: 'often' }] }, 'restart must be one of permanent, transient, temporary'],
    [{ children: [{ id: 'a', start, shutdownMs: -1 }] }, 'shutdownMs must be 0 or more milliseconds (got -1)'],
    [
      {
        children: [
          { id: 'a', start },
          { id: 'a', start },
        ],
      },
      "two children are called 'a'",
    ],
  ]
  it.each(bad)('%o are refused where they come in', (options, message) => {
    const starting = () =>
      onNode(function* (self: Process) {
        yield* startSupervisor(self, { children: [], ...options } as SupervisorOptions)
      })
    expect(starting).toThrow(BadArgument)
    expect(starting).toThrow(message)
  })
})
