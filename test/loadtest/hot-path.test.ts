// How the scenarios of the hot path judge what they have seen, without any load.

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { judgeOffered, type Offered } from '../../loadtest/client/offered.ts'
import { compare, fieldOf } from '../../loadtest/contenders.ts'
import { armAndCancel } from '../../loadtest/generator/armed-timers.ts'
import { loop } from '../../loadtest/generator/closed-loop.ts'
import { Latencies } from '../../loadtest/measure/latencies.ts'
import { untilQuiet } from '../../loadtest/measure/quiet.ts'
import { ratio } from '../../loadtest/report/figures.ts'
import type { Stage } from '../../loadtest/scenario.ts'
import { type HerdCost, herdTargets } from '../../loadtest/scenarios/fan-out.ts'
import { readingOf } from '../../loadtest/scenarios/memory.ts'
import { bendOf } from '../../loadtest/scenarios/offered-rates.ts'
import { judgeTimers } from '../../loadtest/scenarios/timers.ts'
import { bounds, judged, target } from '../../loadtest/targets.ts'

describe('a target', () => {
  it('is met at its bound and missed beyond it, upwards or downwards', () => {
    const verdicts = (bound: object, values: (number | undefined)[]) =>
      values.map((value) => judged({ what: 'x', unit: '', ...bound }, value).verdict)
    expect(verdicts({ atMost: 1.5 }, [1, 1.5, 1.51])).toEqual(['met', 'met', 'missed'])
    expect(verdicts({ atLeast: 0.8 }, [0.79, 0.8, 2])).toEqual(['missed', 'met', 'met'])
  })

  it('is not judged where nothing was measured, or there was no peer to measure against', () => {
    expect(target('herdWall', undefined).verdict).toBe('not judged')
    expect([ratio(1, undefined), ratio(undefined, 1), ratio(1, 0)]).toEqual([undefined, undefined, undefined])
    expect(ratio(3, 2)).toBe(1.5)
  })

  it('has one bound, and words of its own', () => {
    const all = Object.values(bounds)
    for (const bound of all) expect('atMost' in bound).not.toBe('atLeast' in bound)
    expect(new Set(all.map(({ what }) => what)).size).toBe(all.length)
  })
})

describe('a field', () => {
  const names = ['node:http', 'nchan']
  const { signal } = new AbortController()
  const nothing = () => Promise.reject(new Error('nothing is started here'))
  const stage = { peers: names, signal, startServer: nothing, start: nothing } as unknown as Stage

  it('has Encke first, and of the peers those that are wanted and there', () => {
    const { contenders, skipped } = fieldOf(stage, { peers: [...names, 'faye'] })
    expect(contenders.slice(0, 2).map(({ name }) => name)).toEqual(['Encke', 'node:http'])
    // Whether there is an nginx is the machine's to say; but it is not forgotten.
    expect([...contenders, ...skipped].map(({ name }) => name).toSorted()).toEqual(['Encke', 'nchan', 'node:http'])
  })

  it('has Encke alone without peers', () => {
    const { contenders, skipped } = fieldOf({ ...stage, peers: [] }, { peers: names })
    expect([contenders.map(({ name }) => name), skipped]).toEqual([['Encke'], []])
  })

  const two = { ...stage, peers: ['node:net', 'node:http'] }
  const bare = { peers: ['node:net', 'node:http'] }

  it('is gone through to and fro', async () => {
    const order: string[] = []
    const { done } = await compare(two, bare, 3, async ({ name }) => [order.push(name)])
    expect(order.join()).toBe('Encke,node:net,node:http,node:http,node:net,Encke,Encke,node:net,node:http')
    expect([...done]).toEqual([
      ['Encke', [1, 6, 7]],
      ['node:net', [2, 5, 8]],
      ['node:http', [3, 4, 9]],
    ])
  })

  it('goes on without a peer that fails, and names it; not without Encke', async () => {
    const failing = (who: string) =>
      compare(two, bare, 2, async ({ name }) => {
        if (name === who) throw new Error('it lies')
        return [name]
      })
    const { done, skipped } = await failing('node:net')
    expect([...done.keys()]).toEqual(['Encke', 'node:http'])
    expect(skipped).toEqual([{ name: 'node:net', reason: 'it lies' }])
    await expect(failing('Encke')).rejects.toThrow('it lies')
  })
})

describe('the targets of a herd', () => {
  const cost = (wallMs: number, cycle: number | undefined): HerdCost => ({ wallMs, park: 1, deliver: 1, cycle })

  it('are ratios to the peers that ran', () => {
    const costs = new Map([
      ['Encke', cost(130, 30)],
      ['nchan', cost(140, 20)],
      ['faye', cost(300, 60)],
    ])
    expect(herdTargets(costs).map(({ value, verdict }) => [value?.toFixed(2), verdict])).toEqual([
      ['0.93', 'met'],
      ['1.50', 'met'],
      ['0.50', 'met'],
      [undefined, 'not judged'],
    ])
  })

  it('are not judged where CPU could not be read', () => {
    const costs = new Map([
      ['Encke', cost(130, undefined)],
      ['nchan', cost(100, undefined)],
    ])
    expect(herdTargets(costs).map(({ verdict }) => verdict)).toEqual(['missed', ...Array(3).fill('not judged')])
  })
})

describe('offered rates', () => {
  const step = (change: Partial<Offered> = {}) => ({
    perSecond: 50,
    published: 50,
    delivered: 500,
    complaints: [],
    latencies: Latencies.of([1, 2, 3]),
    ...change,
  })

  it('hold when every message reached its ten readers at every rate', () => {
    expect(judgeOffered([step(), step({ perSecond: 100 })], 10)).toEqual([])
  })

  it.each([
    { delivered: 499 },
    { delivered: 501 },
    { published: 0, delivered: 0 },
    { complaints: ['1 messages lost, the first: here'] },
  ])('are broken by %j', (change) => {
    expect(judgeOffered([step(), step({ perSecond: 100, ...change })], 10)).toEqual([
      expect.stringMatching(/^at 100 a second: /),
    ])
  })

  it('bend where a hundredth of the messages takes more than 100 ms, or none arrives', () => {
    const at = (perSecond: number, ms: number) => step({ perSecond, latencies: Latencies.of([ms]) })
    expect(bendOf([at(50, 3), at(100, 100), at(500, 101), at(1_000, 5)])).toBe(500)
    expect(bendOf([at(50, 3), step({ perSecond: 100, latencies: new Latencies() })])).toBe(100)
    expect(bendOf([at(50, 3)])).toBeUndefined()
  })
})

describe('time-outs of selects', () => {
  it('are armed and cancelled in every timed round, and none is left', async () => {
    const measured = await armAndCancel({ waiters: 200, rounds: 3, holdMs: 60_000 })
    expect(measured).toMatchObject({ ranOut: 0, left: 0 })
    expect([measured.withMs.length, measured.withoutMs.length]).toEqual([3, 3])
    expect(judgeTimers(measured)).toEqual([])
  })

  it('are found out when they run out, or are left', () => {
    const good = { withMs: [1], withoutMs: [1], ranOut: 0, left: 0 }
    expect(judgeTimers({ ...good, ranOut: 2 })).toEqual(['2 time-outs ran out'])
    expect(judgeTimers({ ...good, left: 1 })).toEqual(['1 timers are left at the end'])
  })
})

describe('a closed loop', () => {
  const serving = async (listener: RequestListener) => {
    const server = createServer(listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const asks = ['one', 'three'].map((body) => ({ method: 'POST', path: `/${body}`, body }) as const)

  it('counts good replies over all its connections, and leaves no request under way', async () => {
    const asked = new Set<string>()
    let count = 0
    const origin = await serving(({ url = '', socket }, response) => {
      count += 1
      asked.add(`${socket.remotePort} ${url}`)
      setTimeout(() => response.writeHead(202, { 'content-length': 6 }).end('queued'), 3)
    })
    const good = await loop({ origin, asks, connections: 3, durationMs: 200, status: 202, body: 'queued' })
    expect(good).toMatchObject({ seconds: 0.2, bodyBytes: 'queued'.length, faults: {}, answered: count })
    expect(good.count).toBeGreaterThan(3)
    expect(good.latencyMs.length).toBe(good.count)
    expect(good.answered).toBeGreaterThanOrEqual(good.count)
    expect(good.latencyMs.every((ms) => ms > 0 && ms < 1_000)).toBe(true)
    // Two connections have one of the two requests each, and the third, for which none is left, has both.
    expect([...asked].map((key) => key.split(' ')[1]).toSorted()).toEqual(['/one', '/one', '/three', '/three'])
  })

  it('complains of another status, of another body, and of a server that hangs up or is not there', async () => {
    const plan = { asks, connections: 3, durationMs: 100, status: 201 }
    const origin = await serving((_request, response) => response.writeHead(202, { 'content-length': 6 }).end('queued'))
    const bad = await loop({ ...plan, origin })
    expect(bad.count).toBe(0)
    expect(bad.faults).toEqual({ status: { count: 3, example: '202: queued' } })
    const altered = await loop({ ...plan, origin, status: 202, body: 'sent' })
    expect(altered.faults).toEqual({ altered: { count: expect.any(Number), example: 'queued' } })
    const broken = await loop({ ...plan, origin: await serving(({ socket }) => socket.end()) })
    expect(broken.faults.broken?.count).toBeGreaterThan(0)
    expect((await loop({ ...plan, origin: 'http://127.0.0.1:1' })).faults.broken?.example).toContain('ECONNREFUSED')
  })
})

describe('quiet', () => {
  const { signal } = new AbortController()
  const processUse = (cpuShare: number) => ({
    cpuMs: 0,
    cpuShare,
    busiestThreadShare: cpuShare,
    queuedShare: 0,
    residentBytes: 0,
  })
  const meterOf = (shares: readonly [server: number, generator: number][]) => {
    let at = 0
    const end = () => {
      const [server, generator] = shares[Math.min(at++, shares.length - 1)]!
      return { wallMs: 1, server: processUse(server), generator: processUse(generator) }
    }
    return { ground: { meter: { begin: () => ({ end }) } } as never, seen: () => at }
  }

  it('is when neither server nor generator does anything for two moments on end', async () => {
    const { ground, seen } = meterOf([
      [1, 0],
      [0, 0.9],
      [0, 0],
      [0.5, 0],
      [0.01, 0.01],
      [0.01, 0.01],
    ])
    await untilQuiet({ signal }, ground)
    expect(seen()).toBe(6)
  })

  it('is not waited for without end', async () => {
    const { ground } = meterOf([[1, 0]])
    await expect(untilQuiet({ signal }, ground, 150)).rejects.toThrow('still busy after 0.15 s')
  })
})

describe('a reading of memory', () => {
  it('takes what a start leaves behind for neither the memory of polls nor a saving', async () => {
    const settleMs = 400
    const bornMs = performance.now()
    let polls = 0
    const meter = {
      get serverBytes() {
        const left = performance.now() - bornMs < settleMs ? 50_000_000 : 0
        return 120_000_000 + left + polls * 10_240
      },
      begin: () => ({ end: () => ({ wallMs: 1, server: { cpuShare: 0 }, generator: { busiestThreadShare: 0 } }) }),
    }
    const order = async (name: string, plan?: { readersPerTopic: number }) => {
      if (name === 'open') polls += plan!.readersPerTopic
      return { replies: 0 }
    }
    const ground = {
      server: { origin: '', subject: { dialect: 'encke' } },
      meter,
      startGenerator: () => ({ order }),
      [Symbol.asyncDispose]: async () => {},
    }
    const stage = { signal: new AbortController().signal, show: () => {} } as unknown as Stage
    const contender = { name: 'Encke', start: async () => ground as never }
    expect((await readingOf(stage, contender, 2_000, settleMs)).kibibytesEach).toBe(10)
  })
})
