// Readers behind Debian's Varnish and nginx, with the configurations that stand in docs/deployment.md. Skipped where they are
// not installed. Both listen on sockets in a folder, so that no port is taken.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent } from 'undici'
import { describe, expect, it } from 'vitest'
import { openBroker } from '../../../../server/brokers/open-broker.ts'
import type { Broker } from '../../../../server/hub/index.ts'
import { TcpProxy } from '../../../chaos/tcp-proxy.ts'
import { Served } from '../../http/served.ts'

const deployment = readFileSync(new URL('../../../../docs/deployment.md', import.meta.url), 'utf8')

interface Cache {
  readonly name: string
  /** How it is started in `folder`, before Encke at `port`, to listen on `socket`. */
  readonly start: (folder: string, port: string, socket: string) => ChildProcess
  readonly isMissing: boolean
}

const caches: Cache[] = [
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

class Behind implements AsyncDisposable {
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
  readonly #agent: Agent

  private constructor(parts: Parts) {
    this.served = parts.served
    this.#flags = parts.flags
    this.#broker = parts.broker
    this.#road = parts.road
    this.#folder = parts.folder
    this.#process = parts.child
    this.#agent = parts.agent
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
    const agent = new Agent({ connect: { socketPath: socket }, headersTimeout: 0, bodyTimeout: 0 })
    const behind = new Behind({ served, flags, broker, road, folder, child, agent })
    await expect.poll(() => existsSync(socket) && behind.#isUp()).toBe(true)
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
      if (url?.startsWith('/messages')) this.origin += 1
    })
  }

  async #isUp(): Promise<boolean> {
    try {
      return (await this.ask('/healthz')).status === 200
    } catch {
      return false
    }
  }

  async ask(path: string, headers: Record<string, string> = {}) {
    const { statusCode, body, ...reply } = await this.#agent.request({
      origin: 'http://localhost',
      method: 'GET',
      path,
      headers,
    })
    // biome-ignore lint/suspicious/noExplicitAny: the tests say what it is
    return { status: statusCode, headers: reply.headers, json: JSON.parse(await body.text()) as any }
  }

  /** Read `public/a` from `cursor` on, as a client does, until the message `last`. Gives everything it got. */
  async read(cursor: string, last: number): Promise<number[]> {
    const got: number[] = []
    let turn = ''
    while (got.at(-1) !== last) {
      this.asked += 1
      const { status, json } = await this.ask(`/messages?cursor=${cursor}&topic=public%2Fa${turn}`)
      expect(status).toBe(200)
      for (const { data } of json.messages) got.push(data)
      cursor = json.cursor
      turn = json.turn === undefined ? '' : `&turn=${json.turn}`
      if (json.retryAfterMs !== undefined) await new Promise((resolve) => setTimeout(resolve, json.retryAfterMs))
    }
    return got
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
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
  readonly agent: Agent
}

for (const cache of caches) {
  describe.skipIf(cache.isMissing)(`behind ${cache.name}`, () => {
    it('many readers ask the server as one, lose nothing and get nothing twice, in silence too', async () => {
      await using behind = await Behind.start(cache, ['--wait-default-seconds', '1'])
      const { cursor } = (await behind.served.get('/topics/public%2Fa')).json
      const readers = Array.from({ length: 60 }, () => behind.read(cursor, 5))
      const begun = performance.now()
      for (let data = 1; data <= 5; data += 1) {
        await expect.poll(() => behind.served.app.hub.statistics().waiting).toBeGreaterThan(0)
        await behind.served.publish('public/a', data)
        // Two polls' time of silence in the middle.
        if (data === 3) await new Promise((resolve) => setTimeout(resolve, 2_500))
      }
      for (const got of await Promise.all(readers)) expect(got).toEqual([1, 2, 3, 4, 5])
      expect(behind.origin).toBeLessThan(behind.asked / 15)
      // No reader spins: news, and a time-out a second.
      expect(behind.asked / 60).toBeLessThan(5 + 2 * ((performance.now() - begun) / 1_000))
    })

    it('readers outlast a server that drains while another takes over: nothing lost, nothing twice, and still as one', async () => {
      await using behind = await Behind.start(cache, ['--drain-pause-ms', '0', '--drain-ms', '100'])
      const { cursor } = (await behind.served.get('/topics/public%2Fa')).json
      const readers = Array.from({ length: 60 }, () => behind.read(cursor, 4))
      const waits = () => behind.served.app.hub.statistics().waiting
      await expect.poll(waits).toBeGreaterThan(0)
      await behind.served.publish('public/a', 1)
      await expect.poll(waits).toBeGreaterThan(0)
      await behind.restart()
      await behind.served.publish('public/a', 2)
      await expect.poll(waits).toBeGreaterThan(0)
      await behind.restart()
      for (const data of [3, 4]) await behind.served.publish('public/a', data)
      for (const got of await Promise.all(readers)) expect(got).toEqual([1, 2, 3, 4])
      expect(behind.origin).toBeLessThan(behind.asked / 6)
      // News, two goodbyes, and what a goodbye that a cache keeps for a second repeats.
      expect(behind.asked / 60).toBeLessThan(12)
    })

    it('what is private stays between a reader and the server', async () => {
      await using behind = await Behind.start(cache, ['--subscribe-key', 'secret', '--publish-key', 'secret'])
      const authorization = 'Bearer secret'
      const path = '/messages?from=earliest&topic=public%2Fa&wait=0'
      await behind.served.post('/publish?topic=public/a', '1', { authorization })
      for (const headers of [{ authorization }, {}, { authorization }]) {
        expect((await behind.ask(path, headers as Record<string, string>)).json.messages).toHaveLength(1)
      }
      expect(behind.origin).toBe(3)
      const refused = await behind.ask('/messages?topic=other&wait=0')
      expect(refused.status).toBe(401)
      expect((await behind.ask('/messages?topic=other&wait=0', { authorization })).status).toBe(200)
    })
  })
}
