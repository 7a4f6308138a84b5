import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import type { Coroutine, Scheduler } from '../../../runtime/index.ts'
import { after, Latch, select, VirtualHost } from '../../../runtime/index.ts'
import { endConnections } from '../../../server/http/closing.ts'
import { Draining } from '../../../server/http/draining.ts'
import type { Reply } from './live-app.ts'
import { LiveApp, rawRequest, turns, until } from './live-app.ts'

const never = ['--drain-pause-ms', '3600000']

class VirtualDrain {
  readonly host = new VirtualHost()
  readonly scheduler: Scheduler = this.host.scheduler({ deadlock: 'ignore' })
  readonly draining: Draining
  /** When who was answered, in order. */
  readonly answers: { readonly who: number; readonly at: number }[] = []
  endedAt: number | undefined

  constructor(pauseMs: number, windowMs: number, waiting: number) {
    this.draining = new Draining({ pauseMs, windowMs })
    for (let who = 0; who < waiting; who += 1) this.scheduler.run(() => this.#wait(who))
    this.host.settle()
  }

  begin(): this {
    const drained = this.scheduler.run(() => this.draining.drain())
    void drained.promise.then(() => {})
    this.scheduler.run(
      function* watch(this: VirtualDrain): Coroutine<void> {
        yield* drained.join()
        this.endedAt = this.host.now()
      }.bind(this),
    )
    this.host.settle()
    return this
  }

  get times(): number[] {
    return this.answers.map(({ at }) => at)
  }

  *#wait(who: number): Coroutine<void> {
    yield* this.draining.wait()
    this.answers.push({ who, at: this.host.now() })
  }
}

function* waitIn(draining: Draining): Coroutine<void> {
  yield* draining.wait()
}

describe('draining, in virtual time', () => {
  it('answers nobody during the pause, and then as many at each step of the window', () => {
    const drain = new VirtualDrain(500, 1_000, 100).begin()
    drain.host.advance(499)
    expect(drain.answers).toEqual([])
    drain.host.finish()
    const steps = Map.groupBy(drain.times, (at) => at)
    expect([...steps.keys()]).toEqual(Array.from({ length: 20 }, (_, step) => 500 + step * 50))
    expect([...steps.values()].map((answered) => answered.length)).toEqual(Array.from({ length: 20 }, () => 5))
  })

  it('answers who waited longest first', () => {
    const drain = new VirtualDrain(0, 1_000, 50).begin()
    drain.host.finish()
    expect(drain.answers.map(({ who }) => who)).toEqual(Array.from({ length: 50 }, (_, who) => who))
  })

  it.each([
    [1, 0, 0],
    [5_000, 0, 0],
    [3, 500, 49],
    [1, 500, 20_000],
    [399, 500, 20_000],
    [401, 500, 20_000],
    [5_000, 500, 20_000],
    [997, 0, 1_025],
  ])(
    'answers %i within a pause of %i ms and a window of %i ms, and ends with the last',
    (waiting, pauseMs, windowMs) => {
      const drain = new VirtualDrain(pauseMs, windowMs, waiting).begin()
      drain.host.finish()
      expect(drain.answers).toHaveLength(waiting)
      expect(Math.min(...drain.times)).toBe(pauseMs)
      expect(Math.max(...drain.times)).toBeLessThanOrEqual(pauseMs + windowMs)
      expect(drain.endedAt).toBe(Math.max(...drain.times))
    },
  )

  it('spreads a herd over most of the window, never a twentieth of it at once', () => {
    const drain = new VirtualDrain(500, 20_000, 5_000).begin()
    drain.host.finish()
    expect(Math.max(...drain.times)).toBeGreaterThan(500 + 15_000)
    const largest = Math.max(...[...Map.groupBy(drain.times, (at) => at).values()].map((step) => step.length))
    expect(largest).toBeLessThan(5_000 / 20)
  })

  it('ends at once when nobody waits, whatever the pause', () => {
    const drain = new VirtualDrain(60_000, 60_000, 0).begin()
    expect(drain.endedAt).toBe(0)
    expect(drain.host.pending).toBe(0)
  })

  it('waits for nobody who leaves in the meantime', () => {
    const { host, scheduler, draining } = new VirtualDrain(500, 20_000, 0)
    const leaving = Array.from({ length: 1_000 }, () => scheduler.run(waitIn, draining))
    for (const task of leaving) task.promise.catch(() => {})
    host.settle()
    const drained = scheduler.run(() => draining.drain())
    host.advance(600)
    expect(draining.waiting).toBeGreaterThan(900)
    for (const task of leaving) task.cancel('gone')
    host.finish()
    expect(drained.status).toBe('done')
    expect(host.now()).toBeLessThanOrEqual(650)
    expect(draining.waiting).toBe(0)
  })

  it.each([0, 250, 499, 500, 501, 777])('answers the rest at once when hurried after %i ms', (ms) => {
    const drain = new VirtualDrain(500, 1_000, 100).begin()
    drain.host.advance(ms)
    drain.draining.hurry()
    drain.host.settle()
    expect(drain.answers).toHaveLength(100)
    expect(Math.max(...drain.times)).toBe(ms)
    expect(drain.endedAt).toBe(ms)
    expect(drain.host.pending).toBe(0)
  })

  it('lets nobody park once it has begun', () => {
    const drain = new VirtualDrain(500, 1_000, 1).begin()
    const late = drain.scheduler.run(waitIn, drain.draining)
    drain.host.settle()
    expect(late.status).toBe('done')
    expect(drain.draining.waiting).toBe(1)
  })

  it('counts nobody who was answered for another reason', () => {
    const { host, scheduler, draining } = new VirtualDrain(500, 1_000, 0)
    const polls = Array.from({ length: 10 }, () =>
      scheduler.run(function* poll() {
        return (yield* select({ drain: draining.wait(), quiet: after(100) })).case
      }),
    )
    host.settle()
    expect(draining.waiting).toBe(10)
    host.advance(100)
    expect(polls.map(({ status }) => status)).toEqual(polls.map(() => 'done'))
    expect(draining.waiting).toBe(0)
  })

  it('sends clients back at any time within the window', () => {
    const { draining } = new VirtualDrain(500, 1_000, 0)
    const draws = Array.from({ length: 1_000 }, () => draining.retryAfterMs())
    expect(draws.every((ms) => Number.isInteger(ms) && ms >= 0 && ms < 1_000)).toBe(true)
    for (let decile = 0; decile < 10; decile += 1) {
      const drawn = draws.filter((ms) => Math.floor(ms / 100) === decile).length
      expect(drawn).toBeGreaterThan(30)
    }
    expect(new Draining({ pauseMs: 0, windowMs: 0 }).retryAfterMs()).toBe(0)
  })

  it.each([
    [1, 1_000, 10],
    [20, 1_000, 200],
    [300, 3_000, 3_000],
    [5_000, 20_000, 20_000],
  ])(
    'keeps %i clients no longer than so many need: back within %i ms, answered within %i ms',
    (waiting, backMs, answeredMs) => {
      const drain = new VirtualDrain(500, 20_000, waiting).begin()
      const back = Array.from({ length: 100 }, () => drain.draining.retryAfterMs())
      expect(Math.max(...back)).toBeLessThan(backMs)
      expect(Math.max(...back)).toBeGreaterThan(backMs * 0.8)
      drain.host.finish()
      expect(drain.endedAt).toBeLessThanOrEqual(500 + answeredMs)
      expect(drain.endedAt).toBeGreaterThanOrEqual(500 + answeredMs * 0.8 - 50)
    },
  )

  it('asks a lone client to come back within a second', () => {
    const draws = Array.from({ length: 200 }, () => {
      const { draining } = new VirtualDrain(500, 20_000, 1).begin()
      return draining.retryAfterMs()
    })
    expect(Math.max(...draws)).toBeLessThan(1_000)
    expect(Math.max(...draws)).toBeGreaterThan(500)
  })

  it('spreads those who come while it drains as far as those who waited', () => {
    const { draining } = new VirtualDrain(0, 20_000, 1).begin()
    const draws = Array.from({ length: 4_000 }, () => draining.retryAfterMs())
    expect(Math.max(...draws.slice(0, 100))).toBeLessThan(1_000)
    const late = draws.slice(-1_000)
    expect(Math.max(...late)).toBeGreaterThan(18_000)
    expect(Math.max(...late)).toBeLessThan(20_000)
    expect(late.filter((ms) => ms < 10_000).length).toBeGreaterThan(300)
  })

  it('leaves no coroutine and no timer', () => {
    const drain = new VirtualDrain(500, 1_000, 100).begin()
    drain.host.finish()
    expect(drain.scheduler.statistics()).toMatchObject({ coroutines: 0, timers: 0, parked: 0 })
    drain.scheduler.validate()
  })
})

describe('closing, in virtual time', () => {
  function closing(hurried = new Latch()) {
    const host = new VirtualHost()
    const calls: string[] = []
    const connections = {
      closeIdleConnections: () => calls.push(`idle ${host.now()}`),
      closeAllConnections: () => calls.push(`all ${host.now()}`),
    }
    const task = host.scheduler().run(() => endConnections(connections, hurried))
    task.promise.catch(() => {})
    host.settle()
    return { host, calls, task, hurried }
  }

  it('ends idle connections again and again, and whatever is left after five seconds', () => {
    const { host, calls } = closing()
    host.advance(4_999)
    expect(calls).toEqual(Array.from({ length: 100 }, (_, step) => `idle ${step * 50}`))
    host.finish()
    expect(calls.at(-1)).toBe('all 5000')
  })

  it('gives less time when the operator has asked twice, before or meanwhile', () => {
    const hurried = new Latch()
    const { host, calls } = closing(hurried)
    host.advance(300)
    hurried.open()
    host.finish()
    expect(calls.at(-1)).toBe('all 1000')
    const late = closing()
    late.host.advance(3_010)
    late.hurried.open()
    late.host.finish()
    expect(late.calls.at(-1)).toBe('all 3050')
  })

  it('cuts nobody off when it is cancelled because all have gone', () => {
    const { host, calls, task } = closing()
    host.advance(100)
    task.cancel('closed')
    host.finish()
    expect(calls.some((call) => call.startsWith('all'))).toBe(false)
  })
})

describe('draining, over HTTP', () => {
  it('says 503 to who asks for readiness, and still lives', async () => {
    await using live = await LiveApp.open(never)
    expect((await live.ask('GET', '/readyz')).status).toBe(200)
    const parked = live.poll('a')
    await live.untilWaiting(1)
    const drained = live.app.drain()
    const ready = await live.ask('GET', '/readyz')
    expect(ready).toMatchObject({ status: 503, body: { code: 'ENCKE_ERR_SERVER_DRAINING' } })
    expect(ready.headers['retry-after']).toMatch(/^\d+$/)
    expect((await live.ask('GET', '/healthz')).status).toBe(200)
    expect(live.app.hub.statistics().waiting).toBe(1)
    live.app.hurry()
    expect((await parked).status).toBe(200)
    await drained
  })

  it('answers parked polls a few at a time, each with a cursor, a time to come back and the end of its connection', async () => {
    await using live = await LiveApp.open(['--drain-pause-ms', '0', '--drain-ms', '800'])
    const { body } = await live.poll('a', { wait: 0 })
    const polls = Array.from({ length: 80 }, (_, at) => live.poll('a', at % 2 === 0 ? { cursor: body.cursor } : {}))
    await live.untilWaiting(80)
    const seen = new Set<number>()
    let isDrained = false
    const drained = live.app.drain().then(() => {
      isDrained = true
    })
    await until('drained', () => {
      seen.add(live.app.hub.statistics().waiting)
      return isDrained
    })
    await drained
    expect(seen.size).toBeGreaterThanOrEqual(8)
    for (const reply of await Promise.all(polls)) {
      expectSentAway(reply, 800)
      expect(reply.body).toMatchObject({ messages: [], cursor: body.cursor, topics: { a: { verdict: 'ok' } } })
    }
  })

  it.each([
    ['a GET', (live: LiveApp) => live.poll('a', { wait: 60 })],
    ['a GET that would not have waited', (live: LiveApp) => live.poll('a', { wait: 0 })],
    ['a POST', (live: LiveApp) => live.ask('POST', '/poll', { body: { topics: ['a', 'b'], wait: 60 } })],
  ] as const)('answers %s that comes meanwhile at once, with a time to come back', async (_, poll) => {
    await using live = await LiveApp.open([...never, '--drain-ms', '700'])
    const parked = live.poll('a')
    await live.untilWaiting(1)
    const drained = live.app.drain()
    expectSentAway((await poll(live)) as Reply, 700)
    expect(live.app.hub.statistics().waiting).toBe(1)
    live.app.hurry()
    expectSentAway(await parked, 700)
    await drained
  })

  it('lets news outrank it, for who waits and for who comes', async () => {
    await using live = await LiveApp.open(never)
    const { body: start } = await live.poll('a', { wait: 0 })
    const parked = live.poll('a', { cursor: start.cursor })
    const other = live.poll('b')
    await live.untilWaiting(2)
    const drained = live.app.drain()
    expect((await live.publish('a', 'news')).body.waiting).toBe(1)
    for (const reply of [await parked, await live.poll('a', { cursor: start.cursor })]) {
      expect(reply.body.messages).toMatchObject([{ offset: 1, data: 'news' }])
      expect(reply.body.retryAfterMs).toBeUndefined()
      expect(reply.headers['connection']).toBe('close')
    }
    live.app.hurry()
    await Promise.all([other, drained])
  })

  it('ends the connection also of a reader who gets the reply that others got before', async () => {
    await using live = await LiveApp.open(never)
    const { body: start } = await live.poll('a', { wait: 0 })
    await live.publish('a', 'news')
    const read = () => live.poll('a', { cursor: start.cursor })
    const before = [await read(), await read()]
    const other = live.poll('b')
    await live.untilWaiting(1)
    const drained = live.app.drain()
    const during = [await read(), await read()]
    expect([...before, ...during].map(({ headers }) => headers['connection'])).toEqual([
      'keep-alive',
      'keep-alive',
      'close',
      'close',
    ])
    expect(during.map(({ body }) => body)).toEqual(before.map(({ body }) => body))
    live.app.hurry()
    await Promise.all([other, drained])
  })

  it('lets a publish under way finish, and everybody else be heard, each on a connection that ends', async () => {
    await using live = await LiveApp.open(never)
    const socket = connect(live.port, '127.0.0.1')
    const request = rawRequest('POST', '/publish?topic=a', '{"half":"and half"}')
    socket.write(request.slice(0, -8))
    const parked = live.poll('z')
    await live.untilWaiting(1)
    const drained = live.app.drain()
    const others = [await live.ask('GET', '/topics/a'), await live.ask('GET', '/healthz'), await live.ask('GET', '/no')]
    expect(others.map(({ status, headers }) => [status, headers['connection']])).toEqual([
      [200, 'close'],
      [200, 'close'],
      [404, 'close'],
    ])
    live.app.hurry()
    await parked
    socket.write(request.slice(-8))
    const reply = await text(socket)
    expect(reply).toMatch(/^HTTP\/1\.1 201 /)
    expect(reply).toMatch(/^connection: close\r$/im)
    await drained
    expect(live.app.hub.statistics().published).toBe(1)
  })

  it('cancels a benchmark, and ends although its client would keep the connection', async () => {
    await using live = await LiveApp.open(never)
    const run = live.administer<{ code: string }>('POST', '/admin/benchmarks/chain', { body: { n: 1_000_000 } })
    await until('it runs', () => live.app.scheduler.statistics().awaited > 0)
    await live.app.drain()
    expect(await run).toMatchObject({ status: 503, body: { code: 'ENCKE_ERR_SERVER_DRAINING' } })
    expect(live.app.scheduler.statistics()).toMatchObject({ coroutines: 0, timers: 0, awaited: 0 })
  })

  it('cancels a benchmark whose progress is streamed, with an event', async () => {
    await using live = await LiveApp.open(never)
    const socket = connect(live.port, '127.0.0.1')
    const headers = [`Authorization: Bearer ${live.app.adminToken}`, 'Accept: text/event-stream']
    socket.write(rawRequest('POST', '/admin/benchmarks/chain', '{"n":1000000}', headers))
    await until('it runs', () => live.app.scheduler.statistics().awaited > 0)
    const [reply] = await Promise.all([text(socket), live.app.drain()])
    expect(reply).toMatch(/^HTTP\/1\.1 200 /)
    expect(reply).toMatch(/event: error\ndata: \{"statusCode":503,"code":"ENCKE_ERR_SERVER_DRAINING"/)
    expect(reply).not.toContain('event: result')
  })

  it('begins no benchmark', async () => {
    await using live = await LiveApp.open(never)
    const parked = live.poll('a')
    await live.untilWaiting(1)
    const drained = live.app.drain()
    const refused = await live.administer('POST', '/admin/benchmarks/chain', { body: { n: 10 } })
    expect(refused).toMatchObject({ status: 503, body: { code: 'ENCKE_ERR_SERVER_DRAINING' } })
    live.app.hurry()
    await Promise.all([parked, drained])
  })

  it('answers the rest at once when asked twice', async () => {
    await using live = await LiveApp.open(['--drain-pause-ms', '0', '--drain-ms', '3600000'])
    const polls = Array.from({ length: 100 }, () => live.poll('a'))
    await live.untilWaiting(100)
    const drained = live.app.drain()
    await until('some are answered', () => live.app.hub.statistics().waiting < 100)
    live.app.hurry()
    await drained
    for (const reply of await Promise.all(polls)) expectSentAway(reply, 3_600_000)
  })

  it('ends at once when nobody waits, whatever the pause', async () => {
    await using live = await LiveApp.open([...never, '--drain-ms', '3600000'])
    await live.poll('a', { wait: 0 })
    await live.app.drain()
    expect(live.app.http.server.listening).toBe(false)
  })
})

describe('closing, over HTTP', () => {
  it('answers who waits, and leaves nothing', async () => {
    await using live = await LiveApp.open()
    const polls = Array.from({ length: 50 }, (_, at) => live.poll(`topic/${at}`))
    await live.untilWaiting(50)
    await live.app.close()
    for (const reply of await Promise.all(polls)) expectSentAway(reply, 20_000)
    await turns(3)
    const nothing = { coroutines: 0, runnable: 0, parked: 0, timers: 0, awaited: 0 }
    expect(live.app.scheduler.statistics()).toMatchObject(nothing)
    expect(live.app.hub.statistics().waiting).toBe(0)
    live.validate()
  })

  it('lets a reply leave whole that its client reads slowly', async () => {
    const roomy = ['--history-bytes', '20000000', '--batch-bytes', '20000000', '--drain-ms', '0']
    await using live = await LiveApp.open(roomy)
    const data = JSON.stringify('x'.repeat(60_000))
    for (let count = 0; count < 200; count += 1) await live.publish('large', data)
    const socket = connect(live.port, '127.0.0.1')
    socket.pause()
    socket.write(rawRequest('GET', '/messages?topic=large&from=earliest&limit=1000'))
    // More than the system's buffers hold: the rest waits in the process.
    await until('it is answered', () => [...live.sockets].some(({ writableLength }) => writableLength > 0))
    const drained = live.app.drain()
    await turns(20)
    const reply = await text(socket)
    await drained
    const [head = '', body = ''] = reply.split('\r\n\r\n')
    expect(body.length).toBe(Number(/content-length: (\d+)/i.exec(head)?.[1]))
    expect(JSON.parse(body).messages).toHaveLength(200)
  })

  it('is not held up by a connection on which nothing was asked', async () => {
    await using live = await LiveApp.open()
    const socket = connect(live.port, '127.0.0.1')
    await until('it is connected', () => live.sockets.size === 1)
    const closed = once(socket, 'close')
    socket.resume()
    await Promise.all([live.app.close(), closed])
  })

  it.each([
    ['headers', 'GET /messages?topic=a HTTP/1.1\r\nHost: loc'],
    ['a body', rawRequest('POST', '/publish?topic=a', '{"never":"ending"}').slice(0, -5)],
  ])('cuts off %s that never end, soon when asked twice', async (_, bytes) => {
    await using live = await LiveApp.open()
    const socket = connect(live.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(bytes)
    await until('they have come', () => [...live.sockets][0]?.bytesRead === bytes.length)
    const closed = once(socket, 'close')
    socket.resume()
    const drained = live.app.drain()
    live.app.hurry()
    await Promise.all([drained, closed])
    expect(live.app.hub.statistics().published).toBe(0)
    expect(live.app.scheduler.statistics()).toMatchObject({ coroutines: 0, timers: 0 })
  })

  it('twice is as good as once, and so is draining what is closed', async () => {
    await using live = await LiveApp.open()
    const poll = live.poll('a')
    await live.untilWaiting(1)
    await Promise.all([live.app.close(), live.app.close(), live.app.drain(), poll])
    await live.app.drain()
  })
})

function expectSentAway({ status, headers, body }: Reply, windowMs: number): void {
  expect(status).toBe(200)
  expect(headers['connection']).toBe('close')
  expect(body.messages).toEqual([])
  expect(body.cursor).toMatch(/^[\w-]+$/)
  expect(body.retryAfterMs).toBeGreaterThanOrEqual(0)
  expect(body.retryAfterMs).toBeLessThan(windowMs)
}
