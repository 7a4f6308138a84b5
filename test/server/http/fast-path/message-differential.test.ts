// Two servers, one with the fast path and one without, each with a broker of its own that draws the same ids at the same
// times, are sent the same publishes and appends. What comes back is the same, to the byte, and so is what is kept.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryBroker } from '../../../../server/brokers/memory/memory-broker.ts'
import { rawRequest, turns } from '../live-app.ts'
import { Served, type Wire, withSortedHeads } from '../served.ts'

const flags = ['--requests-per-second', '14', '--message-bytes', '600', '--publish-key', 'key', '--drain-pause-ms', '0']
const key = 'Authorization: Bearer key'

/** What is sent as a body, with its type. */
const bodies: readonly (readonly [type: string, body: string | Buffer])[] = [
  ['application/json', '{"text":"hello"}'],
  ['application/json', ' [1, 2.50]\n'],
  ['application/json', '"Grüße, 世界"'],
  ['application/json', '\uFEFF{"mark":true}'],
  ['application/json', '{"not":json}'],
  ['application/json', ''],
  ['application/json', Buffer.from('"\xff"', 'latin1')],
  ['application/json', JSON.stringify('x'.repeat(597))],
  ['application/json', JSON.stringify('x'.repeat(599))],
  ['application/json; charset=utf-8', '1'],
  ['application/json; charset=latin1', '1'],
  ['text/plain', 'plain "words"'],
  ['text/plain', ''],
  ['text/plain', '{}'],
  ['text/html', '<p>'],
  ['application/octet-stream', Buffer.from([0, 255, 10])],
]

/** Which of them may be any text. */
const plainText = 11

const topics = [
  'a',
  'chat%2Flobby',
  'chat/lobby',
  'a%2fb',
  'a/',
  '/a',
  '..',
  '%61',
  'a+b',
  'x'.repeat(201),
  '__encke/x',
  '',
]

/** How it is addressed. */
const targets: ((topic: string) => string)[] = [
  (topic) => `/publish?topic=${topic}`,
  (topic) => `/topics/${topic}/messages`,
  (topic) => `/v1/stream/${topic}`,
  (topic) => `/publish?topic=${topic}&topic=b`,
  (topic) => `/publish?other=1&topic=${topic}`,
  (topic) => `/topics/${topic}/messages/`,
]

/** What else stands in its head. */
const extras: (readonly string[])[] = [
  [],
  ['Idempotency-Key: one'],
  ['Idempotency-Key: two'],
  [`Idempotency-Key: ${'k'.repeat(256)}`],
  ['Idempotency-Key: one', 'Idempotency-Key: two'],
  ['Idempotency-Key: '],
  ['Producer-Id: p', 'Producer-Epoch: 0', 'Producer-Seq: 0'],
  ['Producer-Id: p', 'Producer-Epoch: 0', 'Producer-Seq: 1'],
  ['Producer-Id: p', 'Producer-Epoch: 0', 'Producer-Seq: 01'],
  ['Producer-Id: p', 'Producer-Epoch: 1', 'Producer-Seq: 0'],
  ['Stream-Seq: a'],
  ['Stream-Seq: b'],
  ['Stream-Closed: true'],
  ['Expect: 100-continue'],
  ['Connection: keep-alive'],
  ['Origin: http://elsewhere.example'],
]

/** What is changed in its bytes at last. */
const twists: ((request: Buffer) => Buffer)[] = [
  (request) => request,
  (request) => replaced(request, 'Content-Length: ', 'content-length:   '),
  (request) => replaced(request, /Content-Length: (\d+)/, 'Content-Length: 00$1'),
  (request) => replaced(request, /Content-Length: (\d+)/, 'Content-Length: $1\r\nContent-Length: $1'),
  (request) => replaced(request, /Content-Length: (\d+)/, 'Content-Length: +$1'),
  (request) => replaced(request, /Content-Length: \d+/, `Content-Length: 0x${bodyOf(request).length.toString(16)}`),
  (request) => replaced(request, 'POST', 'PUT'),
  (request) => replaced(request, 'Bearer key', 'Bearer kez'),
  (request) => Buffer.concat([request, request]),
  (request) => Buffer.concat([request, Buffer.from(rawRequest('GET', '/healthz'))]),
]

const usually = <T>(value: T, other: fc.Arbitrary<T>, weight = 6) =>
  fc.oneof({ weight, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: other })

const messages = fc.record({
  topic: usually(0, fc.nat(topics.length - 1), 3),
  target: fc.oneof({ weight: 4, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(targets.length - 1) }),
  body: usually(0, fc.nat(bodies.length - 1), 2),
  extra: usually(0, fc.nat(extras.length - 1), 2),
  twist: usually(0, fc.nat(twists.length - 1)),
  cut: usually<number | null>(null, fc.nat(250), 12),
  times: fc.integer({ min: 1, max: 3 }),
})

const steps = fc.oneof(
  { weight: 12, arbitrary: messages },
  { weight: 1, arbitrary: fc.constant({ later: true as const }) },
)

type Step = typeof steps extends fc.Arbitrary<infer T> ? T : never

/** Those whose heads differ in nothing but what may. */
const alike = [
  [1, 1, 2, 3, 4, 5, 1],
  [6, 7, 8, 7, 9, 6, 7],
  [10, 11, 10, 11],
]

const usual = { topic: 0, target: 0, body: 0, extra: 0, twist: 0, cut: null, times: 3 }

/** Whatever else is drawn, this much is looked at: each kind of what differs, after three that have made the way known. */
const everyKind: Step[][] = [0, 1, 2].flatMap((target) => [
  Array.from({ length: 6 }, (): Step => ({ ...usual, target })),
  ...topics.map((_, topic): Step[] => [
    { ...usual, target },
    { ...usual, target, topic, times: 2 },
    { ...usual, target },
  ]),
  ...[...bodies.keys()].map((body): Step[] => [
    { ...usual, target },
    { ...usual, target, body },
    { ...usual, target },
  ]),
  ...[...extras.keys()].map((extra): Step[] => [
    { ...usual, target },
    { ...usual, target, extra },
    { ...usual, target, body: 1, extra },
    { later: true },
    { ...usual, target, body: 1, extra, topic: 1 },
  ]),
  ...alike.map((group): Step[] =>
    [...group, ...group].map(
      (extra, at): Step => (at % 6 === 5 ? { later: true } : { ...usual, target, extra, times: 2 }),
    ),
  ),
  ...[0, plainText].flatMap((body) =>
    [...twists.keys()].map((twist): Step[] => [
      { ...usual, target, body },
      { ...usual, target, body, twist },
      { ...usual, target, body },
    ]),
  ),
])

class Twins implements AsyncDisposable {
  readonly #servers: Served[] = []
  readonly #wires: Wire[] = []
  readonly #controls: Wire[] = []
  #nowMs = 0

  static async start(): Promise<Twins> {
    const twins = new Twins()
    for (const fastPath of ['on', 'off']) {
      let drawn = 0
      const broker = new MemoryBroker({
        history: { messages: 100, bytes: 10_000, ageMs: 60_000 },
        totalBytes: 100_000,
        streamsTotalBytes: 3_000,
        maxTopics: 100,
        topicTtlMs: 60_000,
        idempotencyKeys: 10,
        clock: () => 1_700_000_000_000 + twins.#nowMs,
        now: () => twins.#nowMs,
        randomId: () => `id-${++drawn}`,
      })
      const server = await Served.start([...flags, '--fast-path', fastPath], { broker, clock: () => twins.#nowMs })
      twins.#servers.push(server)
      twins.#wires.push(await server.wire())
      twins.#controls.push(await server.wire())
      for (const topic of ['a', 'chat/lobby']) {
        const control = twins.#controls.at(-1) as Wire
        await control.write(rawRequest('PUT', `/v1/stream/${topic}`, '[]', [key]))
        expect(await control.reply()).toMatchObject({ status: 201 })
      }
    }
    return twins
  }

  /** How many messages the first one has taken by their bytes. */
  get repeats(): number {
    return this.#servers[0]?.app.observations.traffic.repeats ?? 0
  }

  async do(step: Step): Promise<void> {
    if ('later' in step) {
      this.#nowMs += 1_001
      return
    }
    const bytes = bytesOf(step)
    for (let times = 0; times < step.times; times += 1) {
      await this.#write(bytes.subarray(0, step.cut ?? bytes.length))
      if (step.cut !== null && step.cut < bytes.length) {
        await this.#settle()
        await this.#write(bytes.subarray(step.cut))
      }
      await this.#settle()
    }
  }

  /** What each client has received, but for the date and the order of the headers. */
  get said(): string[] {
    return this.#wires.map(({ received }) => withSortedHeads(received.replaceAll(/^Date: .* GMT\r$/gm, 'Date: now\r')))
  }

  /** What each server keeps and counts. */
  get holdings(): unknown[] {
    return this.#servers.map(({ app }) => {
      const { topics, messages, bytes, published } = app.hub.statistics()
      return { topics, messages, bytes, published, errors: [...app.observations.traffic.errors] }
    })
  }

  get isOpen(): boolean {
    return this.#wires.every(({ socket }) => socket.writable)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await server[Symbol.asyncDispose]()
  }

  async #write(bytes: Buffer): Promise<void> {
    for (const { socket } of this.#wires) if (socket.writable) socket.write(bytes)
  }

  /** Both have read what was sent, and have answered what there was. */
  async #settle(): Promise<void> {
    for (const control of this.#controls) {
      await control.write(rawRequest('GET', '/healthz'))
      await control.reply()
    }
    await turns(5)
  }
}

function bytesOf({ topic, target, body, extra, twist }: Extract<Step, { topic: number }>): Buffer {
  const [type, content] = bodies[body] as (typeof bodies)[number]
  const path = (targets[target] as (typeof targets)[number])(topics[topic] as string)
  const lines = [
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    `Content-Type: ${type}`,
    `Content-Length: ${Buffer.byteLength(content)}`,
    key,
    ...(extras[extra] as readonly string[]),
    '\r\n',
  ]
  return (twists[twist] as (typeof twists)[number])(
    Buffer.concat([Buffer.from(lines.join('\r\n')), Buffer.from(content)]),
  )
}

function bodyOf(request: Buffer): Buffer {
  return request.subarray(request.indexOf('\r\n\r\n') + 4)
}

function replaced(request: Buffer, what: string | RegExp, by: string): Buffer {
  return Buffer.from(request.toString('latin1').replace(what, by), 'latin1')
}

describe('a server with the fast path', () => {
  it('answers all that is published and appended, to the byte, as one without, and keeps the same', {
    timeout: 300_000,
  }, async () => {
    let repeats = 0
    const statuses = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 3, maxLength: 20 }), async (script) => {
        await using twins = await Twins.start()
        for (const step of script) {
          if (!twins.isOpen) break
          await twins.do(step)
          const [one, other] = twins.said
          expect(one).toBe(other)
          const [here, there] = twins.holdings
          expect(here).toEqual(there)
        }
        repeats += twins.repeats
        for (const [, status = ''] of (twins.said[0] ?? '').matchAll(/HTTP\/1\.1 (\d+)/g)) statuses.add(status)
      }),
      { numRuns: everyKind.length + 40, examples: everyKind.map((script): [Step[]] => [script]) },
    )
    expect(repeats).toBeGreaterThan(everyKind.length)
    for (const status of ['200', '201', '204', '400', '401', '403', '409', '413', '415', '422', '429'])
      expect(statuses).toContain(status)
  })
})
