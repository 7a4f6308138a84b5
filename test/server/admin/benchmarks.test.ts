import { describe, expect, it } from 'vitest'
import type { Model } from '../../../server/benchmarks/models.ts'
import { models } from '../../../server/benchmarks/models.ts'
import type { BenchmarkReport } from '../../../server/benchmarks/run.ts'
import { ThreadsWatched } from '../benchmarks/threads/threads-watched.ts'
import type { Left } from '../http/live-app.ts'
import { LiveApp, turns, until } from '../http/live-app.ts'

type Failure = { readonly code: string; readonly message: string }
type Event = { readonly event: string; readonly data: Record<string, unknown> }

const chain = '/admin/benchmarks/chain'
const hackysack = '/admin/benchmarks/hackysack'
const long = { n: 1_000_000 }
const asEvents = { accept: 'text/event-stream' }

function benchmark<Body = BenchmarkReport>(live: LiveApp, path: string, body?: unknown, signal?: AbortSignal) {
  return live.administer<Body>('POST', path, { body, ...(signal && { signal }) })
}

/** A game that goes on for as long as it is let, of any model. */
function longGame(model: Model) {
  if (model === 'threads') return { model, players: 4, turns: 1_000_000 }
  return { model, players: model === 'axon-busy' ? 10 : 500, turns: 10_000_000 }
}

const isRunning = (live: LiveApp) => live.app.scheduler.statistics().awaited > 0

async function untilAsBefore(live: LiveApp, before: Left): Promise<void> {
  await until(`all is as before: ${JSON.stringify(before)}`, () => {
    const { connections: _, ...left } = live.left()
    return Object.entries(left).every(([name, count]) => before[name as keyof Left] === count)
  })
}

/** Whether a second run would be let in, which is asked by letting one in. */
async function expectFree(live: LiveApp): Promise<void> {
  expect(await benchmark(live, chain, { n: 3 })).toMatchObject({ status: 200, body: { answer: 3 } })
}

describe('the chain over HTTP', () => {
  it.each([1, 2, 1_000])('of %i links answers with their number and what they did', async (n) => {
    await using live = await LiveApp.open()
    const { status, headers, body } = await benchmark(live, chain, { n, repeat: 2 })
    expect(status).toBe(200)
    expect(headers['content-type']).toMatch(/^application\/json/)
    const counters = { spawned: n, finished: n, sends: n + 1, receives: n + 1, parked: 0 }
    expect(body).toMatchObject({ benchmark: 'chain', model: 'go', n, answer: n, counters })
    expect(body.counters.resumes).toBeLessThanOrEqual(3 * n + 10)
    expect(body.runs).toHaveLength(2)
    expect(body.best.wallMs).toBe(Math.min(...body.runs.map(({ wallMs }) => wallMs)))
    expect(body.published.length).toBeGreaterThan(0)
    expect(body.memory).toEqual({ peakBytes: expect.any(Number), perCoroutineBytes: expect.any(Number) })
  })

  it('of a hundred thousand is what is run when nothing is said', async () => {
    await using live = await LiveApp.open()
    const before = live.left()
    const { status, body } = await benchmark(live, chain)
    expect(status).toBe(200)
    const counters = { spawned: 100_000, finished: 100_000, sends: 100_001, receives: 100_001, parked: 0 }
    expect(body).toMatchObject({ n: 100_000, answer: 100_000, counters })
    await untilAsBefore(live, before)
  })
})

describe('hackysack over HTTP', () => {
  it.each([
    [10, 'mailbox'],
    [10, 'rendezvous'],
    [1_000, 'mailbox'],
    [1_000, 'rendezvous'],
  ] as const)('of %i players, %s, answers with the turns and what was counted', async (players, variant) => {
    await using live = await LiveApp.open()
    const request = { players, turns: 1_000, variant, seed: 7 }
    const { status, body } = await benchmark(live, hackysack, request)
    expect(status).toBe(200)
    const counters = { spawned: players, finished: players, balls: 1_000, exits: players - 1, parked: 0 }
    expect(body).toMatchObject({ benchmark: 'hackysack', model: 'go', ...request, answer: 1_000, counters })
    expect(body.counters.resumes).toBeLessThanOrEqual(2 * players + 2 * 1_000 + 20)
    const again = await benchmark(live, hackysack, request)
    expect(again.body.counters).toEqual(body.counters)
  })
})

describe.each(models)('model %s over HTTP', (model) => {
  const size = model === 'threads' ? 3 : 40
  const published = { greenlet: 'CPython + greenlet', stackless: 'Stackless Python', go: 'Go (6g)' } as const
  const scheduled = model === 'threads' ? {} : { resumes: expect.any(Number), parked: 0 }

  it('runs the chain, with its counters and the figures published for it', async () => {
    await using live = await LiveApp.open()
    const { status, body } = await benchmark(live, chain, { n: size, model })
    expect(status).toBe(200)
    expect(body).toMatchObject({ benchmark: 'chain', model, n: size, answer: size })
    const links = { spawned: size, finished: size, sends: size + 1, receives: size + 1 }
    expect(body.counters).toEqual({ ...links, ...scheduled })
    expect(body.memory.peakBytes).toEqual(expect.any(Number))
    expect(body.published).toHaveLength(4)
    if (model in published) {
      expect(body.published[0]).toMatchObject({ model, system: published[model as keyof typeof published] })
    }
  })

  it('plays hackysack, with its counters and the figures published for it', async () => {
    await using live = await LiveApp.open()
    const { status, body } = await benchmark(live, hackysack, { players: size, turns: 150, seed: 3, model })
    expect(status).toBe(200)
    expect(body).toMatchObject({ benchmark: 'hackysack', model, players: size, turns: 150, answer: 150 })
    const traffic = { sends: 149 + size, receives: 149 + size, balls: 150, exits: size - 1 }
    expect(body.counters).toEqual({ spawned: size, finished: size, ...traffic, ...scheduled })
    const [first] = body.published
    if (model === 'axon') expect(first).toMatchObject({ model, note: expect.stringContaining('fair') })
    if (model === 'axon-busy') expect(first).toMatchObject({ model, note: expect.stringContaining('algorithms') })
  })

  it('ends with its client: nothing is left, no thread either, and the next can begin', async () => {
    using threads = new ThreadsWatched()
    await using live = await LiveApp.open()
    await live.poll('a', { wait: 0 })
    const before = live.left()
    const client = new AbortController()
    const running = benchmark(live, hackysack, longGame(model), client.signal)
    running.catch(() => {})
    await until('it runs', () => isRunning(live))
    await turns(20)
    expect(threads.started.length > 0).toBe(model === 'threads')
    client.abort()
    await expect(running).rejects.toThrow('aborted')
    await untilAsBefore(live, before)
    await expectFree(live)
    live.validate()
    expect(threads.left).toBe(0)
  })

  it('ends when the server goes away, and its client is told', async () => {
    using threads = new ThreadsWatched()
    await using live = await LiveApp.open()
    const running = benchmark<Failure>(live, hackysack, longGame(model))
    await until('it runs', () => isRunning(live))
    await turns(20)
    const drained = live.app.drain()
    expect(await running).toMatchObject({ status: 503, body: { code: 'ENCKE_ERR_SERVER_DRAINING' } })
    await drained
    expect(threads.left).toBe(0)
  })
})

describe('a benchmark that cannot be run', () => {
  it.each([
    [chain, { n: 0 }, 'n must be a whole number from 1 to 1000000 (got 0)'],
    [chain, { n: 1_000_001 }, 'n must be a whole number from 1 to 1000000 (got 1000001)'],
    [chain, { n: 1.5 }, '(got 1.5)'],
    [chain, { n: '5' }, '(got "5")'],
    [chain, { n: null }, '(got null)'],
    [chain, { repeat: 101 }, 'repeat must be a whole number from 1 to 100 (got 101)'],
    [chain, { n: 1_000_000, repeat: 21 }, '1000000 × 21 = 21000000'],
    [chain, { turns: 5 }, 'chain has no parameter "turns"'],
    [chain, [], 'the parameters of chain must be an object (got [])'],
    [chain, null, 'the parameters of chain must be an object (got null)'],
    [chain, 5, 'the parameters of chain must be an object (got 5)'],
    [hackysack, { players: 0 }, 'players must be a whole number from 1 to 1000000 (got 0)'],
    [hackysack, { turns: 10_000_001 }, '(got 10000001)'],
    [hackysack, { players: 1, variant: 'rendezvous' }, 'players must be at least 2'],
    [hackysack, { variant: 'footbag' }, 'variant must be one of mailbox, rendezvous (got "footbag")'],
    [hackysack, { seed: -1 }, '(got -1)'],
    [hackysack, { n: 5 }, 'hackysack has no parameter "n"'],
  ])('%s %j is refused', async (path, body, message) => {
    await using live = await LiveApp.open()
    const refused = await benchmark<Failure>(live, path, body)
    expect(refused).toMatchObject({ status: 400, body: { code: 'ENCKE_ERR_BENCHMARK_PARAMETERS' } })
    expect(refused.body.message).toContain(message)
    await expectFree(live)
  })

  it('for want of its model is refused with those there are', async () => {
    await using live = await LiveApp.open()
    const refused = await benchmark<Failure>(live, hackysack, { model: 'occam' })
    expect(refused).toMatchObject({ status: 400, body: { code: 'ENCKE_ERR_BENCHMARK_MODEL' } })
    expect(refused.body.message).toBe(`model "occam" is unknown; available: ${models.join(', ')}`)
  })

  it.each([
    [hackysack, { model: 'greenlet', variant: 'rendezvous' }, 'because its writes never block'],
    [hackysack, { model: 'axon', variant: 'rendezvous' }, 'because its boxes are buffered'],
    [hackysack, { model: 'axon-busy', variant: 'rendezvous' }, 'because its boxes are buffered'],
    [hackysack, { model: 'erlang', variant: 'rendezvous' }, 'because its sends never wait'],
    [hackysack, { model: 'threads', players: 65 }, 'players must be at most 64'],
    [chain, { model: 'threads', n: 100 }, 'n must be at most 64'],
    [hackysack, { model: 'axon-busy', players: 100_000, turns: 10_000 }, '100000 × 10000 × 1 = 1000000000'],
    [chain, { model: 'axon-busy', n: 100_000 }, 'n × n × repeat must be at most 200000000'],
  ])('by its model is refused, with the reason: %s %j', async (path, body, message) => {
    await using live = await LiveApp.open()
    const refused = await benchmark<Failure>(live, path, body)
    expect(refused).toMatchObject({ status: 400, body: { code: 'ENCKE_ERR_BENCHMARK_MODEL' } })
    expect(refused.body.message).toContain(message)
    await expectFree(live)
  })

  it.each([chain, hackysack])('%s is refused in the same way when events were asked for', async (path) => {
    await using live = await LiveApp.open()
    const refused = await live.administer('POST', path, { body: { repeat: 0 }, headers: asEvents })
    expect(refused).toMatchObject({ status: 400, body: { code: 'ENCKE_ERR_BENCHMARK_PARAMETERS' } })
    await expectFree(live)
  })

  it('while another runs is refused, with what is running', async () => {
    await using live = await LiveApp.open()
    const client = new AbortController()
    const running = benchmark(live, chain, { ...long, repeat: 2 }, client.signal)
    running.catch(() => {})
    await until('it runs', () => isRunning(live))
    for (const path of [chain, hackysack]) {
      const refused = await benchmark<Failure>(live, path, {})
      expect(refused).toMatchObject({ status: 409, body: { code: 'ENCKE_ERR_BENCHMARK_BUSY' } })
      expect(refused.body.message).toContain('{"benchmark":"chain","n":1000000,"repeat":2,"model":"go"}')
    }
    client.abort()
    await expect(running).rejects.toThrow()
  })
})

describe('a client that goes away', () => {
  it('cancels its run: nothing is left, and the next can begin', async () => {
    await using live = await LiveApp.open()
    await live.poll('a', { wait: 0 })
    const before = live.left()
    for (const [path, body] of [
      [chain, { ...long, repeat: 20 }],
      [hackysack, { players: 1_000_000, turns: 10_000_000 }],
    ] as const) {
      const client = new AbortController()
      const running = benchmark(live, path, body, client.signal)
      running.catch(() => {})
      await until('it runs', () => isRunning(live))
      client.abort()
      await untilAsBefore(live, before)
      await expectFree(live)
    }
    live.validate()
  })

  it('cancels its run when it was listening to events', async () => {
    await using live = await LiveApp.open()
    await live.poll('a', { wait: 0 })
    const before = live.left()
    const reader = await openEvents(live, { ...long, repeat: 20 })
    expect((await reader.next()).value).toMatchObject({ event: 'progress' })
    expect(isRunning(live)).toBe(true)
    await reader.return(undefined)
    await untilAsBefore(live, before)
    await expectFree(live)
    live.validate()
  })

  it('before its run has begun leaves nothing either', async () => {
    await using live = await LiveApp.open()
    await live.poll('a', { wait: 0 })
    const before = live.left()
    for (let round = 0; round < 20; round += 1) {
      const client = new AbortController()
      const headers: Record<string, string> = round % 2 === 0 ? asEvents : {}
      const running = live.administer('POST', chain, { body: long, headers, signal: client.signal })
      const hasEnded = running.catch(() => {})
      await turns(round)
      client.abort()
      await hasEnded
    }
    await untilAsBefore(live, before)
    await expectFree(live)
  })
})

describe('the events of a run', () => {
  it('are its progress, and at last its result', async () => {
    await using live = await LiveApp.open()
    const events: Event[] = []
    for await (const event of await openEvents(live, { n: 300_000, repeat: 3 })) events.push(event)
    const result = events.pop()
    expect(result).toMatchObject({ event: 'result', data: { benchmark: 'chain', n: 300_000, answer: 300_000 } })
    expect(result?.data['runs']).toHaveLength(3)
    expect(events.length).toBeGreaterThan(0)
    const progress = events.map(({ data }) => data as { run: number; of: number; fraction: number })
    expect(new Set(events.map(({ event }) => event))).toEqual(new Set(['progress']))
    expect(progress.every(({ of, fraction }) => of === 3 && fraction >= 0 && fraction <= 1)).toBe(true)
    const done = progress.map(({ run, fraction }) => run + fraction)
    expect(done).toEqual(done.toSorted((a, b) => a - b))
    expect(progress.at(-1)).toEqual({ run: 3, of: 3, fraction: 1 })
    await expectFree(live)
  })

  it('end with an error when it cannot be finished', async () => {
    await using live = await LiveApp.open()
    const reader = await openEvents(live, long)
    const drained = live.app.drain()
    const events: Event[] = []
    for await (const event of reader) events.push(event)
    expect(events.at(-1)).toMatchObject({
      event: 'error',
      data: { statusCode: 503, code: 'ENCKE_ERR_SERVER_DRAINING' },
    })
    await drained
  })
})

describe('while a benchmark runs', () => {
  it('polls, publishes and new connections are answered before it ends', async () => {
    await using live = await LiveApp.open()
    await using other = await LiveApp.open([], { broker: live.app.broker })
    let isOver = false
    const run = benchmark(live, chain, long).then((reply) => {
      isOver = true
      return reply
    })
    await until('it runs', () => isRunning(live))
    for (let round = 0; round < 5; round += 1) {
      const parked = live.poll('a', { wait: 60 })
      await live.untilWaiting(1)
      await live.publish('a', round)
      expect((await parked).body.messages).toMatchObject([{ offset: round + 1, data: round }])
      expect((await live.poll(`new/${round}`, { wait: 0 })).status).toBe(200)
      expect((await live.ask('GET', '/healthz')).status).toBe(200)
    }
    expect(isOver).toBe(false)
    expect((await run).body.answer).toBe(1_000_000)
    expect((await other.poll('a', { wait: 0, from: 'earliest' })).body.messages).toHaveLength(5)
  })
})

async function openEvents(live: LiveApp, body: unknown): Promise<AsyncGenerator<Event>> {
  const reply = await fetch(live.origin + chain, {
    method: 'POST',
    headers: { ...asEvents, 'content-type': 'application/json', authorization: `Bearer ${live.app.adminToken}` },
    body: JSON.stringify(body),
  })
  expect(reply.status).toBe(200)
  expect(reply.headers.get('content-type')).toMatch(/^text\/event-stream/)
  expect(reply.headers.get('x-accel-buffering')).toBe('no')
  return eventsOf(reply.body as ReadableStream<Uint8Array>)
}

async function* eventsOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Event> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of stream) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const [, event = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? []
      yield { event, data: JSON.parse(data) }
    }
  }
  expect(rest).toBe('')
}
