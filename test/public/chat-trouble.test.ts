// The chat in a real browser where something is in its way: keys, reloads, long names, two servers that take turns.

import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { LiveApp } from '../server/http/live-app.ts'
import { axeComplaints } from './axe.ts'
import { launch } from './browser.ts'
import { Person, soon } from './person.ts'

const unpacked = inject('browser')
const phone = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true }
const desktop = { viewport: { width: 1120, height: 760 } }
let browser: Browser

describe.skipIf(unpacked.missing !== '')('the chat', () => {
  beforeAll(async () => {
    browser = await launch(unpacked)
  })

  afterAll(() => browser.close())

  it('asks for the keys that the server wants, says which is wrong, and goes on', async () => {
    await using app = await LiveApp.open(['--subscribe-key', 'for reading', '--publish-key', 'for writing'])
    await using ada = await Person.open(browser, app.origin, { ...phone, bypassCSP: true })
    await ada.untilConnection('Stopped')
    await ada.page.getByText('This server wants a subscribe key from those who read.').waitFor()
    expect(await axeComplaints(ada.page)).toEqual([])
    await ada.give('Subscribe key', 'wrong')
    await ada.page.getByText('The subscribe key is wrong.').waitFor()
    await ada.give('Subscribe key', 'for reading')
    await ada.untilConnection('Live')
    expect(await ada.page.locator('#key-form').isHidden()).toBe(true)
    await ada.join('Ada')
    await ada.say('hello')
    await ada.page.getByText('Not sent: it takes a publish key.').waitFor()
    await ada.give('Publish key', 'wrong')
    await ada.page.getByText('The publish key is wrong.').waitFor()
    await ada.give('Publish key', 'for writing')
    await ada.untilConfirmed(1)
    await ada.page.reload()
    await ada.untilTexts(['hello'])
    await ada.say('again')
    await ada.untilConfirmed(2)
    expect(ada.complaints).toEqual([])
  })

  it('keeps a draft over a reload, and sends what was under way, once', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await using grace = await Person.enter(browser, app.origin)
    // One message reaches the server and its answer is lost, one does not reach it.
    let isHeld = true
    await ada.page.route(/publish|messages/, async (route) => {
      if (!isHeld) return route.continue()
      if (route.request().postData()?.includes('arrived')) await route.fetch()
      await new Promise(() => {})
    })
    await ada.say('arrived')
    await ada.say('under way')
    await grace.untilTexts(['arrived'])
    await ada.field.fill('a draft')
    isHeld = false
    await ada.page.reload()
    await ada.untilConfirmed(2)
    await grace.untilTexts(['arrived', 'under way'])
    await ada.untilTexts(['arrived', 'under way'])
    expect(await ada.field.inputValue()).toBe('a draft')
    expect(await textsOf(app)).toEqual(['arrived', 'under way'])
    await ada.say('the draft')
    await ada.untilConfirmed(3)
    await ada.page.reload()
    await ada.untilTexts(['arrived', 'under way', 'the draft'])
    expect(await ada.field.inputValue()).toBe('')
  })

  it('keeps over a reload what failed, to be sent again or not', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await ada.page.route('**/publish?*', (route) => route.abort())
    for (const text of ['one', 'two']) await ada.say(text)
    await soon(() => ada.page.getByText('this may not have been sent').count()).toBe(2)
    await ada.page.unrouteAll()
    await ada.page.reload()
    await ada.untilTexts(['one', 'two'])
    await ada.page.getByRole('button', { name: 'Discard' }).first().click()
    await ada.page.getByRole('button', { name: 'Send again' }).click()
    await ada.untilConfirmed(1)
    await ada.untilTexts(['two'])
    await ada.page.reload()
    await ada.untilTexts(['two'])
    expect(await textsOf(app)).toEqual(['two'])
  })

  it('sends again under the same key what had arrived, though nobody has said so', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    // What it publishes arrives, and no answer comes back, nor any news.
    await ada.page.route('**/messages?*', (route) => route.abort())
    await ada.page.route('**/publish?*', async (route) => {
      await route.fetch()
      await route.abort()
    })
    await app.publish('chat/lobby', 'the answer to the poll that waits')
    await ada.untilConnection('Reconnecting…')
    await ada.say('arrived')
    await ada.page.getByText('this may not have been sent').waitFor()
    await ada.page.unroute('**/publish?*')
    const sent = ada.page.waitForResponse((reply) => reply.url().includes('publish?topic=chat'))
    await ada.page.getByRole('button', { name: 'Send again' }).click()
    expect((await sent).status()).toBeLessThan(300)
    await ada.page.unrouteAll()
    await ada.untilConfirmed(1)
    expect(await textsOf(app)).toEqual([undefined, 'arrived'])
  })

  it('says nothing of the network when it is reloaded or left', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await ada.untilConnection('Live')
    await ada.page.evaluate(`new MutationObserver(() => {
      const words = document.getElementById('connection').textContent
      sessionStorage.setItem('seen', (sessionStorage.getItem('seen') ?? '') + words)
    }).observe(document.getElementById('connection'), { childList: true })`)
    await ada.page.reload()
    await ada.untilConnection('Live')
    expect(await ada.page.evaluate("sessionStorage.getItem('seen')")).toBe(null)
  })

  it('says once that a server began anew, and what is wrong when two of them take turns', async () => {
    await using one = await LiveApp.open()
    await using other = await LiveApp.open()
    for (let n = 0; n < 5; n += 1) await one.publishNow('chat/lobby', `one ${n}`)
    for (let n = 0; n < 5; n += 1) await other.publishNow('chat/lobby', `other ${n}`)
    let polls = 0
    await using proxy = createServer((asking, reply) => {
      if (asking.url !== undefined && /^.messages.*[?&]topic=chat%2Flobby/.test(asking.url)) polls += 1
      const { port } = polls % 2 === 0 ? one : other
      const { method, url, headers } = asking
      const passed = request({ host: '127.0.0.1', port, method, path: url, headers, agent: false }, (answer) => {
        reply.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(reply)
      })
      passed.on('error', () => reply.destroy())
      reply.on('close', () => passed.destroy())
      asking.pipe(passed)
    })
    await once(proxy.listen(0, '127.0.0.1'), 'listening')
    const origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    await using ada = await Person.open(browser, origin)
    await ada.page.getByText('two servers seem to answer in turn').waitFor()
    await soon(async () => (await ada.texts()).length).toBe(10)
    const notes = (await ada.lines()).filter((line) => line.includes('The server started anew'))
    expect(notes).toHaveLength(1)
    expect(polls).toBeLessThan(20)
    expect(ada.complaints).toEqual([])
    await ada.page.context().close()
    proxy.closeAllConnections()
  })

  it.each([
    ['a phone', phone],
    ['a desk', desktop],
  ])('keeps its buttons in view on %s, however long the names, words and links are', async (_, window) => {
    await using app = await LiveApp.open()
    const name = 'W'.repeat(32)
    const long = ['x'.repeat(60), 'W'.repeat(60), '語'.repeat(20)]
    for (const room of long) {
      const text = `${'W'.repeat(300)} https://example.com/${'w'.repeat(300)}`
      await app.publish(`chat/${room.toLowerCase()}`.replace(/語/g, '~E8~AA~9E'), { name, text })
    }
    await using ada = await Person.enter(browser, app.origin, { name, room: 'lobby', ...window })
    for (const [index, room] of long.entries()) {
      await ada.page.goto(`${app.origin}/#room=${room}`)
      // The page hears of a new address after it is there: of two at once it would see the second alone.
      await soon(() => ada.page.locator('.rooms li').count()).toBe(index + 2)
    }
    await soon(() => ada.page.locator('.said').count()).toBe(1)
    await ada.field.fill('W'.repeat(2_000))
    expect(await ada.outOfView('main')).toEqual([])
    const open = ada.page.getByRole('button', { name: 'Rooms and about' })
    if (await open.isVisible()) await open.click()
    expect(await ada.outOfView('#drawer')).toEqual([])
    await ada.page.locator('.rooms li').last().hover()
    await ada.page.getByRole('button', { name: /^Leave x/ }).click()
    await soon(() => ada.page.locator('.rooms li').count()).toBe(3)
  })

  it('and the page about it are as accessible as axe can tell, at any width', async () => {
    await using app = await LiveApp.open()
    for (const window of [phone, desktop]) {
      await using ada = await Person.enter(browser, app.origin, { name: 'Ada', bypassCSP: true, ...window })
      expect(await axeComplaints(ada.page)).toEqual([])
      await ada.page.goto(`${app.origin}/about.html`)
      expect(await axeComplaints(ada.page)).toEqual([])
    }
  })
})

/** What was said in the lobby. Not what was published: that somebody writes is published too, when the browser comes to it. */
async function textsOf(app: LiveApp): Promise<unknown[]> {
  const { messages } = (await app.poll('chat/lobby', { from: 'earliest', wait: 0 })).body
  return messages.map(({ data }) => (data as { text?: string }).text)
}
