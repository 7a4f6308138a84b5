// Links, monitors and names.

import { describe, expect, it } from 'vitest'
import type { Coroutine } from '../../../../runtime/index.ts'
import { sleep } from '../../../../runtime/index.ts'
import type { DownMessage, ExitMessage, Pid, Process } from '../../../../runtime/models/erlang/index.ts'
import { BadArgument, Exit } from '../../../../runtime/models/erlang/index.ts'
import { onNode } from './on-node.ts'

function* nothing(): Coroutine<void> {}

/** Ends as normal when it is told so, and otherwise for what it is told. */
function* obedient(self: Process<string>): Coroutine<void> {
  const reason = yield* self.receive()
  if (reason !== 'normal') self.exit(reason)
}

function* dead<M>(self: Process<M>): Coroutine<Pid> {
  const pid = self.spawn(nothing)
  yield* sleep(1)
  return pid
}

/** What `body` finds in its mailbox when it has ended. */
function mailOf(body: (self: Process<unknown>) => Coroutine<void>): unknown[] {
  return onNode(function* (self: Process<unknown>) {
    yield* body(self)
    yield* sleep(1)
    const mail: unknown[] = []
    while (self.messageQueueLength > 0) mail.push(yield* self.receive())
    return mail
  })
}

describe('a link', () => {
  it.each(['boom', 'shutdown', 'kill', 7])('ends the other end for the same reason: %s', (reason) => {
    const got = onNode(function* (self: Process<DownMessage>) {
      const { pid, monitor } = self.spawnMonitor(function* (other: Process<string>) {
        other.spawnLink(function* (linked: Process) {
          yield* sleep(1)
          linked.exit(reason)
        })
        yield* other.receive()
      })
      return [(yield* self.receive({ type: 'DOWN', monitor })).reason, self.isAlive(pid)]
    })
    expect(got).toEqual([reason, false])
  })

  it('passes an error on as it is, and it is reported once', () => {
    const error = new Error('broken')
    const got = onNode(
      function* (self: Process<ExitMessage>) {
        self.trapExit = true
        self.spawnLink(function* middle(other: Process<string>) {
          other.spawnLink(function* () {
            throw error
          })
          yield* other.receive()
        })
        return (yield* self.receive({ type: 'EXIT' })).reason
      },
      { reported: ['broken'] },
    )
    expect(got).toBe(error)
  })

  it('ends nobody when one end ends as normal', () => {
    const got = onNode(function* (self: Process<string>) {
      self.spawnLink(nothing)
      yield* sleep(1)
      return 'alive'
    })
    expect(got).toBe('alive')
  })

  it('comes as a message to whoever traps exits, as normal and as kill too', () => {
    let pids: Pid[] = []
    const mail = mailOf(function* (self) {
      self.trapExit = true
      pids = [self.spawnLink(nothing), self.spawnLink((other: Process) => exiting(other, 'kill'))]
      yield* sleep(1)
    })
    expect(mail).toEqual([
      { type: 'EXIT', from: pids[0], reason: 'normal' },
      { type: 'EXIT', from: pids[1], reason: 'kill' },
    ])
  })

  it('ends all of a ring of linked processes when one of them ends', () => {
    const got = onNode(function* (self: Process<DownMessage>) {
      const ring: Pid<string>[] = []
      for (let at = 0; at < 100; at += 1) {
        const left = ring.at(-1)
        ring.push(
          self.spawn(function* (other: Process<string>) {
            if (left !== undefined) other.link(left)
            yield* other.receive()
          }),
        )
      }
      yield* sleep(1)
      self.signalExit(ring[50] as Pid<string>, 'domino')
      yield* sleep(1)
      return ring.filter((pid) => self.isAlive(pid)).length
    })
    expect(got).toBe(0)
  })

  it('passes an exit on along a hundred thousand processes on the default stack', () => {
    const got = onNode(function* (self: Process<ExitMessage>) {
      self.trapExit = true
      let left: Pid = self
      for (let made = 0; made < 100_000; made += 1) {
        const neighbour = left
        left = self.spawn(function* (other: Process<string>) {
          other.link(neighbour)
          yield* other.receive()
        })
      }
      yield* sleep(1)
      self.signalExit(left, 'domino')
      return (yield* self.receive({ type: 'EXIT' })).reason
    })
    expect(got).toBe('domino')
  })

  it('is one, however often it is made and from whichever end', () => {
    const mail = mailOf(function* (self) {
      self.trapExit = true
      const pid = self.spawn(function* (other: Process<string>) {
        other.link(self)
        yield* obedient(other)
      })
      self.link(pid)
      self.link(pid)
      yield* sleep(1)
      self.send(pid, 'boom')
      yield* sleep(1)
    })
    expect(mail).toMatchObject([{ type: 'EXIT', reason: 'boom' }])
  })

  it('can be undone from either end', () => {
    const mail = mailOf(function* (self) {
      self.trapExit = true
      const mine = self.spawnLink(obedient)
      self.unlink(mine)
      const theirs = self.spawnLink(function* (other: Process<string>) {
        other.unlink(self)
        yield* obedient(other)
      })
      yield* sleep(1)
      for (const pid of [mine, theirs]) self.send(pid, 'boom')
    })
    expect(mail).toEqual([])
  })

  it('that there is none of is undone without a word', () => {
    onNode(function* (self: Process) {
      self.unlink(self.spawn(nothing))
      self.unlink(self)
    })
  })

  it('to oneself is none', () => {
    onNode(function* (self: Process) {
      self.link(self)
    })
  })

  it('to the dead throws an exit of noproc, which ends whoever does not catch it', () => {
    const got = onNode(function* (self: Process<DownMessage>) {
      const { monitor } = self.spawnMonitor(function* (other: Process) {
        other.link(yield* dead(other))
      })
      return (yield* self.receive({ type: 'DOWN', monitor })).reason
    })
    expect(got).toBe('noproc')
  })

  it('to the dead is a message to whoever traps exits', () => {
    const mail = mailOf(function* (self) {
      self.trapExit = true
      self.link(yield* dead(self))
    })
    expect(mail).toMatchObject([{ type: 'EXIT', reason: 'noproc' }])
  })

  it('leaves a message in the mailbox when trapping ends after it came', () => {
    const mail = mailOf(function* (self) {
      self.trapExit = true
      self.spawnLink(nothing)
      yield* sleep(1)
      self.trapExit = false
    })
    expect(mail).toMatchObject([{ type: 'EXIT', reason: 'normal' }])
  })
})

function* exiting(self: Process, reason: unknown): Coroutine<void> {
  self.exit(reason)
}

describe('a monitor', () => {
  it('tells once, with itself, the process and the reason', () => {
    let expected: unknown
    const mail = mailOf(function* (self) {
      const pid = self.spawn(obedient)
      const monitor = self.monitor(pid)
      expected = { type: 'DOWN', monitor, process: pid, reason: 'boom' }
      self.send(pid, 'boom')
    })
    expect(mail).toEqual([expected])
  })

  it('is one of many: each tells', () => {
    const mail = mailOf(function* (self) {
      const pid = self.spawn(obedient)
      self.monitor(pid)
      self.monitor(pid)
      self.send(pid, 'normal')
    })
    expect(mail).toMatchObject([{ reason: 'normal' }, { reason: 'normal' }])
  })

  it('of the dead tells at once, noproc', () => {
    const got = onNode(function* (self: Process<DownMessage>) {
      const monitor = self.monitor(yield* dead(self))
      return (yield* self.receiveWithin(0, { type: 'DOWN', monitor })).value?.reason
    })
    expect(got).toBe('noproc')
  })

  it('does not end the watcher, and its end does not end the watched', () => {
    const got = onNode(function* (self: Process<DownMessage>) {
      const pid = self.spawn(obedient)
      const watcher = self.spawnMonitor(function* (other: Process<DownMessage>) {
        other.monitor(pid)
        yield* sleep(1)
        other.exit('watcher gone')
      })
      yield* self.receive({ type: 'DOWN', monitor: watcher.monitor })
      const alive = self.isAlive(pid)
      self.send(pid, 'boom')
      yield* sleep(1)
      return [alive, self.messageQueueLength]
    })
    expect(got).toEqual([true, 0])
  })

  it('of oneself tells nothing', () => {
    const mail = mailOf(function* (self) {
      self.monitor(self)
    })
    expect(mail).toEqual([])
  })

  it('of a name says the name, and of a name that nobody has noproc', () => {
    const mail = mailOf(function* (self) {
      const pid = self.spawn(obedient)
      self.register('obedient', pid)
      self.monitor('obedient')
      self.monitor('nobody')
      self.send(pid, 'boom')
    })
    expect(mail).toMatchObject([
      { type: 'DOWN', process: 'nobody', reason: 'noproc' },
      { type: 'DOWN', process: 'obedient', reason: 'boom' },
    ])
  })

  it('that is undone tells nothing; what it has told stays, or is flushed', () => {
    const mail = mailOf(function* (self) {
      const pid = self.spawn(obedient)
      const [undone, told, flushed] = [self.monitor(pid), self.monitor(pid), self.monitor(pid)]
      self.demonitor(undone)
      self.demonitor(undone)
      self.send(pid, 'boom')
      yield* sleep(1)
      self.demonitor(told)
      self.demonitor(flushed, { flush: true })
      expect(self.messageQueueLength).toBe(1)
    })
    expect(mail).toHaveLength(1)
  })

  it('is undone only by whoever made it', () => {
    const got = onNode(
      function* (self: Process<unknown>) {
        const monitor = self.monitor(self.spawn(nothing))
        const { monitor: own } = self.spawnMonitor(function* (other: Process) {
          other.demonitor(monitor)
        })
        return yield* self.receive({ type: 'DOWN', monitor: own } as never)
      },
      { reported: [expect.stringContaining('<0.0.0> has to undo it')] },
    )
    expect(got).toMatchObject({ reason: expect.any(BadArgument) })
  })

  it('is told after links are, and both after the last words', () => {
    const mail = mailOf(function* (self) {
      self.trapExit = true
      const { pid } = self.spawnMonitor(function* (other: Process<string>) {
        self.send(self, 'first')
        yield* other.receive()
        other.send(self, 'last words')
      })
      self.link(pid)
      yield* sleep(1)
      self.send(pid, 'go')
    })
    expect(mail).toMatchObject(['first', 'last words', { type: 'EXIT' }, { type: 'DOWN' }])
  })
})

describe('a name', () => {
  it('reaches whoever has it, until it ends', () => {
    onNode(function* (self: Process<DownMessage>) {
      const { pid, monitor } = self.spawnMonitor(obedient)
      self.register('it', pid)
      expect([self.whereis('it') === pid, self.registered()]).toEqual([true, ['it']])
      self.send('it', 'normal')
      yield* self.receive({ type: 'DOWN', monitor })
      expect([self.whereis('it'), self.registered()]).toEqual([undefined, []])
    })
  })

  it('is free before links and monitors are told', () => {
    onNode(function* (self: Process<DownMessage>) {
      const { pid, monitor } = self.spawnMonitor(obedient)
      self.register('it', pid)
      self.send(pid, 'normal')
      yield* self.receive({ type: 'DOWN', monitor })
      self.register('it', self)
      expect(self.whereis('it')).toBe(self)
    })
  })

  it('can be given up and taken again', () => {
    onNode(function* (self: Process) {
      self.register('a', self)
      self.unregister('a')
      self.register('b', self)
      expect(self.registered()).toEqual(['b'])
    })
  })

  const refusals: [what: string, attempt: (self: Process, gone: Pid) => void, message: string][] = [
    ['that is taken', (self) => self.register('taken', self.spawn(nothing)), "the name 'taken' is taken, by <0.0.0>"],
    ['for who has one', (self) => self.register('two', self), "<0.0.0> has a name already, 'taken'"],
    ['for the dead', (self, gone) => self.register('gone', gone), "cannot be called 'gone': it is dead"],
    ['that nobody has, to give up', (self) => self.unregister('nobody'), "nobody is called 'nobody'"],
    ['that nobody has, to send to', (self) => self.send('nobody', 1), "nobody is called 'nobody': register"],
  ]
  it.each(refusals)('%s is refused', (_, attempt, message) => {
    onNode(function* (self: Process) {
      self.register('taken', self)
      const gone = yield* dead(self)
      expect(() => attempt(self, gone)).toThrow(BadArgument)
      expect(() => attempt(self, gone)).toThrow(message)
    })
  })

  it('is told of in a pid as Erlang writes them', () => {
    onNode(function* (self: Process) {
      expect([String(self), String(self.spawn(nothing))]).toEqual(['<0.0.0>', expect.stringMatching(/^<0\.\d+\.0>$/)])
    })
  })
})

describe('what a process was tied to', () => {
  it('is let go of when it ends: nobody keeps links, monitors or mail of the dead', () => {
    onNode(function* (self: Process<unknown>) {
      self.trapExit = true
      for (let round = 0; round < 100; round += 1) {
        const pid = self.spawnLink(obedient)
        self.monitor(pid)
        self.send(pid, 'normal')
      }
      yield* sleep(1)
      while (self.messageQueueLength > 0) yield* self.receive()
      const { ties } = self as unknown as {
        ties: { links: Set<unknown>; watching: Set<unknown>; watchedBy: Set<unknown> }
      }
      expect([ties.links.size, ties.watching.size, ties.watchedBy.size]).toEqual([0, 0, 0])
    })
  })

  it('is let go of when the watcher ends: the watched has nobody left to tell', () => {
    onNode(function* (self: Process) {
      const pid = self.spawn(obedient)
      for (let round = 0; round < 100; round += 1) self.spawn((watcher: Process) => watching(watcher, pid))
      yield* sleep(1)
      const { ties } = pid as unknown as { ties: { watchedBy: Set<unknown> } }
      expect(ties.watchedBy.size).toBe(0)
      self.send(pid, 'normal')
    })
    function* watching(watcher: Process, pid: Pid): Coroutine<void> {
      watcher.monitor(pid)
      watcher.exit('done')
    }
  })

  it('can be nothing: an exit then is no failure either', () => {
    expect(new Exit('why')).toMatchObject({ code: 'EXIT', message: 'exit: why' })
    onNode(function* (self: Process) {
      self.spawn((other: Process) => exiting(other, 'quietly'))
      yield* sleep(1)
    })
  })
})
