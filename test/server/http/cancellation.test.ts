import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Random } from '../../../runtime/index.ts'
import { LiveApp, pollPath, rawRequest, turns, until } from './live-app.ts'

// So few may wait that a place which is not given back is soon missed.
const few = ['--max-waiting', '4']
const poll = rawRequest('GET', pollPath('a', { wait: 100 }))
const pollOfMany = rawRequest('POST', '/poll', JSON.stringify({ topics: ['a', 'b', 'c'], wait: 100 }))

type Leave = (live: LiveApp, socket: Socket, random: Random) => Promise<void>

/** The moments at which a client goes away. */
const moments: Readonly<Record<string, Leave>> = {
  'while it connects': async (_live, socket) => {
    socket.destroy()
  },
  'as soon as it is connected': async (_live, socket) => {
    await once(socket, 'connect')
    socket.destroy()
  },
  'in the middle of its headers': async (_live, socket, random) => {
    socket.write(poll.slice(0, 1 + random.below(poll.length - 1)))
    await turns(random.below(8))
    socket.destroy()
  },
  'in the middle of its body': async (_live, socket, random) => {
    socket.write(pollOfMany.slice(0, -1 - random.below(30)))
    await turns(random.below(8))
    socket.destroy()
  },
  'some steps after its headers': async (_live, socket, random) => {
    socket.write(random.below(2) === 0 ? poll : pollOfMany)
    await turns(random.below(12))
    socket.destroy()
  },
  'while it waits': async (live, socket, random) => {
    socket.write(random.below(2) === 0 ? poll : pollOfMany)
    await live.untilWaiting(1)
    socket.destroy()
  },
  'by half, while it waits': async (live, socket) => {
    socket.end(poll)
    await once(socket, 'close')
    expect(live.app.hub.statistics().waiting).toBe(0)
  },
  'while two wait behind each other': async (live, socket) => {
    socket.write(poll + poll)
    await live.untilWaiting(2)
    socket.destroy()
  },
  'just before a publish': async (live, socket) => {
    socket.write(poll)
    await live.untilWaiting(1)
    socket.destroy()
    await live.publishNow('a', 'missed')
  },
  'just after a publish': async (live, socket) => {
    socket.write(poll)
    await live.untilWaiting(1)
    const published = live.publishNow('a', 'missed')
    socket.destroy()
    await published
  },
  'some steps after a publish': async (live, socket, random) => {
    socket.write(poll)
    await live.untilWaiting(1)
    await live.publishNow('a', 'missed')
    await turns(random.below(5))
    socket.destroy()
  },
}

describe('a client that goes away', () => {
  it.each(Object.entries(moments))('%s, a hundred times, leaves nothing', async (_, leave) => {
    const warnings: Error[] = []
    const listen = (warning: Error) => warnings.push(warning)
    process.on('warning', listen)
    onTestFinished(() => void process.off('warning', listen))
    await using live = await LiveApp.open(few)
    const random = new Random(1)
    await live.ask('POST', '/poll', { body: { topics: ['a', 'b', 'c'], wait: 0 } })
    const before = await leftAtRest(live)
    const listenersBefore = listenersOf(live)
    for (let round = 0; round < 100; round += 1) {
      await goOnce(live, leave, random)
      await untilLeft(live, before)
      live.validate()
    }
    expect(listenersOf(live)).toEqual(listenersBefore)
    expect(warnings).toEqual([])
    await expectRoomForAll(live)
  })

  it('at any of these moments, with others who do the same, leaves nothing', async () => {
    await using live = await LiveApp.open(['--max-waiting', '64'])
    await live.ask('POST', '/poll', { body: { topics: ['a', 'b', 'c'], wait: 0 } })
    const before = await leftAtRest(live)
    const ways = ['while it connects', 'in the middle of its headers', 'some steps after its headers']
    const random = new Random(2)
    for (let round = 0; round < 32; round += 1) {
      const crowd = Array.from({ length: 32 }, () => goOnce(live, moments[ways[random.below(3)]!]!, random))
      for (let publishes = random.below(4); publishes > 0; publishes -= 1) {
        await turns(random.below(4))
        await live.publishNow('a', publishes)
      }
      await Promise.all(crowd)
    }
    await untilLeft(live, before)
    live.validate()
  })

  it('a thousand times with the reply still unread leaves nothing', async () => {
    await using live = await LiveApp.open()
    await live.publish('a', 'x'.repeat(60_000))
    await live.poll('a', { wait: 0 })
    const before = await leftAtRest(live)
    const random = new Random(3)
    const all = rawRequest('GET', pollPath('a', { wait: 0, from: 'earliest' }))
    for (let round = 0; round < 1_000; round += 1) {
      await goOnce(
        live,
        async (_live, socket) => {
          socket.pause()
          socket.write(all)
          await turns(random.below(6))
          socket.destroy()
        },
        random,
      )
    }
    await untilLeft(live, before)
  })
})

describe('a thousand clients that go away', () => {
  const small = rawRequest('GET', pollPath('a', { wait: 0 }))
  const large = rawRequest('GET', pollPath('large', { wait: 0, from: 'earliest' }))

  /** With more than the connection may have under way: the rest is held back, and it is not read. */
  const heavyMoments: Readonly<Record<string, Leave>> = {
    'with polls held back behind those that wait': async (live, socket, random) => {
      socket.write(poll.repeat(3 + random.below(20)))
      await live.untilWaiting(3)
      await turns(random.below(5))
      socket.destroy()
      // A connection that is not read learns of its end when it is written to.
      await until('it is noticed', async () => {
        await live.publishNow('a', 'missed')
        await turns(5)
        return live.app.hub.statistics().waiting === 0
      })
    },
    'with many replies unread': async (_live, socket, random) => {
      socket.pause()
      socket.write(large.repeat(1 + random.below(40)))
      await turns(random.below(30))
      socket.destroy()
    },
    'on the fast path': async (live, socket, random) => {
      const { cursor } = (await live.poll('a', { wait: 0 })).body
      const again = rawRequest('GET', pollPath('a', { wait: 0, cursor }))
      for (let polls = 0; polls < 3; polls += 1) {
        socket.write(again)
        await once(socket, 'data')
      }
      const waiting = again.replace('wait=0', 'wait=9')
      for (let polls = 0; polls < 3; polls += 1) socket.write(waiting)
      await turns(random.below(10))
      if (random.below(2) === 0) socket.write(small)
      await turns(random.below(3))
      if (random.below(2) === 0) socket.destroy()
      else socket.resetAndDestroy()
      await live.publishNow('a', 'missed')
    },
  }

  it('at any moment, whatever they have not read or sent, leave nothing', async () => {
    const warnings: Error[] = []
    const listen = (warning: Error) => warnings.push(warning)
    process.on('warning', listen)
    onTestFinished(() => void process.off('warning', listen))
    await using live = await LiveApp.open(['--pipeline-requests', '3', '--unread-bytes', '100000'])
    for (let made = 0; made < 3; made += 1) await live.publish('large', 'x'.repeat(60_000))
    await live.ask('POST', '/poll', { body: { topics: ['a', 'b', 'c', 'large'], wait: 0 } })
    await live.publishNow('a', 'before')
    const ways = Object.values({ ...moments, ...heavyMoments })
    const random = new Random(4)
    const before = live.left()
    const listenersBefore = listenersOf(live)
    const handlesBefore = handles()
    for (let round = 0; round < 1_000; round += 1) {
      await goOnce(live, ways[round % ways.length] as Leave, random)
      // Every way begins with nobody waiting.
      await untilLeft(live, before)
    }
    live.validate()
    expect(listenersOf(live)).toEqual(listenersBefore)
    await expect.poll(handles).toBeLessThanOrEqual(handlesBefore)
    expect(warnings).toEqual([])
  })

  /** How many sockets the process holds. */
  function handles(): number {
    return process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP')).length
  }
})

describe('a connection that is kept', () => {
  it('has after a thousand polls as many listeners as after ten', async () => {
    await using live = await LiveApp.open()
    const socket = connect(live.port, '127.0.0.1').setEncoding('utf8')
    const counts: number[][] = []
    for (let asked = 1; asked <= 1_000; asked += 1) {
      socket.write(rawRequest('GET', pollPath('a', { wait: 0 })))
      await once(socket, 'data')
      const [served] = live.sockets
      if (asked === 10 || asked === 1_000) counts.push(listenerCounts(served!))
    }
    expect(counts[1]).toEqual(counts[0])
    socket.destroy()
  })
})

type Outcome = 'lost' | 'nothing' | 'news'

/** A client that goes on where its last answer left off, whatever became of the polls in between. */
class Reader {
  readonly seen: number[] = []
  #cursor = ''

  static async at(live: LiveApp, topic: string): Promise<Reader> {
    const reader = new Reader(topic)
    await reader.poll(live, 0)
    return reader
  }

  readonly topic: string

  constructor(topic: string) {
    this.topic = topic
  }

  /** Go on where the last answer left off. One that comes after the client has given up is lost. */
  async poll(live: LiveApp, wait: number, options: { limit?: number; signal?: AbortSignal } = {}): Promise<Outcome> {
    const { limit = 100, signal } = options
    const asking = { wait, limit, ...(this.#cursor && { cursor: this.#cursor }) }
    const reply = await live.poll(this.topic, asking, signal).catch(() => null)
    if (reply === null || signal?.aborted) return 'lost'
    expect(reply.status).toBe(200)
    const { messages, cursor, topics } = reply.body
    expect(topics).toEqual({ [this.topic]: { verdict: 'ok', missed: 0 } })
    this.seen.push(...messages.map(({ data }) => data as number))
    this.#cursor = cursor
    return messages.length > 0 ? 'news' : 'nothing'
  }

  async expectAll(live: LiveApp, published: number): Promise<void> {
    while (this.seen.length < published) {
      const before = this.seen.length
      await this.poll(live, 0)
      if (this.seen.length === before) break
    }
    await this.poll(live, 0)
    expect(this.seen).toEqual(Array.from({ length: published }, (_, at) => at))
  }
}

const manySteps = Array.from({ length: 9 }, (_, step) => step)

describe('a message published at any step of a poll', () => {
  it.each(manySteps)('that is given up after %i steps is read once', async (leavesAt) => {
    await using live = await LiveApp.open()
    const reader = await Reader.at(live, 'a')
    let published = 0
    for (const publishesAt of manySteps) {
      const client = new AbortController()
      const polling = reader.poll(live, 60, { signal: client.signal })
      for (const step of manySteps) {
        if (step === publishesAt) void live.publishNow('a', published++)
        if (step === leavesAt) client.abort()
        await turns(1)
      }
      await polling
    }
    await reader.expectAll(live, published)
    await live.untilWaiting(0)
  })

  it.each([1, 2, 3, 4, 5])('that runs out of time is read once (seed %i)', async (seed) => {
    await using live = await LiveApp.open()
    const random = new Random(seed)
    const reader = await Reader.at(live, 'a')
    let published = 0
    for (let round = 0; round < 60; round += 1) {
      const polling = reader.poll(live, 0.001 * (1 + random.below(4)))
      await turns(random.below(40))
      await live.publishNow('a', published++)
      await polling
    }
    await reader.expectAll(live, published)
  })

  it.each(manySteps)('that is sent away after %i steps is read once, from another app', async (leavesAt) => {
    await using home = await LiveApp.open()
    let published = 0
    for (const publishesAt of manySteps) {
      await using live = await LiveApp.open([], { broker: home.app.broker })
      const readers = [await Reader.at(live, `a${publishesAt}`), await Reader.at(home, `a${publishesAt}`)]
      published = 0
      const polling = Promise.all(readers.map((reader) => reader.poll(live, 60)))
      for (const step of manySteps) {
        if (step === publishesAt) void (step % 2 === 0 ? live : home).publishNow(`a${publishesAt}`, published++)
        if (step === leavesAt) live.app.hurry()
        await turns(1)
      }
      await polling
      for (const reader of readers) await reader.expectAll(home, published)
    }
  })

  it.each([1, 2, 3, 4])('while a crowd is drained is read once by everybody (seed %i)', async (seed) => {
    await using home = await LiveApp.open()
    const random = new Random(seed)
    const drainMs = 100 + random.below(200)
    await using live = await LiveApp.open(['--drain-pause-ms', '20', '--drain-ms', `${drainMs}`], {
      broker: home.app.broker,
    })
    let published = 0
    let isOver = false
    const readers = await Promise.all(Array.from({ length: 40 }, () => Reader.at(live, 'a')))
    const reading = readers.map(async (reader) => {
      while (!isOver) if ((await reader.poll(live, 60)) !== 'news') await reader.poll(home, 0.02)
    })
    const drained = turns(20).then(() => live.app.drain())
    const over = drained.then(() => {
      isOver = true
    })
    while (!isOver) {
      await (random.below(2) === 0 ? live : home).publishNow('a', published++)
      await turns(random.below(4))
    }
    await Promise.all([over, ...reading])
    expect(published).toBeGreaterThan(1)
    for (const reader of readers) await reader.expectAll(home, published)
  })
})

describe('messages published while clients come and go at random', () => {
  it.each([1, 2, 3, 4])('are read once by each of them (seed %i)', async (seed) => {
    await using live = await LiveApp.open()
    const random = new Random(seed)
    const waits = [0, 0.001, 0.003, 60]
    let published = 0
    let isOver = false
    const readers = await Promise.all(Array.from({ length: 12 }, () => Reader.at(live, 'a')))
    let answered = 0
    let lost = 0
    const reading = readers.map(async (reader) => {
      while (!isOver) {
        const client = new AbortController()
        const wait = waits[random.below(waits.length)]!
        const polling = reader.poll(live, wait, { limit: 1 + random.below(5), signal: client.signal })
        if (random.below(2) === 0) {
          await turns(random.below(30))
          client.abort()
        }
        if ((await polling) === 'lost') lost += 1
        else answered += 1
      }
    })
    for (let round = 0; round < 80; round += 1) {
      await turns(random.below(25))
      for (let burst = random.below(3); burst >= 0; burst -= 1) void live.publishNow('a', published++)
    }
    isOver = true
    // Whoever parked at the last moment is woken.
    await turns(50)
    void live.publishNow('a', published++)
    await Promise.all(reading)
    for (const reader of readers) await reader.expectAll(live, published)
    expect(Math.min(answered, lost)).toBeGreaterThan(50)
    await live.untilWaiting(0)
    live.validate()
  })
})

async function goOnce(live: LiveApp, leave: Leave, random: Random): Promise<void> {
  const socket = connect(live.port, '127.0.0.1')
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  socket.resume()
  await leave(live, socket, random)
  await closed
}

/** A reply leaves before the coroutine that has written it has ended. */
async function leftAtRest(live: LiveApp): Promise<ReturnType<LiveApp['left']>> {
  while (live.left().coroutines !== live.left().parked) await turns(1)
  return live.left()
}

async function untilLeft(live: LiveApp, before: object): Promise<void> {
  await until(
    `all is as before: ${JSON.stringify(before)}`,
    () => JSON.stringify(live.left()) === JSON.stringify(before),
  )
}

async function expectRoomForAll(live: LiveApp): Promise<void> {
  const polls = Array.from({ length: 4 }, () => live.poll('a', { wait: 60 }))
  await live.untilWaiting(4)
  expect((await live.poll('a', { wait: 60 })).status).toBe(503)
  await live.publish('a', 'all')
  for (const reply of await Promise.all(polls)) expect(reply.status).toBe(200)
}

function listenersOf(live: LiveApp): number[] {
  return listenerCounts(live.app.http.server)
}

function listenerCounts(emitter: Socket | LiveApp['app']['http']['server']): number[] {
  return emitter.eventNames().map((name) => emitter.listenerCount(name as string))
}
