// Each dialect against a server that speaks it: readers wait, are answered with what is published, and wait again.

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { bytesOf, HttpConnection, SourcePorts } from '../../loadtest/client/http-connection.ts'
import { Publishers } from '../../loadtest/client/publishers.ts'
import { type DialectName, dialects } from '../../loadtest/dialects/index.ts'
import { createOf } from '../../loadtest/dialects/streams.ts'
import { EventHerd } from '../../loadtest/generator/event-herd.ts'
import { Herd } from '../../loadtest/generator/herd.ts'
import { whatNpmLacks } from '../../loadtest/processes/npm-peers.ts'
import { peers, subjectOf, whatLacks } from '../../loadtest/processes/peers.ts'
import { ServerProcess } from '../../loadtest/processes/server-process.ts'
import { browserHeaders } from '../../loadtest/scenarios/memory.ts'
import { buildApp } from '../../server/app.ts'
import { type Fake, fakeBayeux, fakeNchan, fakePushpin, fakeSocketIo } from './fake-peers.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const topic = 'load/fan-out'

interface Spoken {
  readonly herd: Herd
  publish(data: unknown): Promise<boolean>
}

async function speaking(dialect: DialectName, from: Pick<Fake, 'origin' | 'publishOrigin'>, readers: number) {
  const herd = new Herd()
  ends.push(() => herd.leave())
  const { origin, publishOrigin } = from
  await herd.open({ origin, topics: [topic], readersPerTopic: readers, localAddresses: [], dialect })
  const publishers = new Publishers(publishOrigin, dialect, 1)
  ends.push(() => publishers[Symbol.asyncDispose]())
  const publish = async (data: unknown) => (await publishers.publish(topic, JSON.stringify(data))).isAccepted
  return { herd, publish } satisfies Spoken
}

async function faked(make: () => Promise<Fake>): Promise<Fake> {
  const fake = await make()
  ends.push(
    () => fake.server.closeAllConnections(),
    () => fake.server.close(),
  )
  return fake
}

async function serving(listener: RequestListener): Promise<Fake> {
  return faked(async () => {
    const server = createServer(listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return { origin, publishOrigin: origin, server }
  })
}

async function ownServer() {
  const app = await buildApp({ logLevel: 'error', clientLimits: false })
  ends.push(() => app.close())
  const origin = await app.http.listen({ host: '127.0.0.1', port: 0 })
  return { origin, publishOrigin: origin }
}

async function expectRounds({ herd, publish }: Spoken, readers: number): Promise<void> {
  for (const round of [1, 2, 3]) {
    await herd.park()
    // A request has reached a server of this process once it has been answered; that of a reader is before it.
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(await herd.replied()).toEqual({ replies: 0 })
    const collecting = herd.collect(5_000)
    expect(await publish({ round })).toBe(true)
    const { replies, faults } = await collecting
    expect(faults).toEqual({})
    expect(replies.map(({ status, count }) => ({ status, count }))).toEqual([{ status: 200, count: readers }])
    expect(JSON.parse(replies[0]!.body)).toMatchObject({
      messages: [{ topic, offset: round, data: { round } }],
      topics: { [topic]: { verdict: 'ok' } },
    })
  }
}

describe('readers and publishers', () => {
  const fakes: [dialect: DialectName, make: () => Promise<Fake>][] = [
    ['bayeux', fakeBayeux],
    ['nchan', fakeNchan],
    ['pushpin', fakePushpin],
    ['socket.io', fakeSocketIo],
  ]
  it.each(fakes)('of %s wait, are answered alike, and wait again', async (dialect, make) => {
    await expectRounds(await speaking(dialect, await faked(make), 7), 7)
  })

  const bare = peers.filter(({ dialect, needs }) => dialect === 'encke' && needs.package === undefined)
  it.each(bare)('of the bare server $name do so as well', async (peer) => {
    const server = await ServerProcess.start(subjectOf(peer))
    ends.push(() => server[Symbol.asyncDispose]())
    await expectRounds(await speaking('encke', server, 5), 5)
    expect(server.complaints).toBe('')
  })
})

it('readers and publishers of streams wait, are answered alike, and wait again, at our own server', async () => {
  await expectRounds(await speaking('streams', await ownServer(), 5), 5)
})

describe('readers of events', () => {
  const made: [dialect: DialectName, make: () => Promise<Pick<Fake, 'origin' | 'publishOrigin'>>][] = [
    ['encke', ownServer],
    ['streams', ownServer],
    ['nchan', () => faked(fakeNchan)],
  ]
  it.each(made)('of %s get every message once, and say when it was due', async (dialect, make) => {
    const { origin, publishOrigin } = await make()
    if (dialect === 'streams') {
      using connection = await HttpConnection.open(origin)
      await connection.request(createOf(topic))
    }
    const herd = new EventHerd()
    ends.push(() => herd.leave())
    await herd.watch({ origin, path: dialects[dialect].eventsOf!(topic), readers: 3, localAddresses: [] })
    await using publishers = new Publishers(publishOrigin, dialect, 1)
    for (const dueMs of [12.5, 7]) await publishers.publish(topic, JSON.stringify({ dueMs }))
    const seen: number[] = []
    await expect
      .poll(() => {
        seen.push(...herd.watched().dueMs)
        return seen.toSorted((a, b) => a - b)
      })
      .toEqual([7, 7, 7, 12.5, 12.5, 12.5])
    expect(herd.watched().ended).toBe(0)
  })
})

describe('a reader', () => {
  it.each(Object.keys(dialects) as DialectName[])(
    'of %s cannot begin, or finds out, where it is refused',
    async (name) => {
      const fake = await serving((_request, response) => response.writeHead(503, { 'content-length': 0 }).end())
      const opening = speaking(name, fake, 1).then(async ({ herd }) => {
        await herd.park()
        const { replies } = await herd.collect(1_000)
        return replies[0]?.status
      })
      expect(await opening.catch((error: Error) => error.message)).toEqual(
        name === 'nchan' || name === 'pushpin' ? 503 : expect.stringContaining('503'),
      )
    },
  )

  it('polls again where it was answered already, as one does that was refused', async () => {
    let asked = 0
    const fake = await serving((_request, response) => {
      asked += 1
      if (asked <= 2) response.writeHead(502, { 'content-length': 0 }).end()
    })
    const { herd } = await speaking('pushpin', fake, 3)
    await herd.park(1_000)
    await expect.poll(() => herd.replied()).toEqual({ replies: 2 })
    expect(await herd.again(1_000)).toEqual({ polls: 2 })
    expect(await herd.replied()).toEqual({ replies: 0 })
    expect(await herd.again(1_000)).toEqual({ polls: 0 })
  })

  it('sends the headers that it is told, those of a browser being of their usual size', async () => {
    const { value } = dialects.encke.reader(['a', 'b/c']).greet().next()
    const [ask, bytes] = [value!, bytesOf({ ...value!, headers: browserHeaders }, 'here')]
    expect(ask.headers).toEqual({ Accept: 'application/json' })
    for (const [name, value] of Object.entries(browserHeaders)) expect(bytes).toContain(`\r\n${name}: ${value}\r\n`)
    expect(bytes).toMatch(/^GET \/messages\?topic=a&topic=b%2Fc&wait=0 HTTP\/1\.1\r\nHost: here\r\n/)
    expect(bytes).toMatch(/[^\n]\r\n\r\n$/)
    expect(bytes.length).toBeGreaterThan(600)
    expect(bytes.length).toBeLessThan(950)
  })
})

describe('publishers', () => {
  it('are at most as many as they may be, and send what waits in its order', async () => {
    const [seen, open]: [string[], Set<unknown>] = [[], new Set()]
    const fake = await serving((request, response) => {
      open.add(request.socket)
      request.on('data', (data) => seen.push(String(data)))
      request.on('end', () => response.writeHead(201, { 'content-length': 0 }).end())
    })
    await using publishers = new Publishers(fake.origin, 'encke', 2)
    const sent = Array.from({ length: 20 }, (_, at) => publishers.publish('a', String(at)))
    for (const { isAccepted } of await Promise.all(sent)) expect(isAccepted).toBe(true)
    expect(open.size).toBe(2)
    expect(seen.map(Number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, at) => at))
    for (const [at, value] of seen.entries()) expect(Math.abs(Number(value) - at)).toBeLessThanOrEqual(1)
  })

  it('open a connection anew where the server has closed an idle one, and go on after one that broke', async () => {
    let isBreaking = false
    const fake = await serving((request, response) => {
      if (isBreaking) request.socket.destroy()
      else response.writeHead(201, { 'content-length': 0, connection: 'close' }).end()
    })
    await using publishers = new Publishers(fake.origin, 'encke', 1)
    const publish = () => publishers.publish('a', '1').then(({ isAccepted }) => isAccepted)
    expect(await publish()).toBe(true)
    isBreaking = true
    await expect(publish()).rejects.toThrow()
    isBreaking = false
    expect([await publish(), await publish()]).toEqual([true, true])
  })
})

describe('source ports', () => {
  it('are taken in turn, and passed over where they are taken', async () => {
    const from: number[] = []
    const fake = await serving((request, response) => {
      from.push(request.socket.remotePort!)
      response.writeHead(200, { 'content-length': 0 }).end()
    })
    const ports = new SourcePorts()
    const probe = async () => {
      const connection = await ports.open(fake.origin, '127.0.0.1')
      ends.push(() => connection[Symbol.dispose]())
      await connection.request({ method: 'GET', path: '/' })
      return from.at(-1)!
    }
    const one = await probe()
    const next = one === 60_000 ? 10_000 : one + 1
    // Somebody listens on the next: a port that cannot be bound.
    const squatter = createServer()
    const isTaken = await new Promise<boolean>((resolve) => {
      squatter.once('error', () => resolve(false))
      squatter.listen(next, '127.0.0.1', () => resolve(true))
    })
    ends.push(() => isTaken && squatter.close())
    const other = await probe()
    expect(other).not.toBe(next)
    expect(new Set(from).size).toBe(2)
  })
})

describe('a peer', () => {
  it('that is not on this machine is said to lack', () => {
    const peer = { name: 'nchan', dialect: 'nchan', file: 'nchan' } as const
    expect(whatLacks({ ...peer, needs: { programs: ['no-such-program'] } })).toBe('no-such-program is not installed')
    expect(whatLacks({ ...peer, needs: { package: 'no-such-package' } })).toContain('no-such-package')
    expect(whatLacks({ ...peer, needs: {} })).toBeUndefined()
  })

  it('is fetched only where it is not there', async () => {
    const needed = peers.filter(({ needs }) => needs.package !== undefined)
    if (needed.every((peer) => whatLacks(peer) === undefined)) expect(await whatNpmLacks()).toBeUndefined()
  })

  it('has its own file in peers/servers, and is started on the flags of npm start', () => {
    for (const peer of peers) {
      const { command } = subjectOf(peer)
      expect(command.at(-1)).toMatch(new RegExp(`servers/${peer.file}\\.js$`))
      expect(command.slice(1, -1).every((flag) => flag.startsWith('--'))).toBe(true)
    }
  })
})
