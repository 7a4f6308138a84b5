// The chat in a real browser, against a real server.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { LiveApp } from '../server/http/live-app.ts'
import { ServerProcess } from '../server/server-process.ts'
import { axeComplaints } from './axe.ts'
import { launch } from './browser.ts'
import { Person, soon } from './person.ts'

const unpacked = inject('browser')
let browser: Browser

describe.skipIf(unpacked.missing !== '')('the chat', () => {
  beforeAll(async () => {
    browser = await launch(unpacked)
  })

  afterAll(() => browser.close())

  it('lets two people talk, who see the same in the same order', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await using grace = await Person.enter(browser, app.origin, { name: 'Grace' })
    await ada.say('Hello')
    await grace.untilTexts(['Hello'])
    await grace.say('Hello, Ada')
    await ada.untilTexts(['Hello', 'Hello, Ada'])
    for (let n = 0; n < 5; n += 1) await Promise.all([ada.say(`a${n}`), grace.say(`g${n}`)])
    await soon(() => ada.page.locator('.said[data-status=confirmed]').count()).toBe(12)
    await soon(() => grace.page.locator('.said[data-status=confirmed]').count()).toBe(12)
    expect(await ada.texts()).toEqual(await grace.texts())
    expect(new Set(await ada.texts()).size).toBe(12)
    const author = await grace.page.locator('.said').first().locator('.author').innerText()
    expect(author).toBe('Ada')
    expect([...ada.complaints, ...grace.complaints]).toEqual([])
  })

  it("shows one's own message at once, and that it has arrived when it comes back", async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    const held = Promise.withResolvers<void>()
    await ada.page.route('**/publish?*', async (route) => {
      await held.promise
      await route.continue()
    })
    await ada.say('Hello')
    await ada.untilTexts(['Hello'])
    expect(await ada.page.locator('.said').getAttribute('data-status')).toBe('sending')
    expect(await ada.page.locator('.stamp').innerText()).toBe('sending…')
    held.resolve()
    await soon(() => ada.page.locator('.said').getAttribute('data-status')).toBe('confirmed')
    await ada.untilTexts(['Hello'])
    await ada.page.reload()
    await ada.untilTexts(['Hello'])
    expect(await ada.page.locator('.said.is-own').count()).toBe(1)
  })

  it('says that the network is gone, catches up when it is back, and repeats nothing', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await using grace = await Person.enter(browser, app.origin, { name: 'Grace' })
    await ada.say('one')
    await grace.untilTexts(['one'])
    await grace.setOffline(true)
    await grace.untilConnection('Reconnecting…')
    await grace.page.getByText('The server cannot be reached.').waitFor()
    for (const text of ['two', 'three', 'four']) await ada.say(text)
    await ada.untilTexts(['one', 'two', 'three', 'four'])
    for (const text of ['can you', 'hear me?']) await grace.say(text)
    await soon(() => grace.page.getByText('this may not have been sent').count()).toBe(2)
    expect(await grace.texts()).toEqual(['one', 'can you', 'hear me?'])
    await grace.setOffline(false)
    await grace.untilConnection('Live')
    await grace.untilTexts(['one', 'two', 'three', 'four', 'can you', 'hear me?'])
    expect(await grace.page.locator('#trouble-bar').isHidden()).toBe(true)
    // What was said meanwhile goes out by itself.
    await ada.untilTexts(['one', 'two', 'three', 'four', 'can you', 'hear me?'])
    await soon(() => grace.page.locator('.said[data-status=confirmed]').count()).toBe(6)
    const { messages } = (await app.poll('chat/lobby', { from: 'earliest', wait: 0 })).body
    expect(messages.length).toBe(6)
    expect((await grace.lines()).filter((line) => line !== 'Today' && line !== 'New')).toEqual([])
  })

  it('does not show twice what was sent again although it had arrived', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await using grace = await Person.enter(browser, app.origin)
    const data = { name: 'Linus', text: 'sent twice', nonce: 'n1' }
    await app.publish('chat/lobby', data)
    await app.publish('chat/lobby', data)
    await app.publish('chat/lobby', 'last')
    await ada.untilTexts(['sent twice', 'last'])
    await grace.untilTexts(['sent twice', 'last'])
  })

  it('shows the history to whoever enters late, and what is new to whoever comes back', async () => {
    await using app = await LiveApp.open()
    const texts = Array.from({ length: 120 }, (_, n) => `message ${n}`)
    for (const text of texts) await app.publishNow('chat/lobby', { name: 'Ada', text })
    await using late = await Person.enter(browser, app.origin, { name: 'Late' })
    await late.untilTexts(texts)
    expect(await late.lines()).toEqual(['Today'])
    expect(await late.page.locator('.said.is-first').count()).toBe(1)
    await late.page.goto('about:blank')
    await app.publishNow('chat/lobby', { name: 'Ada', text: 'meanwhile' })
    await late.page.goto(`${app.origin}/#room=lobby`)
    await late.untilTexts([...texts, 'meanwhile'])
    await soon(() => late.lines()).toEqual(['Today', 'New'])
  })

  it('says that the server is gone, that it is back, and that it began anew', async () => {
    const server = await ServerProcess.serving()
    await using ada = await Person.enter(browser, server.origin, { name: 'Ada' })
    await using grace = await Person.enter(browser, server.origin, { name: 'Grace' })
    await ada.say('before')
    await grace.untilTexts(['before'])
    await server[Symbol.asyncDispose]()
    await ada.untilConnection('Reconnecting…')
    await grace.untilConnection('Reconnecting…')
    await using _again = new ServerProcess(['--port', String(server.port), '--log-level', 'silent'])
    await ada.untilConnection('Live')
    await grace.untilConnection('Live')
    await ada.page.getByText('The server started anew.').waitFor()
    await ada.say('after')
    await grace.untilTexts(['before', 'after'])
    await ada.untilTexts(['before', 'after'])
  })

  it('is told when to come back by a server that drains, and comes back', async () => {
    const server = await ServerProcess.serving(['--drain-ms', '2000', '--drain-pause-ms', '0'])
    await using ada = await Person.enter(browser, server.origin, { name: 'Ada' })
    server.kill('SIGTERM')
    await ada.page.locator('#trouble-bar').waitFor()
    await server.ended
    await using _again = new ServerProcess(['--port', String(server.port), '--log-level', 'silent'])
    await ada.untilConnection('Live')
  })

  it('says how many messages were missed', async () => {
    await using app = await LiveApp.open(['--history-messages', '5'])
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await app.publish('chat/lobby', 'seen')
    await ada.untilTexts(['seen'])
    await ada.setOffline(true)
    await ada.untilConnection('Reconnecting…')
    for (let n = 0; n < 40; n += 1) await app.publishNow('chat/lobby', `m${n}`)
    await ada.setOffline(false)
    await ada.page.locator('.said', { hasText: 'm39' }).waitFor()
    const kept = (await ada.texts()).length - 1
    expect(await ada.page.locator('.is-note').innerText()).toContain(`${40 - kept} messages were missed here`)
  })

  it('never makes HTML of a name, a room or a message', async () => {
    await using app = await LiveApp.open()
    const evil = [
      '<img src=x onerror=alert(1)>',
      '<script>alert(2)</script>',
      '"><svg onload=alert(3)>',
      'javascript:alert(4)',
      "<a href='javascript:alert(5)'>x</a>",
      '<iframe srcdoc="<script>parent.alert(6)</script>"></iframe>',
      '{{constructor.constructor("alert(7)")()}}',
      '</title></textarea><style>*{display:none}</style>',
    ]
    for (const room of evil.slice(0, 3)) {
      await using mallory = await Person.enter(browser, app.origin, { name: evil[0] ?? '', room })
      for (const text of evil) await mallory.say(text)
      await using ada = await Person.enter(browser, app.origin, { name: 'Ada', room })
      await ada.untilTexts(evil)
      const made = ada.page.locator('#log :is(img, script, style, iframe, a, [onerror], [onload])')
      expect(await made.count()).toBe(0)
      expect(await ada.page.locator('.said .author').first().innerText()).toBe(evil[0])
      expect(await ada.page.locator('h1 .room').innerText()).toBe(room.toLowerCase())
      expect([...ada.complaints, ...mallory.complaints]).toEqual([])
    }
  })

  it('shows whatever is published to the topic of a room, and goes on', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    const deep = '['.repeat(9_000) + ']'.repeat(9_000)
    const rubbish: unknown[] = [
      null,
      0,
      false,
      '',
      [],
      {},
      { text: 5 },
      { text: { a: 1 } },
      { name: 7, text: 'numbered', nonce: [] },
    ]
    for (const data of rubbish) await app.publish('chat/lobby', data)
    await app.ask('POST', '/publish?topic=chat/lobby', { body: JSON.parse(deep) })
    await app.publish('chat/lobby', {
      name: '\u202Eevil\u0000\n'.repeat(50),
      text: 'ö'.repeat(30_000),
      __proto__: null,
    })
    await app.publish('chat/lobby', 'last')
    await ada.page.locator('.said', { hasText: 'last' }).waitFor()
    expect(await ada.page.locator('.said').count()).toBe(rubbish.length + 3)
    expect((await ada.texts()).slice(0, 3)).toEqual(['null', '0', 'false'])
    await ada.page.getByRole('button', { name: 'Show all 30000 characters' }).click()
    await soon(async () => (await ada.texts()).some((text) => text.length === 30_000)).toBe(true)
    expect(await ada.page.evaluate('document.body.scrollWidth <= innerWidth')).toBe(true)
    expect(ada.complaints).toEqual([])
  })

  it('makes links of http and https only, which give nothing away', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await ada.say(
      'see https://example.com/a?b=(c). or javascript:alert(1), http://u:p@example.com, (http://example.org)',
    )
    const links = ada.page.locator('.said a')
    await soon(() => links.count()).toBe(2)
    const told = "[...document.querySelectorAll('.said a')].map((a) => [a.href, a.rel, a.target])"
    expect(await ada.page.evaluate(told)).toEqual([
      ['https://example.com/a?b=(c)', 'noopener noreferrer', '_blank'],
      ['http://example.org/', 'noopener noreferrer', '_blank'],
    ])
  })

  it('has room for a line of text as soon as one has joined in', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await soon(async () => (await ada.field.boundingBox())?.height ?? 0).toBeGreaterThan(40)
  })

  it('goes on with its rooms, whatever is left in another window of the same browser', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await ada.page.goto(`${app.origin}/#room=garden`)
    await soon(() => ada.page.title()).toBe('#garden · Encke')
    await ada.page.goto(`${app.origin}/#room=lobby`)
    await soon(() => ada.page.title()).toBe('#lobby · Encke')
    const other = await ada.page.context().newPage()
    await other.goto(`${app.origin}/#room=garden`)
    await other.getByRole('button', { name: /lobby/ }).click()
    await ada.page.getByRole('button', { name: /garden/ }).click()
    await soon(() => ada.page.getByRole('link', { name: 'lobby' }).count()).toBe(1)
    await app.publish('chat/lobby', 'still here')
    await ada.untilTexts(['still here'])
  })

  it('counts the unread in the title while it is hidden, and in the list for other rooms', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada', room: 'garden' })
    await ada.page.getByPlaceholder('Open a room…').fill('lobby')
    await ada.page.keyboard.press('Enter')
    await soon(() => ada.page.title()).toBe('#lobby · Encke')
    await soon(() => app.app.hub.statistics().waiting).toBeGreaterThan(0)
    await ada.untilConnection('Live')
    await app.publish('chat/garden', 'over here')
    await soon(() => ada.page.title()).toBe('(1) #lobby · Encke')
    await ada.turn('hidden')
    await app.publish('chat/lobby', 'and here')
    await soon(() => ada.page.title()).toBe('(2) #lobby · Encke')
    await ada.turn('visible')
    await soon(() => ada.page.title()).toBe('(1) #lobby · Encke')
    await ada.page.getByRole('link', { name: 'garden (1 unread)' }).click()
    await ada.untilTexts(['over here'])
    await soon(() => ada.page.title()).toBe('#garden · Encke')
    expect(ada.page.url()).toBe(`${app.origin}/#room=garden`)
  })

  it('leaves whoever reads further up in peace, and says how much is new', async () => {
    await using app = await LiveApp.open()
    for (let n = 0; n < 80; n += 1) await app.publishNow('chat/lobby', `message ${n}`)
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await ada.page.locator('.said', { hasText: 'message 79' }).waitFor()
    await ada.page.evaluate("document.getElementById('log').scrollTop = 300")
    await ada.page.getByRole('button', { name: 'To the newest' }).waitFor()
    for (const text of ['new 1', 'new 2', 'new 3']) await app.publish('chat/lobby', text)
    await ada.page.getByRole('button', { name: '3 new messages' }).waitFor()
    expect(await ada.page.evaluate("document.getElementById('log').scrollTop")).toBe(300)
    expect(await ada.page.title()).toBe('(3) #lobby · Encke')
    await ada.page.getByRole('button', { name: '3 new messages' }).click()
    await soon(() => ada.page.title()).toBe('#lobby · Encke')
    await soon(() => ada.page.locator('#to-end').isHidden()).toBe(true)
    const { scrollHeight, scrollTop, clientHeight } = await ada.page.evaluate<Record<string, number>>(`(() => {
      const { scrollHeight, scrollTop, clientHeight } = document.getElementById('log')
      return { scrollHeight, scrollTop, clientHeight }
    })()`)
    expect(Number(scrollHeight) - Number(scrollTop)).toBeLessThan(Number(clientHeight) + 2)
  })

  it('works by keyboard alone', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin)
    const { keyboard } = ada.page
    const focused = () =>
      ada.page.evaluate<string>('document.activeElement.id || document.activeElement.textContent.trim()')
    await soon(focused).toBe('name-field')
    await keyboard.type('Ada')
    await keyboard.press('Enter')
    await soon(focused).toBe('message-field')
    await keyboard.type('first line')
    await keyboard.press('Shift+Enter')
    await keyboard.type('second line')
    await keyboard.press('Enter')
    await ada.untilTexts(['first line\nsecond line'])
    expect(await focused()).toBe('message-field')
    await keyboard.press('Shift+Tab')
    await soon(focused).toBe('log')
    const seen = new Set<string>()
    while (!seen.has('room-field') && seen.size < 30) {
      await keyboard.press('Shift+Tab')
      const id = await focused()
      const outline = await ada.page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
      expect([id, outline]).toEqual([id, 'solid'])
      seen.add(id)
    }
    await keyboard.type('Garden Café')
    await keyboard.press('Enter')
    await soon(() => ada.page.title()).toBe('#garden café · Encke')
    await soon(focused).toBe('message-field')
    await keyboard.type('second room')
    await keyboard.press('Enter')
    await ada.untilTexts(['second room'])
  })

  it('takes a paste of several lines as it is, and tells what is too long', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await ada.field.focus()
    await ada.page.keyboard.insertText('one\n  two\n\nthree')
    await ada.page.keyboard.press('Enter')
    await ada.untilTexts(['one\n  two\n\nthree'])
    await ada.field.fill('x'.repeat(16_005))
    await ada.page.keyboard.press('Enter')
    await ada.page.getByText('5 characters too many').waitFor()
    await ada.untilTexts(['one\n  two\n\nthree'])
  })

  it('is as accessible as axe can tell, light and dark, with a name and without, in trouble and on a phone', async () => {
    await using app = await LiveApp.open()
    for (let n = 0; n < 40; n += 1)
      await app.publishNow('chat/lobby', { name: `Name ${n}`, text: `see https://example.com/${n}` })
    for (const colorScheme of ['light', 'dark'] as const) {
      await using ada = await Person.enter(browser, app.origin, { colorScheme, bypassCSP: true })
      expect(await axeComplaints(ada.page)).toEqual([])
      await ada.join('Ada')
      await ada.say('hello, https://example.com')
      await soon(() => ada.page.locator('.said.is-own[data-status=confirmed]').count()).toBe(1)
      await ada.setOffline(true)
      await ada.say('into the void')
      await ada.page.getByText('this may not have been sent').waitFor()
      await ada.page.locator('#trouble-bar').waitFor()
      expect(await axeComplaints(ada.page)).toEqual([])
      await ada.page.setViewportSize({ width: 360, height: 640 })
      await ada.page.getByRole('button', { name: 'Rooms and about' }).click()
      expect(await axeComplaints(ada.page)).toEqual([])
    }
  })

  it('gives every name a colour that can be read, in both themes', async () => {
    await using app = await LiveApp.open()
    await app.publish('chat/lobby', { name: 'Ada', text: 'hello' })
    for (const colorScheme of ['light', 'dark'] as const) {
      await using ada = await Person.enter(browser, app.origin, { colorScheme })
      await ada.untilTexts(['hello'])
      const contrasts = await ada.page.evaluate<number[]>(contrastsOfHues)
      expect(contrasts).toHaveLength(2 * 24)
      expect(Math.min(...contrasts)).toBeGreaterThan(4.5)
    }
  })

  it('fits on a phone, whatever is said, and keeps its rooms in a drawer', async () => {
    await using app = await LiveApp.open()
    await app.publish('chat/lobby', {
      name: 'W'.repeat(32),
      text: `${'W'.repeat(500)} https://example.com/${'w'.repeat(300)}`,
    })
    const viewport = { width: 320, height: 600 }
    await using ada = await Person.enter(browser, app.origin, {
      name: 'Ada',
      room: 'lobby',
      viewport,
      isMobile: true,
      hasTouch: true,
    })
    await soon(() => ada.page.locator('.said').count()).toBe(1)
    await ada.say('W'.repeat(400))
    await soon(() => ada.page.locator('.said').count()).toBe(2)
    const fits =
      '[document.documentElement.scrollWidth, document.getElementById("log").scrollWidth].every((w) => w <= innerWidth)'
    expect(await ada.page.evaluate(fits)).toBe(true)
    const open = ada.page.getByRole('button', { name: 'Rooms and about' })
    expect(await ada.page.getByRole('link', { name: 'lobby' }).isVisible()).toBe(false)
    await open.click()
    await ada.page.getByRole('link', { name: 'lobby' }).waitFor()
    expect(await ada.page.evaluate(fits)).toBe(true)
    await ada.page.keyboard.press('Escape')
    await soon(() => ada.page.evaluate('document.activeElement.id')).toBe('open-drawer')
    await soon(() => ada.page.getByRole('link', { name: 'lobby' }).isVisible()).toBe(false)
  })

  it('says what it is, with commands that are about this room', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { room: 'garden' })
    expect(await ada.page.locator('.command code').allInnerTexts()).toEqual([
      `curl '${app.origin}/messages?topic=chat/garden'`,
      `curl -d '{"name":"curl","text":"hello"}' -H 'Content-Type: application/json' '${app.origin}/publish?topic=chat/garden'`,
    ])
    await ada.page.getByRole('link', { name: 'More about it' }).click()
    await ada.page.getByRole('heading', { name: 'Encke' }).waitFor()
  })

  it('is not open to pages of other origins', async () => {
    await using app = await LiveApp.open()
    const page = `<!doctype html><form id="form" method="post" enctype="text/plain" action="${app.origin}/publish?topic=chat/lobby" target="frame"><input name="a" value="b"></form><iframe name="frame"></iframe>`
    await using foreign = createServer((_request, reply) => reply.setHeader('content-type', 'text/html').end(page))
    await once(foreign.listen(0, '127.0.0.1'), 'listening')
    const context = await browser.newContext()
    const stranger = await context.newPage()
    await stranger.goto(`http://127.0.0.1:${(foreign.address() as AddressInfo).port}/`)
    const url = `${app.origin}/publish?topic=chat/lobby`
    const tries: string[] = await stranger.evaluate(`(async () => {
      const json = { 'content-type': 'application/json' }
      const told = (promise) => promise.then((reply) => reply.type, () => 'refused')
      const answered = new Promise((resolve) => { document.querySelector('iframe').onload = resolve })
      document.querySelector('form').submit()
      await answered
      navigator.sendBeacon('${url}', 'beacon')
      return [
        await told(fetch('${url}', { method: 'POST', body: '1', headers: json })),
        await told(fetch('${url}', { method: 'POST', body: 'plain' })),
        await told(fetch('${url}', { method: 'POST', body: 'plain', mode: 'no-cors' })),
        await told(fetch('${app.origin}/messages?topic=chat/lobby&wait=0&from=earliest')),
      ]
    })()`)
    expect(tries).toEqual(['refused', 'refused', 'opaque', 'refused'])
    expect(app.app.hub.statistics().published).toBe(0)
    await context.close()
    foreign.closeAllConnections()
  })
})

describe.skipIf(unpacked.missing !== '')("a page of one's own", () => {
  it('on another origin, which is allowed, reads and publishes with client.js', async () => {
    let page = ''
    await using other = createServer((_request, reply) => reply.setHeader('content-type', 'text/html').end(page))
    await once(other.listen(0, '127.0.0.1'), 'listening')
    const origin = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    await using app = await LiveApp.open(['--origins', origin])
    page = ownPage.replaceAll('http://127.0.0.1:8080', app.origin)
    const own = await launch(unpacked)
    try {
      const window = await own.newPage()
      await window.goto(origin)
      await soon(() => window.title()).toBe('live')
      await window.getByRole('textbox').fill('hello')
      await window.keyboard.press('Enter')
      await app.publish('my-topic', '<b>from elsewhere</b>')
      await soon(async () => (await window.getByRole('listitem').allInnerTexts()).sort()).toEqual([
        '<b>from elsewhere</b>',
        'hello',
      ])
    } finally {
      await own.close()
      other.closeAllConnections()
    }
  })
})

/** The page that the README says to save. */
const ownPage =
  /^```html\n([\s\S]*?)^```$/m.exec(readFileSync(new URL('../../README.md', import.meta.url), 'utf8'))?.[1] ?? ''

/** The contrast of a name, and of the letter that stands for it, at every hue that a name may have. */
const contrastsOfHues = `(() => {
  const context = document.createElement('canvas').getContext('2d')
  const linear = (byte) => (byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4)
  const luminance = (colour) => {
    context.fillStyle = colour
    context.fillRect(0, 0, 1, 1)
    const [red, green, blue] = context.getImageData(0, 0, 1, 1).data
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
  }
  const contrast = (...colours) => {
    const [dark, light] = colours.map(luminance).sort((a, b) => a - b)
    return (light + 0.05) / (dark + 0.05)
  }
  const said = document.querySelector('.said')
  const of = (place) => getComputedStyle(place)
  return Array.from({ length: 24 }, (_, n) => {
    said.style.setProperty('--hue', n * 15)
    const avatar = of(said.querySelector('.avatar'))
    const author = of(said.querySelector('.author'))
    return [contrast(author.color, of(document.body).backgroundColor), contrast(avatar.color, avatar.backgroundColor)]
  }).flat()
})()`
