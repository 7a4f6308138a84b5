import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { type Coroutine, Latch } from '../../../runtime/index.ts'
import type { App } from '../../../server/app.ts'
import { EnckeError } from '../../../server/errors.ts'
import { inCoroutine } from '../../../server/http/coroutine-handler.ts'
import type { EventStream } from '../../../server/http/event-stream.ts'
import { EventStreams, type EventStreamsOptions } from '../../../server/http/event-streams.ts'
import { eventText } from '../../../server/http/event-text.ts'
import { Served, until, type Wire } from './served.ts'

const unhurried: EventStreamsOptions = { eventHeartbeatMs: 3_600_000, stalledReplyMs: 3_600_000 }

type Body = (events: EventStream) => Coroutine<void>

class Streaming implements AsyncDisposable {
  readonly streams: EventStreams
  readonly served: Served
  readonly #counters: Counter[] = []

  private constructor(served: Served, streams: EventStreams) {
    this.served = served
    this.streams = streams
  }

  /** A server that answers `/stream` with what `body` writes, and tells `onAnswered` when it has. */
  static async start(
    body: Body,
    options: Partial<EventStreamsOptions> = {},
    flags: readonly string[] = [],
    onAnswered?: (url: string) => void,
  ) {
    const streams = new EventStreams({ ...unhurried, ...options })
    const served = await Served.start(flags, {}, ({ http, scheduler }: App) => {
      const watching = scheduler.run(() => streams.watch())
      http.addHook('onClose', async () => watching.cancel('closed'))
      if (onAnswered) http.addHook('onResponse', async ({ url }) => onAnswered(url))
      http.get(
        '/stream',
        inCoroutine(scheduler, (_request, reply) => streams.open(reply, body)),
      )
    })
    return new Streaming(served, streams)
  }

  /** Ask for it on a connection of its own. */
  async ask(method = 'GET', headers: readonly string[] = []): Promise<Wire> {
    const wire = await this.served.wire()
    return wire.write([`${method} /stream HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n'))
  }

  /** Ask for it, and only count what comes. */
  async count(): Promise<Counter> {
    const counter = new Counter(Number(new URL(this.served.origin).port))
    counter.socket.write('GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n')
    this.#counters.push(counter)
    return counter
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#counters) socket.destroy()
    await this.served[Symbol.asyncDispose]()
  }
}

class Counter {
  readonly socket: Socket
  bytes = 0
  #end = ''

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length
      this.#end = (this.#end + chunk.toString('latin1', Math.max(chunk.length - 10, 0))).slice(-10)
    })
  }

  get isWhole(): boolean {
    return this.#end.endsWith('\r\n0\r\n\r\n')
  }
}

/** Kilobytes of events, so that no connection takes many of them. */
const large = eventText({ data: 'x'.repeat(100_000) })

describe('an event stream', () => {
  it('is open before its first event, and not to be kept by any proxy', async () => {
    const first = new Latch('the first event')
    await using streaming = await Streaming.start(function* events(stream) {
      yield* first.wait()
      stream.push(eventText({ data: 'here' }))
    })
    const wire = await streaming.ask()
    await until(() => wire.received.includes('\r\n\r\n'))
    expect(wire.received).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(wire.received).toMatch(/content-type: text\/event-stream; charset=utf-8\r\n/i)
    expect(wire.received).toMatch(/cache-control: no-store\r\n/i)
    expect(wire.received).toMatch(/x-accel-buffering: no\r\n/i)
    expect(wire.received).not.toContain('here')
    first.open()
    await until(() => wire.received.endsWith('\r\n0\r\n\r\n'))
    expect(wire.received).toContain('data: here\n\n')
  })

  it('may be read by pages of other origins, and hooks see its reply', async () => {
    const seen: string[] = []
    const body: Body = function* events(stream) {
      stream.push(eventText({ data: 'here' }))
    }
    const flags = ['--origins', 'https://page.example']
    await using streaming = await Streaming.start(body, {}, flags, (url) => seen.push(url))
    const wire = await streaming.ask('GET', ['Origin: https://page.example'])
    await until(() => wire.received.includes('here'))
    expect(wire.received).toMatch(/access-control-allow-origin: https:\/\/page\.example\r\n/i)
    await until(() => seen.length > 0)
    expect(seen).toEqual(['/stream'])
  })

  it('leaves its connection to the next request', async () => {
    await using streaming = await Streaming.start(function* events(stream) {
      stream.push(eventText({ data: 'here' }))
    })
    const wire = await streaming.ask()
    await until(() => wire.received.endsWith('0\r\n\r\n'))
    await wire.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await until(() => wire.received.endsWith('{"status":"ok"}'))
  })

  it('answers HEAD with its head alone', async () => {
    let begun = 0
    await using streaming = await Streaming.start(function* events() {
      begun += 1
    })
    const { status, headers } = await streaming.served.send('HEAD', '/stream')
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/event-stream; charset=utf-8')
    expect(begun).toBe(0)
    await until(() => streaming.streams.count === 0)
  })

  it('waits for a client that does not read, and then goes on', async () => {
    let written = 0
    await using streaming = await Streaming.start(function* events(stream) {
      for (; written < 300; written += 1) if (!stream.push(large)) yield* stream.drained()
    })
    const client = await streaming.count()
    client.socket.pause()
    let before = -1
    await until(() => {
      const isStill = written > 0 && written === before
      before = written
      return isStill
    })
    expect(written).toBeLessThan(300)
    client.socket.resume()
    await until(() => client.isWhole)
    expect(written).toBe(300)
    expect(client.bytes).toBeGreaterThan(300 * 100_000)
  })

  it('lets go of what is offered to a client that does not read', async () => {
    let longest = 0
    await using streaming = await Streaming.start(function* events(stream) {
      for (let at = 0; at < 1_000; at += 1) stream.offer(large)
      if (stream.isFull) yield* stream.drained()
      stream.push(eventText({ event: 'last' }))
    })
    const wire = await streaming.ask()
    await until(() => wire.received.endsWith('\r\n0\r\n\r\n'))
    longest = wire.received.length
    expect(wire.received).toContain('event: last')
    expect(longest).toBeLessThan(100 * 100_000)
  })

  it('sends a comment when nothing else is sent', async () => {
    await using streaming = await Streaming.start(
      function* events() {
        yield* new Latch('never').wait()
      },
      { eventHeartbeatMs: 50 },
    )
    const wire = await streaming.ask()
    await until(() => wire.received.split(':\n\n').length > 3)
  })

  it('sends none to a client that has yet to read what was written', async () => {
    const watch = { stepMs: 50, heartbeatMs: 50, stalledReplyMs: 3_600_000 }
    await using streaming = await Streaming.start(function* events(stream) {
      while (stream.push(large));
      for (let times = 0; times < 3; times += 1) stream.look(watch)
      yield* stream.drained()
      stream.push(eventText({ event: 'last' }))
    })
    const wire = await streaming.ask()
    await until(() => wire.received.endsWith('\r\n0\r\n\r\n'))
    expect(wire.received).toContain('event: last')
    expect(wire.received).not.toContain(':\n\n')
  })

  it('ends when its client reads nothing for too long', async () => {
    let isOver = false
    await using streaming = await Streaming.start(
      function* events(stream) {
        try {
          for (;;) if (!stream.push(large)) yield* stream.drained()
        } finally {
          isOver = true
        }
      },
      { stalledReplyMs: 100 },
    )
    const wire = await streaming.ask()
    wire.socket.pause()
    await until(() => isOver)
    expect(streaming.streams.count).toBe(0)
  })

  it('goes on for a client that reads slowly, however long it takes', async () => {
    let written = 0
    await using streaming = await Streaming.start(
      function* events(stream) {
        for (; written < 120; written += 1) if (!stream.push(large)) yield* stream.drained()
      },
      { stalledReplyMs: 1_000 },
    )
    const client = await streaming.count()
    const start = performance.now()
    client.socket.on('data', ({ length }) => {
      client.socket.pause()
      setTimeout(() => client.socket.resume(), length / 8_000)
    })
    await until(() => client.isWhole)
    expect(performance.now() - start).toBeGreaterThan(1_000)
  })

  it('is cancelled when its client goes away, and leaves nothing', async () => {
    let isOver = false
    await using streaming = await Streaming.start(function* events() {
      try {
        yield* new Latch('never').wait()
      } finally {
        isOver = true
      }
    })
    await until(() => streaming.served.holdings()['runnable'] === 0)
    const before = streaming.served.holdings()
    const wire = await streaming.ask()
    await until(() => streaming.streams.count === 1)
    wire.socket.destroy()
    await until(() => isOver)
    await until(() => streaming.streams.count === 0)
    expect(streaming.served.holdings()).toEqual(before)
  })

  it('ends with a comment when what writes it fails: its status has been sent', async () => {
    await using streaming = await Streaming.start(function* events(stream) {
      stream.push(eventText({ data: 'here' }))
      throw new EnckeError('ENCKE_ERR_SERVER_BROKER', 'the broker has not answered')
    })
    const wire = await streaming.ask()
    await until(() => wire.received.endsWith('\r\n0\r\n\r\n'))
    expect(wire.received).toContain(': ENCKE_ERR_SERVER_BROKER\n\n')
  })

  it('behind another reply on its connection waits for that, and is bounded meanwhile', async () => {
    let written = 0
    await using streaming = await Streaming.start(
      function* events(stream) {
        for (; written < 50; written += 1) if (!stream.push(large)) yield* stream.drained()
      },
      { stalledReplyMs: 50 },
    )
    const wire = await streaming.served.wire()
    await wire.write('GET /messages?topic=first HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await streaming.served.waiting(1)
    await wire.write('GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await until(() => streaming.streams.count === 1)
    expect(written).toBeLessThan(5)
    await streaming.served.publish('first', 'here')
    await until(() => wire.received.endsWith('\r\n0\r\n\r\n'))
    expect(written).toBe(50)
  })
})
