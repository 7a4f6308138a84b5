// When what a token has let in ends: `node test/server/access/token-ends-figures.ts [each]`. So many requests in each way, each with
// a token of its own, wait at a server in which nothing is published. What is told is by how much later than the second that
// the token names their ends came to the client; clients and server share a process.

import { once } from 'node:events'
import { connect } from 'node:net'
import { mintToken } from '../../../server/access/mint-token.ts'
import { rawRequest } from '../http/live-app.ts'
import { Served } from '../http/served.ts'

const secret = 'the secret of these figures, long enough'
const each = Number(process.argv[2] ?? 120)
const leastMs = 3_000
const topic = 'public/a'
const stream = `/v1/stream/${topic}`

interface Way {
  readonly name: string
  readonly path: (place: { cursor: string; offset: string }) => string
  /** How often the same request is asked before, so that it is one that repeats. */
  readonly warmUps?: number
  readonly isEnd: RegExp
}

const nothingNew = /"messages":\[\]/
const ways: readonly Way[] = [
  { name: 'poll', path: ({ cursor }) => `/messages?topic=${topic}&cursor=${cursor}&wait=60`, isEnd: nothingNew },
  {
    name: 'poll of the fast path',
    path: ({ cursor }) => `/messages?topic=${topic}&cursor=${cursor}&wait=60`,
    warmUps: 4,
    isEnd: nothingNew,
  },
  { name: 'event stream', path: () => `/events?topic=${topic}`, isEnd: /event: expired/ },
  {
    name: 'long poll of Durable Streams',
    path: ({ offset }) => `${stream}?offset=${offset}&live=long-poll`,
    isEnd: /^HTTP\/1\.1 204/,
  },
  { name: 'events of Durable Streams', path: () => `${stream}?offset=now&live=sse`, isEnd: /\r\n0\r\n\r\n$/ },
]

await using served = await Served.start(['--token-secret', secret, '--client-limits', 'off'])
let wholeWay = 0
served.app.http.server.on('request', () => {
  wholeWay += 1
})
const rights = { publish: ['**'], subscribe: ['**'], manage: ['**'] }
const own = await mintToken({ secret, ttlSeconds: 600, ...rights })
const headers = { authorization: `Bearer ${own}`, 'content-type': 'application/json' }
await served.send('PUT', stream, { headers, body: '[1]' })
const { cursor: before } = (await served.get(`/messages?topic=${topic}&from=earliest&limit=1&wait=0`, { headers })).json
await served.post(stream, '2', headers)
const { cursor } = (await served.get(`/topics/${encodeURIComponent(topic)}`, { headers })).json
const offset = String((await served.send('HEAD', stream, { headers })).headers['stream-next-offset'])

say('| way | ended | too early | least | median | 99 of 100 | most | on the fast path |')
say('|---|--:|--:|--:|--:|--:|--:|--:|')
for (const way of ways) await tell(way)
process.exit()

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function tell(way: Way): Promise<void> {
  // All tokens end in the same second: the server has them all to end at once.
  const ttlSeconds = Math.ceil((leastMs + 10 * each) / 1_000)
  const exp = Math.floor(Date.now() / 1_000) + ttlSeconds
  const askers = await Promise.all(Array.from({ length: each }, () => prepare(way, exp)))
  const seen = wholeWay
  const late = (await Promise.all(askers.map((ask) => ask()))).map((ms) => ms - exp * 1_000).sort((a, b) => a - b)
  const fast = each - (wholeWay - seen)
  const at = (share: number) => `${late[Math.floor((late.length - 1) * share)]?.toFixed(0)} ms`
  const early = late.filter((ms) => ms < 0).length
  say(`| ${way.name} | ${late.length} | ${early} | ${at(0)} | ${at(0.5)} | ${at(0.99)} | ${at(1)} | ${fast} |`)
}

/** Connect; gives what asks, and says when that has ended, in milliseconds since 1970. */
async function prepare({ name, path, warmUps = 0, isEnd }: Way, exp: number): Promise<() => Promise<number>> {
  const token = await mintToken({ secret, ttlSeconds: exp - Math.floor(Date.now() / 1_000), ...rights })
  const socket = connect(Number(new URL(served.origin).port), '127.0.0.1').setEncoding('latin1')
  await once(socket, 'connect')
  const write = (from: string) =>
    socket.write(rawRequest('GET', path({ cursor: from, offset }), '', [`Authorization: Bearer ${token}`]))
  for (let round = 0; round < warmUps; round += 1) {
    write(before)
    await once(socket, 'data')
  }
  return async () => {
    write(cursor)
    let got = ''
    for await (const text of socket) {
      got += text
      if (isEnd.test(got)) return Date.now()
      if (/^HTTP\/1\.1 [45]/.test(got)) break
    }
    throw new Error(`${name}: it ended with ${got}`)
  }
}
