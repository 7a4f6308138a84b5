// Whom a full inbox has refused: woken when there is room, by whatever makes it, and by nothing else.

import { describe, expect, it } from 'vitest'
import type { Coroutine } from '../../../../runtime/index.ts'
import { scope, VirtualHost } from '../../../../runtime/index.ts'
import { AxonError, type Component } from '../../../../runtime/models/axon/index.ts'
import { Acting } from './components.ts'

/** An inbox of size 1 that is full, and senders that it has refused: each pauses, and says when it goes on. */
function refusing(names: readonly string[]) {
  const host = new VirtualHost()
  const scheduler = host.scheduler({ deadlock: 'ignore' })
  const sink = new Acting(function* () {})
  sink.setInboxSize('inbox', 1)
  sink.deliver('the one that it holds')
  const log: string[] = []
  scheduler.run(function* () {
    yield* scope(function* (s) {
      for (const name of names) {
        const sender = new Acting((self) => sending(self, name))
        sender.link([sender, 'outbox'], [sink, 'inbox'])
        sender.activate(s)
      }
    })
  })
  host.settle()
  return { host, scheduler, sink, log }

  function* sending(self: Component, name: string): Coroutine<void> {
    while (!isSent(self, name)) {
      yield* self.pause()
      log.push(`${name} goes on`)
    }
    log.push(`${name} has sent`)
    yield* self.pause()
    log.push(`${name} was woken for nothing`)
  }
}

function isSent(self: Component, message: string): boolean {
  try {
    self.send(message)
    return true
  } catch (error) {
    if (error instanceof AxonError && error.code === 'NO_SPACE_IN_BOX') return false
    throw error
  }
}

describe('those whom a full inbox has refused', () => {
  it('go on, all of them, once it is enlarged', () => {
    const { host, sink, log } = refusing(['a', 'b'])
    expect(log).toEqual([])
    sink.setInboxSize('inbox', 3)
    host.settle()
    expect(log).toEqual(['a goes on', 'a has sent', 'b goes on', 'b has sent'])
    expect(sink.waitingIn()).toBe(3)
  })

  it('go on once what waits in it is led on to another inbox', () => {
    const { host, sink, log } = refusing(['a'])
    const further = new Acting(function* () {})
    sink.link([sink, 'inbox'], [further, 'inbox'], 'inbox')
    host.settle()
    expect(log).toEqual(['a goes on', 'a has sent'])
    expect([further.recv(), further.recv()]).toEqual(['the one that it holds', 'a'])
  })

  it('wait on if it is made no larger than it is full', () => {
    const { host, sink, log } = refusing(['a'])
    sink.setInboxSize('inbox', 1)
    host.settle()
    expect(log).toEqual([])
    sink.recv()
    host.settle()
    expect(log).toEqual(['a goes on', 'a has sent'])
  })

  it('are not woken again for room that they do not wait for any more', () => {
    const { host, scheduler, sink, log } = refusing(['a'])
    sink.recv()
    host.settle()
    const { resumes } = scheduler.statistics()
    sink.recv()
    sink.setInboxSize('inbox', 10)
    host.settle()
    expect(log).toEqual(['a goes on', 'a has sent'])
    expect(scheduler.statistics().resumes).toBe(resumes)
  })
})
