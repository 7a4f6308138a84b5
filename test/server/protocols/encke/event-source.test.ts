// The unmodified EventSource of the package `eventsource`, through what happens to a connection.

import { EventSource } from 'eventsource'
import { describe, expect, it } from 'vitest'
import { CuttingProxy } from '../../../public/cutting-proxy.ts'
import { LiveApp, until } from '../../http/live-app.ts'

class Source implements Disposable {
  readonly data: unknown[] = []
  readonly verdicts: unknown[] = []
  opened = 0
  readonly #source: EventSource

  constructor(url: string) {
    this.#source = new EventSource(url)
    this.#source.onopen = () => {
      this.opened += 1
    }
    this.#source.onmessage = ({ data }) => this.data.push(JSON.parse(data).data)
    this.#source.addEventListener('verdict', ({ data }) => this.verdicts.push(JSON.parse(data)))
  }

  get isClosed(): boolean {
    return this.#source.readyState === EventSource.CLOSED
  }

  async has(count: number): Promise<void> {
    await until(`${count} messages have come`, () => this.data.length >= count)
  }

  [Symbol.dispose](): void {
    this.#source.close()
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

describe('an unmodified EventSource', () => {
  it('gets every message once and in order through cuts anywhere, in the middle of events too', async () => {
    await using live = await LiveApp.open()
    let life = 300
    await using proxy = await CuttingProxy.before(live.port, () => {
      life += 217
      return proxy.cuts < 6 ? life : Number.POSITIVE_INFINITY
    })
    using source = new Source(`${proxy.origin}/events?topic=a&topic=b`)
    await live.untilWaiting(1)
    for (const n of numbers(60)) await live.publish(n % 3 === 0 ? 'b' : 'a', n)
    await source.has(60)
    expect(proxy.cuts).toBe(6)
    expect([...source.data].sort((one, other) => Number(one) - Number(other))).toEqual(numbers(60))
    expect(source.verdicts).toEqual([])
  })

  it('comes back to the server that takes the place of one that drains', async () => {
    await using first = await LiveApp.open(['--drain-pause-ms', '0', '--drain-ms', '100'])
    const { broker } = first.app
    await using second = await LiveApp.open([], { broker })
    let port = first.port
    await using proxy = await CuttingProxy.before(
      first.port,
      () => Number.POSITIVE_INFINITY,
      () => port,
    )
    using source = new Source(`${proxy.origin}/events?topic=a`)
    await first.untilWaiting(1)
    await first.publish('a', 0)
    await source.has(1)
    port = second.port
    await first.app.drain()
    await second.publish('a', 1)
    await second.untilWaiting(1)
    await second.publish('a', 2)
    await source.has(3)
    expect(source.data).toEqual([0, 1, 2])
    expect(source.verdicts).toEqual([])
    expect(source.opened).toBe(2)
  })

  it('is told a reset by a server that has forgotten, and reads on', async () => {
    await using first = await LiveApp.open()
    await using second = await LiveApp.open()
    let port = first.port
    await using proxy = await CuttingProxy.before(
      first.port,
      () => Number.POSITIVE_INFINITY,
      () => port,
    )
    using source = new Source(`${proxy.origin}/events?topic=a`)
    await first.untilWaiting(1)
    await first.publish('a', 'old')
    await source.has(1)
    await second.publish('a', 'new')
    port = second.port
    proxy.cutAll()
    await source.has(2)
    expect(source.data).toEqual(['old', 'new'])
    expect(source.verdicts).toEqual([{ topic: 'a', verdict: 'reset', missed: null }])
  })

  it('does not come back when it may not read', async () => {
    await using live = await LiveApp.open(['--subscribe-key', 'secret'])
    using source = new Source(`${live.origin}/events?topic=a`)
    await until('it has given up', () => source.isClosed)
  })
})
