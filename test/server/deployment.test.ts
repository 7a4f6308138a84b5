// docs/deployment.md, as it stands there: Redis, two nodes and a proxy, and both nodes replaced under a crowd and under pages.

import { request } from 'undici'
import { describe, expect, inject, it } from 'vitest'
import { doctor } from '../../server/cli/doctor.ts'
import { Publisher, ReaderOfMany } from '../chaos/crowd.ts'
import { judge, keyOf } from '../chaos/ledger.ts'
import { launch } from '../public/browser.ts'
import { Person, soon } from '../public/person.ts'
import { until } from './brokers/redis-harness.ts'
import { freePort, RedisServer, redisIsMissing } from './brokers/redis-server.ts'
import { runCommand } from './cli/run.ts'
import { caddy, haproxy, nginx, type ProxyKind, ProxyProcess } from './proxies.ts'
import { ServerProcess, type Serving } from './server-process.ts'

const unpacked = inject('browser')
/** Eight take a busy machine with two cores minutes: `ENCKE_TEST_PAGES=8 npm test -- test/server/deployment.test.ts`. */
const pages = Number(process.env.ENCKE_TEST_PAGES ?? 2)

const kinds = [nginx, haproxy, caddy].map((kind) => {
  const missing = redisIsMissing ?? kind.missing
  return { kind, missing, title: `${kind.name}${missing ? ` (skipped: ${missing})` : ''}` }
})

describe.each(kinds)('two nodes on one Redis behind $title', ({ kind, missing }) => {
  it.skipIf(missing !== undefined)(
    'serve one crowd, and are replaced one after the other without a reader missing anything',
    async () => {
      await using site = await Site.start(kind)
      const { origin } = site
      const topics = ['a', 'b', 'c']
      const readers: ReaderOfMany[] = []
      try {
        // A page under the name of the site, whatever port the proxy listens on.
        const host = new URL(origin).host.replace('127.0.0.1', 'push.example.com')
        const headers = { host, origin: `http://${host}`, 'content-type': 'application/json' }
        const said = await request(`${origin}/publish?topic=hello`, { method: 'POST', headers, body: '"hello"' })
        expect([said.statusCode, await said.body.text()]).toEqual([201, expect.anything()])
        expect(await runCommand(doctor, [origin, '--wait-seconds', '2'])).toMatchObject({ code: 0 })
        for (let index = 0; index < 8; index += 1) readers.push(new ReaderOfMany(`page ${index}`, origin, topics))
        const publisher = new Publisher('p', origin, topics, 10)
        publisher.start()
        for (const index of [0, 1]) {
          await until(() => publisher.acknowledged.length > 30 * (index + 1))
          await site.stop(index)
          await site.begin(index)
        }
        await publisher.stop()
        const { acknowledged } = publisher
        await until(
          () => readers.every((reader) => acknowledged.every((each) => reader.has(each.topic, 'p', each.number))),
          60_000,
        )
        const kept = new Map(
          topics.map((topic) => [topic, new Set(acknowledged.filter((each) => each.topic === topic).map(keyOf))]),
        )
        expect(judge({ acknowledged, readers, kept })).toMatchObject({ failures: [], lostByRedis: [] })
        expect(readers.flatMap(({ verdicts }) => verdicts)).toEqual([])
        // Some publishes may be on their way to each node that goes, more of them on a slow machine; what comes after them
        // goes to the other. A proxy that shuns the wrong node refuses some fifty.
        const refused = publisher.troubles.filter(({ what }) => what !== '429')
        expect(refused.length, JSON.stringify(refused)).toBeLessThan(10)
      } finally {
        for (const reader of readers) reader.close()
      }
    },
  )

  // One proxy is enough for the pages: they take minutes.
  it.skipIf(missing !== undefined || unpacked.missing !== '' || kind !== nginx)(
    `carry ${pages} pages that chat while they are replaced: nothing lost, nothing twice, no word of it`,
    async () => {
      await using site = await Site.start(kind)
      const { origin } = site
      const browser = await launch(unpacked)
      try {
        const people: Person[] = []
        for (let index = 0; index < pages; index += 1)
          people.push(await Person.enter(browser, origin, { name: `Person ${index}` }))
        const chat = new Chat(people)
        for (const index of [0, 1]) {
          await chat.untilEverybodySays(2)
          await site.stop(index)
          await chat.untilEverybodySays(2)
          await site.begin(index)
        }
        await chat.untilEverybodySays(2)
        const said = await chat.end()
        for (const person of people) {
          await soon(async () => (await person.texts()).toSorted()).toEqual(said.toSorted())
          expect(await person.lines()).toEqual(
            expect.not.arrayContaining([expect.stringMatching(/miss|again|lost|start/i)]),
          )
          expect(person.complaints).toEqual([])
        }
      } finally {
        await browser.close()
      }
    },
    240_000,
  )
})

/** Each says one thing after the other, when all have said as many: a page shows the newest 200, and all are to be compared. */
class Chat {
  readonly #said: string[][] = []
  readonly #talking: Promise<unknown>
  #isOver = false

  constructor(people: readonly Person[]) {
    this.#said = people.map(() => [])
    this.#talking = Promise.all(people.map((person, index) => this.#talk(person, index)))
    this.#talking.catch(() => {})
  }

  async untilEverybodySays(more: number): Promise<void> {
    const before = this.#said.map(({ length }) => length)
    const isSaid = () => this.#said.every(({ length }, index) => length >= (before[index] as number) + more)
    const talking = this.#talking.then(() => {})
    await Promise.race([until(isSaid, 60_000), talking])
  }

  /** Gives what was said. */
  async end(): Promise<string[]> {
    this.#isOver = true
    await this.#talking
    return this.#said.flat()
  }

  async #talk(person: Person, index: number): Promise<void> {
    const said = this.#said[index] as string[]
    for (;;) {
      await until(() => this.#isOver || this.#said.every(({ length }) => length >= said.length), 120_000)
      if (this.#isOver) return
      await person.say(`${index}, ${said.length + 1}`)
      await person.untilConfirmed(said.length + 1)
      said.push(`${index}, ${said.length + 1}`)
    }
  }
}

/** A Redis, two nodes on it, and a proxy before them. */
class Site implements AsyncDisposable {
  readonly #brokerUrl: string
  readonly #ports: readonly number[]
  readonly #nodes: Serving[] = []
  #proxy: ProxyProcess | undefined
  #owned = new AsyncDisposableStack()

  private constructor(brokerUrl: string, ports: readonly number[]) {
    this.#brokerUrl = brokerUrl
    this.#ports = ports
  }

  static async start(kind: ProxyKind): Promise<Site> {
    await using owned = new AsyncDisposableStack()
    const redis = owned.use(await RedisServer.start())
    const ports = [await freePort(), await freePort()]
    const site = new Site(redis.url, ports)
    owned.defer(() => site.#endNodes())
    for (const index of ports.keys()) await site.begin(index)
    site.#proxy = owned.use(await ProxyProcess.start(kind, await freePort(), ports))
    site.#owned = owned.move()
    return site
  }

  get origin(): string {
    return (this.#proxy as ProxyProcess).origin
  }

  /** Start a node, the first time or again, at its port. */
  async begin(index: number): Promise<void> {
    const flags = ['--broker', this.#brokerUrl, '--port', `${this.#ports[index]}`, '--trust-proxy', '127.0.0.1']
    const times = ['--drain-ms', '1000', '--drain-pause-ms', '100']
    this.#nodes[index] = await ServerProcess.serving([...flags, '--public-hosts', 'push.example.com', ...times])
  }

  /** Tell a node to go, and wait until it has. */
  async stop(index: number): Promise<void> {
    this.#nodes[index]?.kill('SIGTERM')
    await this.#nodes[index]?.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync()
  }

  async #endNodes(): Promise<void> {
    for (const node of this.#nodes) await node[Symbol.asyncDispose]()
  }
}
