// Two servers, one with the fast path and one without, are sent the same bytes at the same moments. What comes back is the
// same: also where more comes behind a poll that waits, where requests are held back or refused, and where they drain.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rawRequest, turns } from '../live-app.ts'
import { Served, until, type Wire, withSortedHeads } from '../served.ts'

const flags = [
  ['--requests-per-second', '5', '--max-waiting-per-client', '2', '--pipeline-requests', '3'],
  ['--wait-max-seconds', '60', '--limit-max', '2', '--limit-default', '2', '--drain-pause-ms', '0', '--drain-ms', '0'],
].flat()

/** What a poll asks for: the first is the usual one, the last two are lowered. */
const askings = ['wait=60', 'wait=0', 'wait=60&limit=1', 'wait=100000', 'wait=0&limit=1000000000']

/** What may come behind a poll, whole or in two pieces. */
const behind: ((topic: string, cursor: string) => string)[] = [
  () => '\r\n',
  () => rawRequest('GET', '/healthz'),
  (topic, cursor) => rawRequest('GET', `/messages?topic=${topic}&cursor=${cursor}&wait=60`),
  (topic, cursor) => rawRequest('GET', `/messages?topic=${topic}&cursor=${cursor}&wait=0`).repeat(5),
  (topic, cursor) => rawRequest('POST', '/poll', JSON.stringify({ topics: [topic], cursor, wait: 60 })),
  () => rawRequest('POST', '/publish?topic=x', '{'),
  () => rawRequest('HEAD', '/messages?topic=x'),
  () => 'GET / HTTP/9\r\n\r\n',
]

const steps = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      poll: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(askings.length - 1)),
    }),
  },
  { weight: 4, arbitrary: fc.record({ publishes: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ behind: fc.nat(behind.length - 1), cut: fc.option(fc.nat(60), { freq: 3 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ later: true as const }) },
)

type Step = typeof steps extends fc.Arbitrary<infer T> ? T : never

/** Whatever else is drawn, this much is looked at: a poll that is lowered, one that leaves, refusals, one that is sent away. */
const everyKind: Step[] = [
  { publishes: 1 },
  { poll: 0 },
  { behind: 4, cut: null },
  { publishes: 1 },
  { later: true },
  { poll: 3 },
  { publishes: 1 },
  { behind: 3, cut: null },
  { behind: 3, cut: null },
  { later: true },
  { poll: 0 },
]
const timesEach = 6

/** The refusal of what is no HTTP, with which a connection ends. */
const refusal = /\r\n\r\nConnection: close\r\n[^{]*HTTP\/1\.1 400 Bad Request\{[^}]*ENCKE_ERR_REQUEST_MALFORMED[^}]*\}$/

/** To the byte; but what is no HTTP ends its connection at once, and of the replies made at that moment some may not leave. */
function expectSame([one = '', other = '']: readonly string[]): void {
  if (!refusal.test(one) || !refusal.test(other)) expect(one).toBe(other)
  else {
    const [short, long] = [one, other].map((said) => said.replace(refusal, '')).sort((a, b) => a.length - b.length)
    expect((long as string).slice(0, short?.length)).toBe(short)
  }
}

/** Here one of them has a reply less. */
const brokenBehindMany: Step[] = [{ poll: 0 }, { behind: 3, cut: null }, { behind: 7, cut: null }, { publishes: 1 }]

/** The servers, the same client at each of them, and what it does. */
class Twins implements AsyncDisposable {
  nowMs = 0
  /** How many polls have left the fast path while they waited there. */
  left = 0
  /** How many requests the first one has given to Fastify. */
  #wholeWay = 0
  #isOnFastPath = false
  readonly #topic: string
  readonly #home: Served
  readonly #servers: Served[] = []
  readonly #wires: Wire[] = []
  readonly #controls: Wire[] = []

  constructor(home: Served, topic: string) {
    this.#home = home
    this.#topic = topic
  }

  async start(): Promise<void> {
    const { broker } = this.#home.app
    for (const fastPath of ['on', 'off']) {
      const parts = { broker, clock: () => this.nowMs }
      const server = await Served.start([...flags, '--fast-path', fastPath], parts, ({ http }) => {
        if (fastPath === 'on')
          http.server.on('request', ({ url }) => void (this.#wholeWay += url === '/healthz' ? 0 : 1))
      })
      this.#servers.push(server)
      this.#wires.push(await server.wire())
      this.#controls.push(await server.wire())
    }
    // Two polls with a cursor: the next one is on the fast path.
    for (let polls = 0; polls < 2; polls += 1) {
      await this.#publish(1)
      await this.do({ poll: 0 })
    }
    await this.do({ later: true })
  }

  async do(step: Step): Promise<void> {
    const wholeWay = this.#wholeWay
    const wasWaiting = this.#isOnFastPath && this.waiting[0] === 1
    if ('later' in step) this.nowMs += 1_001
    else if ('publishes' in step) await this.#publish(step.publishes)
    else if ('poll' in step) await this.#write(this.#poll(askings[step.poll] as string))
    else {
      const bytes = (behind[step.behind] as (topic: string, cursor: string) => string)(this.#topic, this.#cursor())
      await this.#write(bytes.slice(0, step.cut ?? bytes.length))
      await this.#settle()
      if (step.cut !== null && step.cut < bytes.length) await this.#write(bytes.slice(step.cut))
    }
    await this.#settle()
    if (wasWaiting && this.#wholeWay > wholeWay) this.left += 1
    this.#isOnFastPath = this.#wholeWay === wholeWay && ('poll' in step || this.#isOnFastPath)
  }

  async drain(): Promise<void> {
    await Promise.all(this.#servers.map(({ app }) => app.drain()))
    for (const wire of this.#wires) await wire.closed()
  }

  /** What each client has received, but for the date and the order of the headers: a server that closes has another. */
  get said(): string[] {
    return this.#wires.map(({ received }) => withSortedHeads(received.replaceAll(/^Date: .* GMT\r$/gm, 'Date: now\r')))
  }

  get waiting(): number[] {
    return this.#servers.map(({ app }) => app.hub.statistics().waiting)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await server[Symbol.asyncDispose]()
  }

  #poll(asking: string): string {
    return rawRequest('GET', `/messages?topic=${this.#topic}&cursor=${this.#cursor()}&${asking}`)
  }

  /** Of the last reply that has come; at first, before everything. */
  #cursor(): string {
    const [said = ''] = this.said
    return [...said.matchAll(/"cursor":"([^"]+)"/g)].at(-1)?.[1] ?? 'Ag'
  }

  async #publish(count: number): Promise<void> {
    const { scheduler, hub } = this.#home.app
    for (let done = 0; done < count; done += 1) {
      await scheduler.run(() => hub.publish(this.#topic, { data: '1', bytes: 1 })).promise
      // Which of two messages a reader has at hand when it runs is for each scheduler to say.
      await this.#settle()
    }
  }

  async #write(bytes: string): Promise<void> {
    for (const wire of this.#wires) if (wire.socket.writable) await wire.write(bytes)
  }

  /** Both have read what was sent, and have done what there was to do. */
  async #settle(): Promise<void> {
    for (let rounds = 0; rounds < 2; rounds += 1) {
      for (const control of this.#controls) {
        await control.write(rawRequest('GET', '/healthz'))
        await control.reply()
      }
      await turns(10)
    }
  }
}

describe('a server with the fast path', () => {
  it('answers every script, to the byte, as one without', async () => {
    await using home = await Served.start()
    let topics = 0
    const all = { left: 0, refused: 0, lowered: 0, sentAway: 0 }
    const count = (said: string, what: RegExp) => [...said.matchAll(what)].length
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 3, maxLength: 16 }), async (script) => {
        topics += 1
        await using twins = new Twins(home, `t${topics}`)
        await twins.start()
        for (const step of script) {
          await twins.do(step)
          expectSame(twins.said)
          expect(twins.waiting[0]).toBe(twins.waiting[1])
        }
        await twins.drain()
        expectSame(twins.said)
        const [said = ''] = twins.said
        expect(twins.waiting).toEqual([0, 0])
        all.left += twins.left
        all.refused += count(said, /HTTP\/1.1 429/g)
        all.lowered += count(said, /,"(wait|limit)":\d/g)
        all.sentAway += count(said, /"retryAfterMs":0/g)
      }),
      {
        numRuns: 60,
        examples: [[brokenBehindMany], ...Array.from({ length: timesEach }, (): [Step[]] => [everyKind])],
      },
    )
    for (const found of Object.values(all)) expect(found).toBeGreaterThanOrEqual(timesEach)
    await until(() => home.app.hub.statistics().waiting === 0)
  })
})
