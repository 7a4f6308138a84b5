// The browser's own EventSource, through what happens to a connection: cuts, a server that drains, and slowness.

import { describe, expect, inject, it } from 'vitest'
import { LiveApp, until } from '../server/http/live-app.ts'
import { launch } from './browser.ts'
import { CuttingProxy } from './cutting-proxy.ts'

const unpacked = inject('browser')

describe.skipIf(unpacked.missing !== '')("the browser's EventSource", () => {
  it('gets every message once and in order, through cuts and from one server to the next', async () => {
    await using first = await LiveApp.open(['--drain-pause-ms', '0', '--drain-ms', '100'])
    await using second = await LiveApp.open([], { broker: first.app.broker })
    let port = first.port
    const forEver = () => Number.POSITIVE_INFINITY
    await using proxy = await CuttingProxy.before(first.port, forEver, () => port)
    await using browser = await launch(unpacked)
    const page = await browser.newPage()
    await page.goto(`${proxy.origin}/about.html`)
    await page.evaluate(`
      window.got = []
      window.opened = 0
      window.source = new EventSource('/events?topic=a&topic=b')
      source.onopen = () => { opened += 1 }
      source.onmessage = ({ data }) => got.push(JSON.parse(data).data)
      source.addEventListener('verdict', ({ data }) => got.push(data))
    `)
    const got = () => page.evaluate('got') as Promise<number[]>
    await first.untilWaiting(1)
    for (let n = 0; n < 5; n += 1) await first.publish(n % 2 === 0 ? 'a' : 'b', n)
    proxy.cutAll()
    for (let n = 5; n < 10; n += 1) await first.publish(n % 2 === 0 ? 'a' : 'b', n)
    await until('ten have come', async () => (await got()).length >= 10)
    await first.untilWaiting(1)
    port = second.port
    await first.app.drain()
    for (let n = 10; n < 20; n += 1) await second.publish('a', n)
    await until('all have come', async () => (await got()).length >= 20)
    expect((await got()).toSorted((one, other) => one - other)).toEqual(Array.from({ length: 20 }, (_, n) => n))
    expect(await page.evaluate('opened')).toBeGreaterThanOrEqual(3)
    expect(await page.evaluate('source.readyState')).toBe(1)
  })

  it('that is held up is told how many messages it has missed', async () => {
    await using live = await LiveApp.open(['--history-messages', '5'])
    await using browser = await launch(unpacked)
    const page = await browser.newPage()
    await page.goto(`${live.origin}/about.html`)
    await page.evaluate(`
      window.offsets = []
      window.missed = 0
      window.source = new EventSource('/events?topic=big')
      source.onmessage = ({ data }) => offsets.push(JSON.parse(data).offset)
      source.addEventListener('verdict', ({ data }) => { missed += JSON.parse(data).missed })
    `)
    await live.untilWaiting(1)
    // The page has no time to read while it computes; what is published meanwhile waits at the server.
    const busy = page.evaluate('{ const end = Date.now() + 3000; while (Date.now() < end); }')
    const text = 'x'.repeat(60_000)
    for (let n = 0; n < 400; n += 1) await live.publishNow('big', text)
    await busy
    const state = () => page.evaluate('({ last: offsets.at(-1), count: offsets.length, missed })') as Promise<State>
    await until('it has the last one', async () => (await state()).last === 400)
    const { count, missed } = await state()
    expect(count + missed).toBe(400)
  })
})

interface State {
  readonly last: number
  readonly count: number
  readonly missed: number
}
