import { describe, expect, it } from 'vitest'
import type { Coroutine } from '../../../../runtime/index.ts'
import { Deadlock, scope, shield, sleep, VirtualHost } from '../../../../runtime/index.ts'
import type { DownMessage, ExitMessage, Pid, Process } from '../../../../runtime/models/erlang/index.ts'
import { Exit, runNode } from '../../../../runtime/models/erlang/index.ts'
import { onNode } from './on-node.ts'

function* nothing(): Coroutine<void> {}

function* waiting(self: Process<string>): Coroutine<unknown> {
  return yield* self.receive()
}

function* trapping(self: Process<unknown>, heard: unknown[]): Coroutine<void> {
  self.trapExit = true
  for (;;) heard.push((yield* self.receive()) as never)
}

/** The reason for which a process ends that runs `body`. */
function reasonOf(body: (self: Process<never>) => Coroutine<unknown>, reported: readonly string[] = []): unknown {
  return onNode(
    function* (self: Process<DownMessage>) {
      const { monitor } = self.spawnMonitor(body)
      return (yield* self.receive({ type: 'DOWN', monitor })).reason
    },
    { reported },
  )
}

describe('a process ends', () => {
  it('as normal when its body returns, whatever that gives', () => {
    expect(reasonOf(nothing)).toBe('normal')
    expect(
      reasonOf(function* () {
        return 'anything'
      }),
    ).toBe('normal')
  })

  it('for the reason that it gives, which is not reported', () => {
    expect(reasonOf((self) => exiting(self, 'tired'))).toBe('tired')
    function* exiting(self: Process, reason: string): Coroutine<void> {
      self.exit(reason)
    }
  })

  it('for the error that it throws, which is reported', () => {
    const error = new Error('broken')
    const failing = function* () {
      throw error
    }
    expect(reasonOf(failing, ['broken'])).toBe(error)
    // Also if nobody looks.
    onNode(
      function* (self: Process) {
        self.spawn(failing)
        yield* sleep(1)
      },
      { reported: ['broken'] },
    )
  })

  it('not for an exit that it catches', () => {
    const reason = reasonOf(function* (self) {
      try {
        self.exit('almost')
      } catch (error) {
        expect((error as Exit).reason).toBe('almost')
      }
    })
    expect(reason).toBe('normal')
  })

  it('as killed when its node goes down', () => {
    const heard: unknown[] = []
    const host = new VirtualHost()
    const task = host.scheduler({ deadlock: 'ignore' }).run(() =>
      runNode(function* (self: Process<string>) {
        const pid = self.spawn(waiting)
        self.spawn(function* (watcher: Process<DownMessage>) {
          watcher.monitor(pid)
          try {
            yield* sleep(1_000)
          } finally {
            const down = watcher.receive()
            if (down.poll()) heard.push(down.take().reason)
          }
        })
        yield* self.receive()
      }),
    )
    host.settle()
    task.cancel('enough')
    host.finish()
    expect(task.status).toBe('cancelled')
    expect(heard).toEqual(['killed'])
    expect(host.reported).toEqual([])
  })
})

describe('an exit signal that is sent', () => {
  it.each(['tired', 'shutdown', 'killed', 7])('ends whoever does not trap it, for its reason: %s', (sent) => {
    const got = onNode(function* (self: Process<DownMessage>) {
      const { pid, monitor } = self.spawnMonitor(waiting)
      yield* sleep(1)
      self.signalExit(pid, sent)
      return (yield* self.receive({ type: 'DOWN', monitor })).reason
    })
    expect(got).toBe(sent)
  })

  it('as normal ends nobody else', () => {
    const got = onNode(function* (self: Process<DownMessage>) {
      const { pid, monitor } = self.spawnMonitor(waiting)
      self.signalExit(pid, 'normal')
      const wasAlive = self.isAlive(pid)
      self.send(pid, 'go on')
      return [wasAlive, (yield* self.receive({ type: 'DOWN', monitor })).reason]
    })
    expect(got).toEqual([true, 'normal'])
  })

  it('as normal ends oneself, at once', () => {
    const steps: string[] = []
    const reason = reasonOf(function* (self) {
      steps.push('before')
      self.signalExit(self, 'normal')
      steps.push('after')
    })
    expect([reason, steps]).toEqual(['normal', ['before']])
  })

  it('to oneself cannot be caught: it is thrown again by the next operation', () => {
    const steps: string[] = []
    const reason = reasonOf(function* (self) {
      try {
        self.signalExit(self, 'me')
      } catch {
        steps.push('caught')
      }
      yield* sleep(1)
      steps.push('survived')
    })
    expect([reason, steps]).toEqual(['me', ['caught']])
  })

  it('cannot be caught, but the finalizers run', () => {
    const steps: string[] = []
    const reason = reasonOf(function* (self) {
      const me = self
      self.spawn(function* (other: Process) {
        yield* sleep(1)
        other.signalExit(me, 'stop')
      })
      try {
        yield* sleep(1_000)
        steps.push('survived')
      } finally {
        yield* shield(function* () {
          yield* sleep(10)
          steps.push('cleaned up')
        })
      }
    })
    expect([reason, steps]).toEqual(['stop', ['cleaned up']])
  })

  it('reaches a process before its first step, which then ends at its first operation', () => {
    const steps: string[] = []
    const got = onNode(function* (self: Process<DownMessage>) {
      const { pid, monitor } = self.spawnMonitor(function* () {
        steps.push('begun')
        yield* sleep(1)
        steps.push('gone on')
      })
      self.signalExit(pid, 'early')
      return (yield* self.receive({ type: 'DOWN', monitor })).reason
    })
    expect([got, steps]).toEqual(['early', ['begun']])
  })

  it('comes as a message to whoever traps it, with who sent it, and as normal too', () => {
    const heard: unknown[] = []
    onNode(function* (self: Process<ExitMessage>) {
      const pid = self.spawn(trapping, heard)
      yield* sleep(1)
      self.signalExit(pid, 'boom')
      self.signalExit(pid, 'normal')
      yield* sleep(1)
      expect(heard).toEqual([
        { type: 'EXIT', from: self, reason: 'boom' },
        { type: 'EXIT', from: self, reason: 'normal' },
      ])
      self.trapExit = true
      self.signalExit(self, 'normal')
      expect(yield* self.receive()).toEqual({ type: 'EXIT', from: self, reason: 'normal' })
      self.signalExit(pid, 'kill')
    })
  })

  it('as kill ends also whoever traps it, as killed', () => {
    const heard: unknown[] = []
    const got = onNode(function* (self: Process<DownMessage>) {
      const { pid, monitor } = self.spawnMonitor(trapping, heard)
      yield* sleep(1)
      self.signalExit(pid, 'kill')
      return (yield* self.receive({ type: 'DOWN', monitor })).reason
    })
    expect([got, heard]).toEqual(['killed', []])
  })

  it('of two gives the reason of the first, and one to the dead does nothing', () => {
    const got = onNode(function* (self: Process<DownMessage>) {
      const { pid, monitor } = self.spawnMonitor(waiting)
      yield* sleep(1)
      self.signalExit(pid, 'first')
      self.signalExit(pid, 'kill')
      const down = yield* self.receive({ type: 'DOWN', monitor })
      self.signalExit(pid, 'too late')
      return down.reason
    })
    expect(got).toBe('first')
  })

  it('makes a process dead to others at once, but its end is told when its finalizers are done', () => {
    const got = onNode(function* (self: Process<DownMessage>) {
      const { pid, monitor } = self.spawnMonitor(function* slow(other: Process<string>) {
        try {
          yield* other.receive()
        } finally {
          yield* shield(() => sleepily(500))
        }
      })
      yield* sleep(1)
      self.signalExit(pid, 'stop')
      const alive = self.isAlive(pid)
      self.send(pid, 'to the dead')
      const early = yield* self.receiveWithin(499, { type: 'DOWN', monitor })
      const down = yield* self.receiveWithin(2, { type: 'DOWN', monitor })
      return [alive, early.case, down.value?.reason]
    })
    expect(got).toEqual([false, 'after', 'stop'])
  })

  it('stays the reason when a finalizer fails, and that is reported', () => {
    const reason = reasonOf(
      function* (self) {
        try {
          self.signalExit(self, 'stop')
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: what happens then is what is tested.
          throw new Error('while cleaning up')
        }
      },
      ['while cleaning up'],
    )
    expect(reason).toBe('stop')
  })
})

function* sleepily(ms: number): Coroutine<void> {
  yield* sleep(ms)
}

describe('the first process', () => {
  it('gives its result once all processes of its node have ended', () => {
    const ended: string[] = []
    const result = onNode(function* (self: Process) {
      self.spawn(function* () {
        yield* sleep(5_000)
        ended.push('the other')
      })
      return 'result'
    })
    expect([result, ended]).toEqual(['result', ['the other']])
  })

  it('takes its node with it when it fails, as itself', () => {
    const ended: string[] = []
    const failing = () =>
      onNode(function* (self: Process) {
        self.spawn(function* (other: Process<string>) {
          try {
            yield* other.receive()
          } finally {
            ended.push('the other')
          }
        })
        yield* sleep(1)
        throw new RangeError('too far')
      })
    expect(failing).toThrow(new RangeError('too far'))
    expect(ended).toEqual(['the other'])
  })

  it('exits with a reason that its starter is thrown', () => {
    const exiting = () =>
      onNode(function* (self: Process) {
        yield* sleep(1)
        self.exit('tired')
      })
    expect(exiting).toThrow(new Exit('tired'))
  })

  it('takes its node with it when a linked process ends it', () => {
    const ended: string[] = []
    const linked = () =>
      onNode(function* (self: Process<string>) {
        self.spawn(function* (other: Process<string>) {
          try {
            yield* other.receive()
          } finally {
            ended.push('the other')
          }
        })
        self.spawnLink(function* (other: Process) {
          yield* sleep(1)
          other.exit('boom')
        })
        yield* self.receive()
      })
    expect(linked).toThrow(new Exit('boom'))
    expect(ended).toEqual(['the other'])
  })

  it('is told of others, and others of it', () => {
    const heard: unknown[] = []
    onNode(function* (self: Process) {
      self.spawn(function* (other: Process<DownMessage>) {
        const monitor = other.monitor(self)
        heard.push((yield* other.receive({ type: 'DOWN', monitor })).reason)
      })
      yield* sleep(1)
    })
    expect(heard).toEqual(['normal'])
  })
})

describe('a node', () => {
  it('whose processes all wait for ever is a deadlock that names them', () => {
    const host = new VirtualHost()
    const stuck = () =>
      host.run(() =>
        runNode(function* (self: Process<string>) {
          self.spawn(function* philosopher(other: Process<string>) {
            yield* other.receive('fork')
          })
          yield* self.receive()
        }),
      )
    expect(stuck).toThrow(Deadlock)
    expect(stuck).toThrow(/philosopher#2 +parked .* on a message that fits a pattern/)
  })

  it('can be one of several, with scopes of the core in its processes', () => {
    const host = new VirtualHost()
    const results = host.run(function* () {
      return yield* scope(function* (here) {
        const nodes = [1, 2].map((number) =>
          here.spawn(() =>
            runNode(function* (self: Process<number>) {
              self.register('me', self)
              yield* scope(function* (inner) {
                inner.spawn(function* () {
                  yield* sleep(1)
                  self.send('me', number)
                })
              })
              return yield* self.receive()
            }),
          ),
        )
        const got: number[] = []
        for (const node of nodes) got.push(yield* node.join())
        return got
      })
    })
    expect(results).toEqual([1, 2])
  })
})

describe('sending', () => {
  it('to the dead goes nowhere, silently', () => {
    onNode(function* (self: Process<DownMessage>) {
      const { pid, monitor }: { pid: Pid<string>; monitor: unknown } = self.spawnMonitor(nothing)
      yield* self.receive({ type: 'DOWN', monitor } as never)
      self.send(pid, 'hello?')
      expect(self.isAlive(pid)).toBe(false)
    })
  })
})
