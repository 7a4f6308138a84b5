// client.js in a real browser: how many connections it holds, what it asks another origin, and a page that comes back.

import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, inject, it } from 'vitest'
import { LiveApp } from '../server/http/live-app.ts'
import { launch } from './browser.ts'
import { Person, soon } from './person.ts'

const unpacked = inject('browser')

describe.skipIf(unpacked.missing !== '')('client.js in a browser', () => {
  it('publishes at once, however many subscriptions wait', async () => {
    await using app = await LiveApp.open()
    await using browser = await launch(unpacked)
    const page = await browser.newPage()
    await page.goto(`${app.origin}/about.html`)
    const told = await page.evaluate(`(async () => {
      const { createClient } = await import('/client.js')
      const client = createClient()
      const read = []
      const live = Array.from({ length: 8 }, (_, n) => new Promise((resolve) => {
        const onState = ({ name }) => name === 'live' && resolve()
        client.subscribe('topic-' + n, (messages) => read.push(messages[0].data), { onState })
      }))
      await Promise.all(live)
      const begun = performance.now()
      for (let n = 0; n < 8; n += 1) await client.publish('topic-' + n, n)
      while (read.length < 8) await new Promise((resolve) => setTimeout(resolve, 10))
      return { read, tookMs: performance.now() - begun }
    })()`)
    expect(told).toMatchObject({ read: [0, 1, 2, 3, 4, 5, 6, 7] })
    expect((told as { tookMs: number }).tookMs).toBeLessThan(15_000)
    await app.untilWaiting(1)
  })

  it.each([
    ['with a key costs one preflight', `{ origin, subscribeKey: 'key' }`, 1],
    ['with a cookie costs none', `{ origin, credentials: 'include' }`, 0],
  ])('on another origin %s, however many polls', async (_, options, preflights) => {
    await using foreign = createServer((_asking, reply) => {
      reply.setHeader('content-type', 'text/html').end('<!doctype html><title>elsewhere</title>')
    })
    await once(foreign.listen(0, '127.0.0.1'), 'listening')
    const elsewhere = `http://127.0.0.1:${(foreign.address() as AddressInfo).port}`
    await using app = await LiveApp.open(['--origins', elsewhere, '--subscribe-key', 'key'])
    const asked: (string | undefined)[] = []
    app.app.http.server.on('request', ({ method }: IncomingMessage) => asked.push(method))
    await using browser = await launch(unpacked)
    const context = await browser.newContext()
    await context.addCookies([{ name: 'encke_subscribe_key', value: 'key', url: app.origin }])
    const page = await context.newPage()
    await page.goto(elsewhere)
    await page.evaluate(`(async () => {
      const origin = '${app.origin}'
      const { createClient } = await import(origin + '/client.js')
      createClient(${options}).subscribe('a', (messages) => { document.title = messages.at(-1).data })
    })()`)
    for (let n = 0; n < 5; n += 1) {
      await app.untilWaiting(1)
      await app.publishNow('a', `message ${n}`)
      await soon(() => page.title()).toBe(`message ${n}`)
    }
    expect(asked.filter((method) => method === 'OPTIONS')).toHaveLength(preflights)
    await context.close()
    foreign.closeAllConnections()
  })

  it('says on a page of another origin, which is not allowed, what may be wrong', async () => {
    await using app = await LiveApp.open(['--origins', 'http://nowhere.example'])
    await using foreign = createServer((asking, reply) => {
      if (asking.url === '/') return reply.setHeader('content-type', 'text/html').end('<!doctype html>')
      fetch(app.origin + asking.url).then(async (answer) =>
        reply.setHeader('content-type', 'text/javascript').end(await answer.text()),
      )
      return reply
    })
    await once(foreign.listen(0, '127.0.0.1'), 'listening')
    const elsewhere = `http://127.0.0.1:${(foreign.address() as AddressInfo).port}`
    await using browser = await launch(unpacked)
    const page = await browser.newPage()
    await page.goto(elsewhere)
    const told = await page.evaluate(`(async () => {
      const { createClient } = await import('/client.js')
      return new Promise((resolve) => {
        const onState = ({ error }) => error && resolve(error.message)
        createClient({ origin: '${app.origin}' }).subscribe('a', () => {}, { onState })
      })
    })()`)
    expect(told).toBe(
      `no answer that this page may read: is ${app.origin} up, and does its --origins have ${elsewhere}?`,
    )
    await browser.close()
    foreign.closeAllConnections()
  })

  it('goes on when a page comes back out of the cache for the way back', async () => {
    await using app = await LiveApp.open()
    await using browser = await launch(unpacked)
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    // This Chromium has no such cache: the page is told what it would be told.
    const turn = (to: string) =>
      ada.page.evaluate(`dispatchEvent(new PageTransitionEvent('${to}', { persisted: true }))`)
    await app.untilWaiting(1)
    await turn('pagehide')
    await app.untilWaiting(0)
    await app.publishNow('chat/lobby', 'meanwhile')
    await turn('pageshow')
    await ada.untilTexts(['meanwhile'])
    await ada.untilConnection('Live')
    await ada.say('back')
    await ada.untilConfirmed(1)
  })
})
