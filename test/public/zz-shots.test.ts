import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { LiveApp } from '../server/http/live-app.ts'
import { axeComplaints } from './axe.ts'
import { launch } from './browser.ts'
import { Person, soon } from './person.ts'

const unpacked = inject('browser')
const out = '/tmp/enc/client'
let browser: Browser
describe('shots', { timeout: 120_000 }, () => {
  beforeAll(async () => { browser = await launch(unpacked) })
  afterAll(() => browser?.close())
  it.each([
    ['wide', { viewport: { width: 1280, height: 800 } }],
    ['dark', { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' as const }],
    ['phone', { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 }],
  ])('%s', async (kind, window) => {
    await using app = await LiveApp.open()
    for (const [name, text] of [['Grace', 'Has anybody seen the comet? https://example.com/a/very/long/path/to/some/picture-of-a-comet-that-nobody-else-has-seen.html'], ['Grace', 'W'.repeat(120)], ['Maximiliane-Hildegunde Wolkenstei', 'I have a name that is long, and a room to match']]) await app.publish('chat/lobby', { name, text })
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada', bypassCSP: true, ...window })
    await using johann = await Person.enter(browser, app.origin, { name: 'Johann' })
    await using other = await Person.enter(browser, app.origin, { name: 'Ada' })
    await other.say('I am Ada, too')
    await ada.say('Hello')
    await ada.untilConfirmed(1)
    await johann.field.pressSequentially('I com')
    await soon(() => ada.page.locator('#typing').innerText()).not.toBe('')
    await ada.page.screenshot({ path: `${out}/${kind}-people.png` })
    const complaints: unknown[] = [await axeComplaints(ada.page)]
    await ada.page.route('**/publish?*', (route) => route.abort())
    await ada.say('This one gets lost')
    await ada.page.getByText('this may not have been sent').waitFor()
    await ada.page.screenshot({ path: `${out}/${kind}-failed.png` })
    complaints.push(await axeComplaints(ada.page))
    await ada.page.unrouteAll()
    await ada.page.reload()
    await ada.page.getByRole('button', { name: 'Send again' }).click()
    await ada.untilConfirmed(2)
    await ada.page.screenshot({ path: `${out}/${kind}-resent.png` })
    const wire = ada.page.getByRole('button', { name: 'On the wire' })
    const menu = ada.page.getByRole('button', { name: 'Rooms and about' })
    if (!(await wire.isVisible()) && (await menu.isVisible())) await menu.click()
    await wire.click()
    await ada.page.locator('.exchange.is-held').waitFor()
    await johann.say('and a message for the wire')
    await ada.page.locator('.exchange[data-state=answered] summary').first().click()
    await ada.page.screenshot({ path: `${out}/${kind}-wire.png` })
    complaints.push(await axeComplaints(ada.page))
    expect(complaints).toEqual([[], [], []])
  })
})
