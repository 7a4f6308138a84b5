// Servers behind Debian's Varnish and nginx, with the configurations that stand in docs/deployment.md, and readers of either
// protocol who come by them. Both listen on sockets in a folder, so that no port is taken.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'undici'
import { openBroker } from '../../../server/brokers/open-broker.ts'
import type { Broker } from '../../../server/hub/index.ts'
import { TcpProxy } from '../../chaos/tcp-proxy.ts'
import { type Answer, Served } from '../http/served.ts'

const deployment = readFileSync(new URL('../../../docs/deployment.md', import.meta.url), 'utf8')

export interface Cache {
  readonly name: string
  /** How it is started in `folder`, before Encke at `port`, to listen on `socket`. */
  readonly start: (folder: string, port: string, socket: string) => ChildProcess
  readonly isMissing: boolean
}

export const caches: readonly Cache[] = [
  {
    name: 'Varnish',
    isMissing: spawnSync('varnishd', ['-V']).status !== 0 || spawnSync('cc', ['--version']).status !== 0,
    start: (folder, port, socket) => {
      writeFileSync(join(folder, 'encke.vcl'), configuration('vcl').replace('8080', port))
      const flags = ['-F', '-j', 'none', '-n', join(folder, 'work'), '-s', 'malloc,32m', '-a', socket]
      return spawn('varnishd', [...flags, '-f', join(folder, 'encke.vcl')], { stdio: 'ignore' })
    },
  },
  {
    name: 'nginx',
    isMissing: spawnSync('nginx', ['-v']).status !== 0,
    start: (folder, port, socket) => {
      const http = configuration('nginx')
        .replace('8080', port)
        .replace('listen 80', `listen unix:${socket}`)
        .replace('/var/cache/nginx/encke', join(folder, 'cache'))
      const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((name) => `${name}_temp_path ${join(folder, name)};`)
        .join('\n')
      // Its workers would otherwise be of a user who may not write into the folder.
      const user = process.getuid?.() === 0 ? 'user root;\n' : ''
      const rest = `${user}pid ${join(folder, 'pid')};\nerror_log ${join(folder, 'error.log')};\nevents { worker_connections 4096; }`
      writeFileSync(join(folder, 'nginx.conf'), `${rest}\nhttp {\naccess_log off;\n${places}\n${http}\n}\n`)
      const flags = [
        '-p',
        folder,
        '-c',
        join(folder, 'nginx.conf'),
        '-e',
        join(folder, 'error.log'),
        '-g',
        'daemon off;',
      ]
      return spawn('nginx', flags, { stdio: 'ignore' })
    },
  },
]

/** The configuration in the document, as an operator copies it. */
function configuration(language: string): string {
  const blocks = [...deployment.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, text = '']) => text,
  )
  const found = blocks.find((text) => /public\(\/\|%2F\)/.test(text))
  if (found === undefined) throw new Error(`docs/deployment.md has no ${language} for a cache`)
  return found
}

export class Behind implements AsyncDisposable {
  /** The server that the cache asks. */
  served: Served
  /** How many requests readers have sent, and how many of them have come to the server. */
  asked = 0
  origin = 0
  readonly #flags: readonly string[]
  readonly #broker: Broker
  readonly #road: TcpProxy
  readonly #folder: string
  readonly #process: ChildProcess
  readonly #socketPath: string
  readonly #clients: Client[] = []
  readonly #client: Client

  private constructor(parts: Parts) {
    this.served = parts.served
    this.#flags = parts.flags
    this.#broker = parts.broker
    this.#road = parts.road
    this.#folder = parts.folder
    this.#process = parts.child
    this.#socketPath = parts.socket
    this.#client = this.#connect()
    this.#count()
  }

  static async start(cache: Cache, given: readonly string[]): Promise<Behind> {
    const flags = ['--client-limits', 'off', '--anonymous-subscribe', 'public/**', '--cacheable', 'public/**', ...given]
    const broker = await openBroker('memory:')
    const served = await Served.start(flags, { broker })
    const road = await TcpProxy.start(Number(new URL(served.origin).port))
    const folder = mkdtempSync(join(tmpdir(), 'encke-cache-'))
    const socket = join(folder, 'socket')
    const child = cache.start(folder, `${road.port}`, socket)
    const behind = new Behind({ served, flags, broker, road, folder, child, socket })
    for (let tries = 0; !(existsSync(socket) && (await behind.#isUp())); tries += 1) {
      if (tries > 400) throw new Error(`${cache.name} does not answer`)
      await sleep(50)
    }
    return behind
  }

  /** Another server on the same broker takes over; the one before sends its readers away, and ends. */
  async restart(): Promise<void> {
    const before = this.served
    this.served = await Served.start(this.#flags, { broker: this.#broker })
    this.#count()
    this.#road.target = Number(new URL(this.served.origin).port)
    await before.app.drain()
    await before[Symbol.asyncDispose]()
  }

  #count(): void {
    this.served.app.http.server.on('request', ({ url }) => {
      if (url?.startsWith('/messages') || url?.includes('live=long-poll')) this.origin += 1
    })
  }

  async #isUp(): Promise<boolean> {
    try {
      return (await this.ask('/healthz')).status === 200
    } catch {
      return false
    }
  }

  /** A connection of its own: one that lies idle in a pool is closed by a cache when somebody is about to use it. */
  #connect(): Client {
    const client = new Client('http://localhost', { socketPath: this.#socketPath, headersTimeout: 0, bodyTimeout: 0 })
    this.#clients.push(client)
    return client
  }

  async ask(path: string, headers: Record<string, string> = {}, client = this.#client) {
    const { statusCode, body, ...reply } = await client.request({ method: 'GET', path, headers })
    const text = await body.text()
    // biome-ignore lint/suspicious/noExplicitAny: the tests say what it is
    return { status: statusCode, headers: reply.headers, json: (text === '' ? undefined : JSON.parse(text)) as any }
  }

  /** Read from `path` on, as a client does, until the message `last`; `got` is told of each. Gives everything it got. */
  async read(dialect: Dialect, path: string, last: number, got: (data: number) => void = () => {}): Promise<number[]> {
    const all: number[] = []
    const client = this.#connect()
    while (all.at(-1) !== last) {
      this.asked += 1
      const told = dialect.take(await this.ask(path, {}, client), path)
      for (const data of told.messages) {
        all.push(data)
        got(data)
      }
      path = told.path
      if (told.waitMs > 0) await sleep(told.waitMs)
    }
    return all
  }

  /** The same past the cache. */
  async readDirectly(dialect: Dialect, path: string, last: number, got: (data: number) => void): Promise<void> {
    for (let data = 0; data !== last; ) {
      const { status, headers, json } = await this.served.get(path)
      const told = dialect.take({ status, headers, json }, path)
      for (data of told.messages) got(data)
      path = told.path
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client.destroy()
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    await ended
    await this.served[Symbol.asyncDispose]()
    await this.#road[Symbol.asyncDispose]()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

interface Parts {
  readonly served: Served
  readonly flags: readonly string[]
  readonly broker: Broker
  readonly road: TcpProxy
  readonly folder: string
  readonly child: ChildProcess
  readonly socket: string
}

type Told = Pick<Answer, 'status' | 'headers' | 'json'>

/** How a reader of `public/a` goes on in a protocol. */
export interface Dialect {
  readonly name: string
  /** Where to begin now; the topic is there then. */
  start(served: Served): Promise<string>
  publish(served: Served, data: number): Promise<unknown>
  /** @throws Error on a reply that a client would not expect */
  take(
    reply: Told,
    path: string,
  ): { readonly messages: readonly number[]; readonly path: string; readonly waitMs: number }
}

const ofStream = '/v1/stream/public/a'

export const dialects: readonly Dialect[] = [
  {
    name: 'polls',
    start: async (served) => pollPath((await served.get('/topics/public%2Fa')).json),
    publish: (served, data) => served.publish('public/a', data),
    take({ status, json }) {
      if (status !== 200) throw new Error(`${status} ${JSON.stringify(json)}`)
      const messages = json.messages.map(({ data }: { data: number }) => data)
      return { messages, path: pollPath(json), waitMs: json.retryAfterMs ?? 0 }
    },
  },
  {
    name: 'long polls of Durable Streams',
    async start(served) {
      const { headers } = await served.send('PUT', ofStream, { headers: { 'content-type': 'application/json' } })
      return streamPath(headers)
    },
    publish: (served, data) => served.post(ofStream, `${data}`),
    take({ status, headers, json }, path) {
      if (status === 503) return { messages: [], path, waitMs: 200 }
      if (status !== 200 && status !== 204) throw new Error(`${status} ${JSON.stringify(json)}`)
      return { messages: json ?? [], path: streamPath(headers), waitMs: 0 }
    },
  },
]

function pollPath({ cursor, turn }: { readonly cursor: string; readonly turn?: number }): string {
  return `/messages?cursor=${cursor}&topic=public%2Fa${turn === undefined ? '' : `&turn=${turn}`}`
}

function streamPath(headers: Told['headers']): string {
  const turn = headers['stream-cursor']
  return `${ofStream}?${turn === undefined ? '' : `cursor=${turn}&`}live=long-poll&offset=${headers['stream-next-offset']}`
}
