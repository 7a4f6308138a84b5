// What one connection may have under way, and what becomes of replies that its client does not read.

import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { LiveApp, rawRequest, turns, until } from './live-app.ts'

const large = ['--message-bytes', '1000000', '--history-bytes', '20000000', '--batch-bytes', '16000000']

class Client implements Disposable {
  readonly socket: Socket
  received = ''
  bytes = 0

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('error', () => {})
    this.socket.on('data', (data) => {
      this.bytes += data.length
      if (this.received.length < 100_000) this.received += data
    })
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  get replies(): number {
    return this.received.split('HTTP/1.1 ').length - 1
  }
}

const poll = (topic: string, asking: string) => rawRequest('GET', `/messages?topic=${topic}&${asking}`)
const health = rawRequest('GET', '/healthz')

async function fill(live: LiveApp, topic: string, count = 16): Promise<void> {
  for (let at = 0; at < count; at += 1) await live.publishNow(topic, 'x'.repeat(900_000))
}

/** What the server holds for its clients, in bytes. */
function unread(live: LiveApp): number {
  let bytes = 0
  for (const socket of live.sockets) {
    bytes += socket.writableLength
  }
  return bytes
}

describe('requests in flight on one connection', () => {
  it('are so many, and the rest is answered in its turn', async () => {
    await using live = await LiveApp.open(['--pipeline-requests', '4'])
    using client = new Client(live.port)
    client.socket.write(Array.from({ length: 20 }, (_, at) => poll(`t${at}`, 'wait=60')).join('') + health)
    await live.untilWaiting(4)
    await turns(50)
    expect(live.app.hub.statistics().waiting).toBe(4)
    for (let at = 0; at < 20; at += 1) {
      await until(`poll ${at} waits`, async () => (await live.publish(`t${at}`, at)).body.waiting === 1)
      await until(`reply ${at} is there`, () => client.replies > at)
    }
    await until('the last one is answered', () => client.received.endsWith('{"status":"ok"}'))
    expect(client.replies).toBe(21)
    expect([...client.received.matchAll(/"data":(\d+)/g)].map(([, data]) => Number(data))).toEqual([
      ...Array(20).keys(),
    ])
  })

  it('may be a poll that waits and a publish that wakes it', async () => {
    await using live = await LiveApp.open()
    using client = new Client(live.port)
    client.socket.write(poll('a', 'wait=60'))
    await live.untilWaiting(1)
    client.socket.write(rawRequest('POST', '/publish?topic=a', '1'))
    await until('both are answered', () => client.replies === 2)
    expect(client.received).toContain('"data":1')
  })

  it('are counted behind polls that come again, too', async () => {
    await using live = await LiveApp.open(['--pipeline-requests', '3'])
    using client = new Client(live.port)
    const cursor = (await live.poll('a', { wait: 0 })).body.cursor
    for (let round = 1; round <= 3; round += 1) {
      client.socket.write(poll('a', `wait=0&cursor=${cursor}`))
      await until('it is answered', () => client.replies === round)
    }
    client.socket.write(poll('a', `wait=60&cursor=${cursor}`))
    await live.untilWaiting(1)
    client.socket.write(Array.from({ length: 9 }, () => poll('b', 'wait=60')).join(''))
    await live.untilWaiting(3)
    await turns(50)
    expect(live.app.hub.statistics().waiting).toBe(3)
  })

  it('are not called late when the last one has come in part, for the server does not read on', async () => {
    await using live = await LiveApp.open(['--pipeline-requests', '2'])
    using client = new Client(live.port)
    client.socket.write(Array.from({ length: 4 }, () => poll('a', 'wait=60')).join('') + health.slice(0, 20))
    await live.untilWaiting(2)
    // Node looks for late requests every 30 s, and says so with this event.
    const late = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
    for (const socket of live.sockets) live.app.http.server.emit('clientError', late, socket)
    for (let replies = 0; replies < 4; ) {
      await live.publish('a', replies)
      await turns(5)
      replies = client.replies
    }
    client.socket.write(health.slice(20))
    await until('the last one is answered', () => client.received.endsWith('{"status":"ok"}'))
  })

  it('leave nothing behind when their client goes away, held or not', async () => {
    await using live = await LiveApp.open(['--pipeline-requests', '4'])
    const before = live.left()
    const client = new Client(live.port)
    client.socket.write(Array.from({ length: 6 }, () => poll('a', 'wait=60')).join(''))
    await live.untilWaiting(4)
    client.socket.destroy()
    // A connection that is not read learns of its end when something is written to it.
    await until('all are gone', async () => {
      await live.publishNow('a', 1)
      return live.left().connections === before.connections && live.left().waiting === 0
    })
    await until('so are their coroutines', () => live.left().coroutines === before.coroutines)
  })
})

describe('replies that nobody reads', () => {
  it('are not made while too much of them waits, and are all there once they are read', async () => {
    await using live = await LiveApp.open([...large, '--pipeline-requests', '100'])
    await fill(live, 'big')
    using client = new Client(live.port)
    client.socket.pause()
    client.socket.write(
      Array.from({ length: 30 }, (_, at) => poll('big', `wait=0&from=earliest&limit=${500 + at}`)).join('') + health,
    )
    await until('some wait', () => unread(live) > 1_000_000)
    await turns(300)
    const made = live.app.hub.statistics().delivered / 16
    expect(made).toBeLessThanOrEqual(4)
    client.socket.resume()
    await until('all are read', () => client.bytes > 30 * 16 * 900_000)
    await until('the last one, too', () => live.app.hub.statistics().delivered === 30 * 16)
  })

  it('end their connection after a while, as one does that is alone', async () => {
    await using live = await LiveApp.open([...large, '--stalled-reply-ms', '300'])
    await fill(live, 'big')
    using client = new Client(live.port)
    client.socket.pause()
    client.socket.write(poll('big', 'wait=0&from=earliest&limit=1000'))
    await until('it waits', () => unread(live) > 1_000_000)
    await until('it is ended', () => live.sockets.size === 0)
  })

  it('are waited for as long as their client reads on, however slowly', async () => {
    await using live = await LiveApp.open([...large, '--stalled-reply-ms', '1000'])
    await fill(live, 'big')
    using client = new Client(live.port)
    // Some 8 MB a second, more slowly than a reply may make no progress.
    client.socket.on('data', ({ length }) => {
      client.socket.pause()
      setTimeout(() => client.socket.resume(), length / 8_000)
    })
    client.socket.write(poll('big', 'wait=0&from=earliest&limit=1000'))
    const start = performance.now()
    await until('all is read', () => client.bytes > 14_400_000)
    expect(performance.now() - start).toBeGreaterThan(1_000)
  })
})
