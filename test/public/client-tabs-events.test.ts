// Tabs that ask for event streams: one stream for all of them, through a restart of the server.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { LiveApp } from '../server/http/live-app.ts'
import { launch } from './browser.ts'
import { CuttingProxy } from './cutting-proxy.ts'
import { soon } from './person.ts'
import { numbers, Tab, waitingAt } from './tab.ts'

const unpacked = inject('browser')
let browser: Browser

describe.skipIf(unpacked.missing !== '')('tabs that ask for event streams', () => {
  beforeAll(async () => {
    browser = await launch(unpacked)
  })
  afterAll(() => browser?.close())

  it('hold one stream, and lose nothing and double nothing when the server restarts', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'encke-tabs-events-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const open = () => LiveApp.open(['--broker', `sqlite:${join(folder, 'encke.db')}`])
    const whole = () => Number.POSITIVE_INFINITY
    const first = await open()
    let app = first
    await using proxy = await CuttingProxy.before(first.port, whole, () => app.port)
    const context = await browser.newContext()
    onTestFinished(() => context.close())
    const streams = new Set<unknown>()
    let begun = 0
    context.on('request', (request) => {
      if (!request.url().includes('/events?')) return
      streams.add(request)
      begun += 1
    })
    context.on('requestfinished', (request) => streams.delete(request))
    context.on('requestfailed', (request) => streams.delete(request))
    const tabs: Tab[] = []
    for (let n = 0; n < 2; n += 1)
      tabs.push(await Tab.open(context, proxy.origin, ['all', `own-${n}`], '{ events: true }'))
    const untilOneStream = async () => {
      await soon(() => waitingAt(app)).toBe(1)
      await soon(() => streams.size).toBe(1)
    }
    const roles = async () => (await Promise.all(tabs.map((tab) => tab.see<string>('client.role')))).toSorted()
    await soon(roles).toEqual(['follower', 'leader'])
    await untilOneStream()

    for (const n of numbers(20)) await app.publishNow('all', n)
    for (const tab of tabs) await soon(() => tab.read('all')).toEqual(numbers(20))
    const begunBefore = begun
    for (const n of numbers(20, 21)) await app.publishNow('all', n)
    await first[Symbol.asyncDispose]()
    await using second = await open()
    app = second
    proxy.cutAll()
    for (const n of numbers(20, 41)) await app.publishNow('all', n)
    for (const n of numbers(2, 0)) await app.publishNow(`own-${n}`, n)

    for (const [index, tab] of tabs.entries()) {
      await soon(() => tab.read('all')).toEqual(numbers(60))
      await soon(() => tab.read(`own-${index}`)).toEqual([index])
      expect(await tab.see('verdicts')).toEqual([])
    }
    await untilOneStream()
    expect(begun).toBeGreaterThan(begunBefore)
    await app.publishNow('all', 61)
    for (const tab of tabs) await soon(() => tab.read('all')).toEqual(numbers(61))
  })
})
