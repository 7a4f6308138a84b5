// The traps of the field, 13 and 14: coroutines that keep each other, or themselves, so busy that nothing comes in.
//
// Each was reported by users of another runtime; the issue is named where it was found. The host is the real one here,
// and what must come in are a real timer and a real socket. That costs no time unless it fails.

import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { connect, createServer } from 'node:net'
import { performance } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import type { Coroutine } from '../../../runtime/index.ts'
import { Channel, Latch, Scheduler, scope, sleep, until } from '../../../runtime/index.ts'

/** The bound makes a failure of a freeze. */
const freezeMs = 5_000

describe('the traps of the field', () => {
  describe('13. a ping-pong pair, or a coroutine that never parks, starving timers and I/O', () => {
    // Two of tokio's tasks that woke each other were all that ran (tokio-rs/tokio#2349), and so was one whose reads
    // were always ready (tokio-rs/tokio#4300).
    const busy: [string, (isOver: () => boolean) => Coroutine<void>][] = [
      ['a ping-pong pair', pingPong],
      ['a coroutine that never parks', neverParking],
    ]

    it.each(busy)('%s lets a timer, a sleeper and a socket have their turn', async (_, body) => {
      const scheduler = new Scheduler()
      const came = new Set<string>()
      const began = performance.now()
      const task = scheduler.run(function* () {
        yield* body(() => came.size === 3 || performance.now() - began > freezeMs)
        return [...came].toSorted()
      })
      setTimeout(() => came.add('a timer'), 1)
      scheduler.run(function* () {
        yield* sleep(1)
        came.add('a sleeper')
      })
      await using _server = await echo(() => came.add('a socket'))
      expect(await task.promise).toEqual(['a sleeper', 'a socket', 'a timer'])
    })
  })

  describe('14. a microtask loop', () => {
    // The host looks at nothing else while microtasks make microtasks (nodejs/promise-use-cases#25).
    it('of promises that are kept already ends with the slice: a macrotask comes in', async () => {
      let cameIn = false
      setImmediate(() => {
        cameIn = true
      })
      const task = new Scheduler().run(function* () {
        const tooMany = 1_000_000
        for (let round = 0; round < tooMany; round += 1) {
          if (cameIn) return 'let it in'
          yield* until(Promise.resolve())
        }
        return 'kept it out'
      })
      expect(await task.promise).toBe('let it in')
    })
  })
})

function* pingPong(isOver: () => boolean): Coroutine<void> {
  const [ping, pong] = [new Channel<number>(), new Channel<number>()]
  yield* scope(function* (s) {
    s.spawn(function* () {
      for (let ball = yield* ping.next(); ball.done !== true; ball = yield* ping.next()) yield* pong.send(ball.value)
    })
    for (let ball = 0; !isOver(); ball += 1) {
      yield* ping.send(ball)
      yield* pong.receive()
    }
    ping.close()
  })
}

function* neverParking(isOver: () => boolean): Coroutine<void> {
  const open = new Latch()
  open.open()
  while (!isOver()) yield* open.wait()
}

/** Send something through a real socket and back again. */
async function echo(heard: () => void): Promise<Server> {
  const server = createServer((socket) => void socket.pipe(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  connect(port, '127.0.0.1').once('data', heard).end('is anybody there?')
  return server
}
