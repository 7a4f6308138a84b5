// The chat on a server that wants tokens or keys: it asks for what is missing, keeps it for the session, and says what it allows.

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { mintToken } from '../../server/access/mint-token.ts'
import { LiveApp } from '../server/http/live-app.ts'
import { axeComplaints } from './axe.ts'
import { launch } from './browser.ts'
import { Person, soon } from './person.ts'

const secret = 'the secret of these tests, long enough'
const unpacked = inject('browser')

describe.skipIf(unpacked.missing !== '')('the chat where rights are wanted', () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await launch(unpacked)
  })
  afterAll(() => browser?.close())

  const tokenFor = (publish: string[], ttlSeconds = 600) =>
    mintToken({ secret, ttlSeconds, subject: 'ada', subscribe: ['chat/**'], publish })
  const rights = ({ page }: Person) => page.locator('#rights').innerText()

  it('asks for a token, says what it allows and until when, and keeps it over a reload', async () => {
    await using app = await LiveApp.open(['--token-secret', secret])
    await using ada = await Person.open(browser, app.origin)
    await soon(() => ada.page.locator('#key-words').innerText()).toBe('This server wants a token from those who read.')
    expect(await axeComplaints(ada.page)).toEqual([])
    await ada.page.getByLabel('Token').fill(await tokenFor(['chat/**']))
    await ada.page.keyboard.press('Enter')
    await ada.untilConnection('Live')
    const words = 'Your token lets you read chat/** and say something in chat/**, until '
    expect(await rights(ada)).toMatch(new RegExp(`^${RegExp.escape(words)}\\d\\d:\\d\\d\\.$`))
    await ada.join('Ada')
    await ada.page.locator('#message-field').fill('hello')
    await ada.page.keyboard.press('Enter')
    await ada.page.locator('.said', { hasText: 'hello' }).waitFor()
    const commands = await ada.page.locator('.about code').allInnerTexts()
    for (const command of commands) expect(command).toContain('-H "Authorization: Bearer $TOKEN"')
    await ada.page.reload()
    await ada.untilConnection('Live')
    expect(await rights(ada)).toContain('lets you read chat/**')
    expect(ada.complaints).toEqual([])
  })

  it('says in words for people that what was given is no token', async () => {
    await using app = await LiveApp.open(['--token-secret', secret])
    await using ada = await Person.open(browser, app.origin)
    await ada.page.locator('#subscribe-key').fill('nonsense')
    await ada.page.keyboard.press('Enter')
    await soon(() => ada.page.locator('#key-words').innerText()).toBe('This one is wrong: another, please.')
    await ada.page.locator('#subscribe-key').fill(await tokenFor([]))
    await ada.page.keyboard.press('Enter')
    await ada.untilConnection('Live')
  })

  it('says that a token ends, and goes on with another, missing nothing', async () => {
    await using app = await LiveApp.open(['--token-secret', secret])
    await using ada = await Person.open(browser, app.origin)
    await ada.page.locator('#subscribe-key').fill(await tokenFor([], 2))
    await ada.page.keyboard.press('Enter')
    await ada.untilConnection('Live')
    await soon(() => ada.page.locator('#key-words').innerText()).toBe('The token has expired: a new one, please.')
    await app.publishNow('chat/lobby', { name: 'Bob', text: 'meanwhile' })
    await ada.page.locator('#subscribe-key').fill(await tokenFor([]))
    await ada.page.keyboard.press('Enter')
    await ada.page.locator('.said', { hasText: 'meanwhile' }).waitFor()
    expect(await rights(ada)).toContain('lets you read chat/** and say nothing')
  })

  it('says that one may only read here, asks for no name, and takes another token for it', async () => {
    await using app = await LiveApp.open(['--token-secret', secret])
    await using ada = await Person.open(browser, app.origin)
    const { page } = ada
    await page.locator('#subscribe-key').fill(await tokenFor(['chat/open', 'chat/team/*']))
    await page.keyboard.press('Enter')
    await ada.untilConnection('Live')
    await soon(() => page.locator('#empty').innerText()).toContain('Copy the link and bring somebody along.')
    expect(await page.locator('#empty').innerText()).not.toContain('Say something')
    expect(await page.locator('.composer').innerText()).toContain('Your token lets you read here, and say nothing.')
    expect(await page.getByLabel('Your name').isVisible()).toBe(false)
    expect(await axeComplaints(page)).toEqual([])
    await page.goto(`${app.origin}/#room=open`)
    await page.getByLabel('Your name').waitFor()
    await soon(() => page.locator('#empty').innerText()).toContain('Say something, or copy the link')
    await page.goto(`${app.origin}/#room=lobby`)
    await page.getByRole('button', { name: 'Use another token' }).click()
    await ada.give('Token to say something with', await tokenFor(['chat/*']))
    await ada.join('Ada')
    await ada.say('hello')
    await page.locator('.said', { hasText: 'hello' }).waitFor()
    expect(ada.complaints).toEqual([])
  })

  it('says what keys allow, and nothing where none are wanted', async () => {
    await using app = await LiveApp.open(['--subscribe-key', 'reading'])
    await using ada = await Person.open(browser, app.origin)
    await ada.page.locator('#subscribe-key').fill('reading')
    await ada.page.keyboard.press('Enter')
    await ada.untilConnection('Live')
    expect(await rights(ada)).toBe('Your key lets you read here.')
    await using open = await LiveApp.open()
    await using bob = await Person.enter(browser, open.origin)
    expect(await bob.page.locator('#rights').isHidden()).toBe(true)
    expect(await bob.page.locator('.about code').first().innerText()).not.toContain('Bearer')
  })
})
