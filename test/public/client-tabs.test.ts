// Tabs of one browser share one poll: who leads, what the others hear, and what becomes of it when the leader goes.

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { LiveApp } from '../server/http/live-app.ts'
import { launch } from './browser.ts'
import { soon } from './person.ts'
import { leaderOf, numbers, roles, settle, Tab, waitingAt } from './tab.ts'

const unpacked = inject('browser')
let browser: Browser

describe.skipIf(unpacked.missing !== '')('tabs of one browser', () => {
  beforeAll(async () => {
    browser = await launch(unpacked)
  })
  afterAll(() => browser?.close())

  it('share one poll, eight tabs with twelve subscriptions, and lose and double nothing', async () => {
    await using app = await LiveApp.open()
    const context = await browser.newContext()
    const tabs: Tab[] = []
    for (let n = 0; n < 8; n += 1) {
      tabs.push(await Tab.open(context, app.origin, n < 4 ? ['all', `own-${n}`] : ['all']))
    }
    await soon(() => waitingAt(app)).toBe(1)
    for (const n of numbers(50)) await app.publishNow('all', n)
    for (const n of numbers(4, 0)) for (const data of numbers(10)) await app.publishNow(`own-${n}`, data)
    for (const [index, tab] of tabs.entries()) {
      await soon(() => tab.read('all')).toEqual(numbers(50))
      if (index < 4) await soon(() => tab.read(`own-${index}`)).toEqual(numbers(10))
      expect(await tab.see('verdicts')).toEqual([])
    }
    // How fast this machine is now says a page that has its connections for itself.
    const quiet = await Tab.open(await browser.newContext(), app.origin, ['quiet'])
    const took: number[] = []
    const tookQuiet: number[] = []
    for (const [index, tab] of tabs.entries()) {
      took.push(await tab.publish('all', 51 + index))
      tookQuiet.push(await quiet.publish('quiet', 1))
    }
    await quiet.page.context().close()
    const median = (some: number[]) => some.toSorted((a, b) => a - b)[4] ?? 0
    expect(median(took)).toBeLessThan(100 + 3 * median(tookQuiet))
    for (const tab of tabs) await soon(() => tab.read('all')).toEqual(numbers(58))
    await soon(() => waitingAt(app)).toBe(1)
    await context.close()
  })

  it.each([
    ['is closed', (tab: Tab) => tab.page.close()],
    ['goes elsewhere', (tab: Tab) => tab.page.goto('about:blank')],
    ['is killed', (tab: Tab) => tab.page.goto('chrome://crash').catch(() => {})],
    ['is told to freeze', (tab: Tab) => tab.see(`document.dispatchEvent(new Event('freeze'))`)],
    ['stops without a word', async (tab: Tab) => tab.stop()],
  ])('go on where the leader was, when it %s', async (_, end) => {
    await using app = await LiveApp.open()
    const context = await browser.newContext()
    const tabs: Tab[] = []
    for (let n = 0; n < 4; n += 1) tabs.push(await Tab.open(context, app.origin, ['all', `own-${n}`]))
    await soon(() => waitingAt(app)).toBe(1)
    for (const n of numbers(10)) await app.publishNow('all', n)
    for (const tab of tabs) await soon(() => tab.read('all')).toEqual(numbers(10))
    const leader = await leaderOf(tabs)
    const [gone] = tabs.splice(leader, 1)
    if (gone === undefined) throw new Error('no leader')
    let published = 10
    let isEnding = true
    // What is published while it goes is the hard part.
    const publishing = (async () => {
      while (isEnding) {
        await app.publishNow('all', ++published)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })()
    await end(gone)
    isEnding = false
    await publishing
    await app.publishNow('all', ++published)
    for (const tab of tabs) {
      await soon(() => tab.read('all')).toEqual(numbers(published))
      expect(await tab.see('verdicts')).toEqual([])
    }
    await soon(() => leaderOf(tabs)).toBeGreaterThanOrEqual(0)
    await context.close()
  })

  it.each([
    [
      'was busy',
      async (tab: Tab) => {
        const { end } = tab.stop()
        return () => end
      },
    ],
    ['was paused by a debugger', (tab: Tab) => tab.pause()],
    ['was stopped with its process', (tab: Tab) => tab.stopProcess()],
  ])('do not hear a leader that %s and thaws: it reads on like the others', async (_, freeze) => {
    await using app = await LiveApp.open()
    const context = await browser.newContext()
    const tabs: Tab[] = []
    for (let n = 0; n < 3; n += 1)
      tabs.push(await Tab.open(context, app.origin, ['all', `own-${n}`], `{ presence: 'ann' }`))
    let published = await settle(app, tabs, 0)
    const leader = await leaderOf(tabs)
    const old = tabs[leader] as Tab
    const others = tabs.filter((tab) => tab !== old)
    const thaw = await freeze(old)
    await app.publishNow('all', ++published)
    await soon(() => roles(others)).toEqual(['follower', 'leader'])
    for (const n of numbers(3, 0)) await app.publishNow(`own-${n}`, n)
    await app.publishNow('all', ++published)
    for (const tab of others) await soon(() => tab.read('all')).toContain(published)
    await thaw()
    await app.publishNow('all', ++published)
    for (const tab of tabs) await soon(() => tab.read('all')).toContain(published)
    published = await settle(app, tabs, published)
    for (const [index, tab] of tabs.entries()) {
      const read = await tab.read('all')
      expect(read).toEqual(numbers(read.length, published - read.length + 1))
      expect(await tab.read(`own-${index}`)).toEqual([index])
      expect(await tab.see('verdicts')).toEqual([])
    }
    expect(await leaderOf(tabs)).not.toBe(leader)
    expect(await roles(tabs)).toEqual(['follower', 'follower', 'leader'])
    const { members } = (await old.see(`client.presence('all')`)) as { members: { name: string }[] }
    expect(members.map(({ name }) => name)).toEqual(['ann'])
    await context.close()
  })

  it('read each for itself what cannot be handed on', async () => {
    await using app = await LiveApp.open()
    const context = await browser.newContext()
    const tabs = [await Tab.open(context, app.origin, ['all']), await Tab.open(context, app.origin, ['all'])]
    await soon(() => waitingAt(app)).toBe(1)
    const deep = `${'['.repeat(9_000)}${']'.repeat(9_000)}`
    await app.ask('POST', '/publish?topic=all', { body: JSON.parse(deep) })
    for (const tab of tabs) await soon(() => tab.see('read.all.length')).toBe(1)
    await soon(() => waitingAt(app)).toBe(1)
    await app.publishNow('all', 2)
    for (const tab of tabs)
      await soon(() => tab.see(`read.all.map((data) => typeof data)`)).toEqual(['object', 'number'])
    await soon(() => waitingAt(app)).toBe(1)
    await context.close()
  })

  it('read by themselves from where they missed something, until they have caught up', async () => {
    await using app = await LiveApp.open()
    const context = await browser.newContext()
    await context.addInitScript(`
      const Native = BroadcastChannel
      globalThis.BroadcastChannel = class extends Native {
        set onmessage(hear) {
          super.onmessage = (event) => (globalThis.isDeaf && event.data.batch ? undefined : hear(event))
        }
      }
    `)
    const leader = await Tab.open(context, app.origin, ['all'])
    const follower = await Tab.open(context, app.origin, ['all'])
    await soon(() => follower.see('client.role')).toBe('follower')
    await app.publishNow('all', 1)
    await soon(() => follower.read('all')).toEqual([1])
    // A tab that asks for itself meanwhile does so every second.
    let asked = 0
    follower.page.on('request', () => (asked += 1))
    await soon(async () => {
      asked = 0
      await follower.page.waitForTimeout(1_500)
      return asked
    }).toBe(0)
    await follower.see('globalThis.isDeaf = true')
    await app.publishNow('all', 2)
    await soon(() => leader.read('all')).toEqual([1, 2])
    await follower.see('globalThis.isDeaf = false')
    await app.publishNow('all', 3)
    await soon(() => follower.read('all')).toEqual([1, 2, 3])
    await soon(() => waitingAt(app)).toBe(1)
    await context.close()
  })

  it('with other rights share nothing', async () => {
    await using app = await LiveApp.open()
    const context = await browser.newContext()
    const first = await Tab.open(context, app.origin, ['all'], `{ subscribeKey: 'one' }`)
    const second = await Tab.open(context, app.origin, ['all'], `{ subscribeKey: 'two' }`)
    const third = await Tab.open(context, app.origin, ['all'], `{ subscribeKey: 'two' }`)
    const fourth = await Tab.open(context, app.origin, ['all'], `{ subscribeKey: 'two', credentials: 'include' }`)
    const fifth = await Tab.open(context, app.origin, ['all'], `{ subscribeKey: 'two', presence: 'ann' }`)
    const tabs = [first, second, third, fourth, fifth]
    const roles = () => Promise.all(tabs.map((tab) => tab.see('client.role')))
    await soon(roles).toEqual(['leader', 'leader', 'follower', 'leader', 'leader'])
    await soon(() => waitingAt(app)).toBe(4)
    for (const n of numbers(3)) await app.publishNow('all', n)
    for (const tab of tabs) await soon(() => tab.read('all')).toEqual(numbers(3))
    expect(await roles()).toEqual(['leader', 'leader', 'follower', 'leader', 'leader'])
    await context.close()
  })

  it('poll alone where there are no locks', async () => {
    await using app = await LiveApp.open()
    const context = await browser.newContext()
    await context.addInitScript(`Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })`)
    const tabs = [await Tab.open(context, app.origin, ['all']), await Tab.open(context, app.origin, ['all'])]
    await soon(() => waitingAt(app)).toBe(2)
    await app.publishNow('all', 1)
    for (const tab of tabs) await soon(() => tab.read('all')).toEqual([1])
    await context.close()
  })

  it('wait as long as any of them is in sight', async () => {
    await using app = await LiveApp.open()
    const context = await browser.newContext()
    const tabs = [await Tab.open(context, app.origin, ['all']), await Tab.open(context, app.origin, ['all'])]
    const published = await settle(app, tabs, 0)
    const leader = await leaderOf(tabs)
    const hide = (tab: Tab | undefined, isHidden: boolean) =>
      tab?.see(`(() => {
        Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true })
        document.dispatchEvent(new Event('visibilitychange'))
      })()`)
    await hide(tabs[leader], true)
    await app.publishNow('all', published + 1)
    await soon(() => tabs[1 - leader]?.read('all')).toContain(published + 1)
    await soon(() => waitingAt(app)).toBe(1)
    expect(await tabs[1 - leader]?.see('client.role')).toBe('follower')
    await hide(tabs[1 - leader], true)
    await app.publishNow('all', published + 2)
    await soon(() => waitingAt(app)).toBe(0)
    await hide(tabs[1 - leader], false)
    await soon(() => tabs[1 - leader]?.read('all')).toContain(published + 2)
    await soon(() => waitingAt(app)).toBe(1)
    await context.close()
  })

  it('ask no more for what a tab that follows has left', async () => {
    await using app = await LiveApp.open()
    const context = await browser.newContext()
    const first = await Tab.open(context, app.origin, ['a'])
    const urls: string[] = []
    first.page.on('request', (request) => urls.push(request.url()))
    const second = await Tab.open(context, app.origin, ['a', 'b'])
    await soon(() => urls.at(-1) ?? '').toMatch(/topic=a.*topic=b/)
    await second.see('handles[1].close()')
    await soon(async () => {
      await app.publishNow('a', 1)
      return urls.at(-1) ?? ''
    }).toMatch(/topic=a(?!.*topic=b)/)
    expect(await roles([first, second])).toEqual(['follower', 'leader'])
    await context.close()
  })

  it('forget what a tab wanted that is gone', async () => {
    await using app = await LiveApp.open()
    const context = await browser.newContext()
    const first = await Tab.open(context, app.origin, ['a'])
    const urls: string[] = []
    first.page.on('request', (request) => urls.push(request.url()))
    const second = await Tab.open(context, app.origin, ['b'])
    await soon(() => urls.at(-1) ?? '').toMatch(/topic=a.*topic=b/)
    await second.page.goto('chrome://crash').catch(() => {})
    await app.publishNow('a', 1)
    await soon(() => first.read('a')).toEqual([1])
    await soon(async () => {
      await app.publishNow('a', 1)
      return urls.at(-1) ?? ''
    }).toMatch(/topic=a(?!.*topic=b)/)
    await context.close()
  })
})
