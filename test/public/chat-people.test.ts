// The people of a room, and what goes over the wire: who is here, who writes, two of one name, ten thousand messages.

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { LiveApp } from '../server/http/live-app.ts'
import { axeComplaints } from './axe.ts'
import { launch } from './browser.ts'
import { Person, soon } from './person.ts'

const unpacked = inject('browser')

describe.skipIf(unpacked.missing !== '')('a room of the chat', () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await launch(unpacked)
  })
  afterAll(() => browser?.close())

  it('shows who is here, who comes, and who has gone', async () => {
    await using app = await LiveApp.open(['--presence-lease-seconds', '1'])
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await soon(() => hereOf(ada)).toEqual(['Ada (you)'])
    const johann = await Person.enter(browser, app.origin, { name: 'Johann' })
    await soon(() => hereOf(ada)).toEqual(['Ada (you)', 'Johann'])
    await soon(() => hereOf(johann)).toEqual(['Ada', 'Johann (you)'])
    await soon(() => ada.page.locator('#here-count').innerText()).toBe('2 here')
    await johann.page.context().close()
    await soon(() => hereOf(ada)).toEqual(['Ada (you)'])
  })

  it('counts the tabs of one browser as one who is here', async () => {
    await using app = await LiveApp.open(['--presence-lease-seconds', '1'])
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await soon(() => hereOf(ada)).toEqual(['Ada (you)'])
    const second = await ada.page.context().newPage()
    await second.goto(app.origin)
    await second.locator('#connection', { hasText: 'Live' }).waitFor()
    await soon(() => app.app.hub.statistics().waiting).toBe(1)
    expect(await hereOf(ada)).toEqual(['Ada (you)'])
    await ada.page.close()
    await app.publish('chat/lobby', 'go on')
    await second.locator('.said', { hasText: 'go on' }).waitFor()
    await soon(() => second.locator('#here-list li').allInnerTexts()).toEqual([expect.stringContaining('Ada')])
    await soon(() => app.app.hub.statistics().waiting).toBe(1)
  })

  it('lists whoever has loaded the page again once', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await soon(() => hereOf(ada)).toEqual(['Ada (you)'])
    await ada.page.reload()
    await ada.untilConnection('Live')
    const called = async () =>
      (await ada.page.evaluate(`fetch('/presence?topic=chat/lobby').then((r) => r.json())`)) as { members: unknown[] }
    await soon(async () => (await called()).members.length).toBe(2)
    await ada.page.reload()
    await soon(() => hereOf(ada)).toEqual(['Ada (you)'])
  })

  it('tells apart two who chose one name, in the list and in what they say', async () => {
    await using app = await LiveApp.open()
    await using first = await Person.enter(browser, app.origin, { name: 'Ada' })
    await first.say('alone')
    await first.untilConfirmed(1)
    expect(await first.page.locator('.author').innerText()).not.toContain('~')
    await using second = await Person.enter(browser, app.origin, { name: 'Ada' })
    await soon(async () => (await hereOf(first)).join()).toMatch(/^Ada ~\w{4} \(you\),Ada ~\w{4}$/)
    const coloursOf = ({ page }: Person) =>
      page.evaluate(`[document.getElementById('me'), [...document.querySelectorAll('#here-list li')]
        .find((row) => row.querySelector('.you'))].map((one) => one.style.getPropertyValue('--hue'))`) as Promise<
        string[]
      >
    for (const person of [first, second]) await soon(async () => new Set(await coloursOf(person)).size).toBe(1)
    await second.say('together')
    await soon(() => first.page.locator('.said:not(.is-own) .author').innerText()).toMatch(/^Ada ~\w{4}$/)
    const hues = await first.page.evaluate(`[...document.querySelectorAll('.said')].map((one) =>
      one.style.getPropertyValue('--hue'))`)
    expect(new Set(hues as string[]).size).toBe(2)
    await first.page.reload()
    await first.untilTexts(['alone', 'together'])
    expect(await first.page.locator('.said.is-own').count()).toBe(1)
  })

  it('shows who is writing, until it is said', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await using johann = await Person.enter(browser, app.origin, { name: 'Johann' })
    await johann.field.pressSequentially('I com')
    await soon(() => ada.page.locator('#typing').innerText()).toBe('Johann is writing…')
    expect(await johann.page.locator('#typing').innerText()).toBe('')
    await johann.say('I computed its orbit')
    await ada.untilTexts(['I computed its orbit'])
    await soon(() => ada.page.locator('#typing').innerText()).toBe('')
  })

  it('shows nobody as writing who has stopped, and is told of it by one message for many letters', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await using johann = await Person.enter(browser, app.origin, { name: 'Johann' })
    const writing = () => ada.page.locator('#typing').innerText()
    let published = 0
    johann.page.on('request', (request) => (published += request.url().includes('/publish') ? 1 : 0))
    // As one step of the page: it takes no time, however slow the machine is.
    await johann.field.focus()
    await johann.page.evaluate(`for (const letter of 'I computed its orbit, but') {
      document.activeElement.value += letter
      document.activeElement.dispatchEvent(new Event('input', { bubbles: true }))
    }`)
    await soon(writing).toBe('Johann is writing…')
    await soon(writing).toBe('')
    expect(published).toBe(1)
  })

  it('shows on the wire the poll that hangs, its seconds, its reply and its cursor', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await ada.page.getByRole('button', { name: 'On the wire' }).click()
    const held = ada.page.locator('.exchange.is-held')
    await soon(() => held.count()).toBe(1)
    const secondsOf = async () => Number.parseFloat(await held.locator('.seconds').innerText())
    await soon(secondsOf).toBeGreaterThan(0.5)
    await app.publish('chat/lobby', { name: 'curl', text: 'news' })
    const answered = ada.page.locator('.exchange[data-state=answered]', { hasText: '1 message, go on from' }).first()
    await answered.waitFor()
    await answered.locator('summary').click()
    expect(await answered.locator('.reply').innerText()).toContain('"text":"news"')
    const next = await answered.getAttribute('title')
    await soon(() => held.count()).toBe(1)
    await held.locator('summary').click()
    const cursor = String(next).replace('The next poll goes on from ', '')
    expect(await held.locator('dd').nth(1).innerText()).toBe(cursor)
    expect(await axeComplaints(ada.page)).toEqual([])
    await ada.page.keyboard.press('Escape')
    expect(await ada.page.locator('#wire').isHidden()).toBe(true)
  })

  it('says when the server was seen last, while it is cut off', async () => {
    await using app = await LiveApp.open()
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await ada.setOffline(true)
    await soon(() => ada.page.locator('#trouble-bar').innerText()).toMatch(/cannot be reached\. Last seen \d+ s ago\./)
    await ada.setOffline(false)
    await ada.untilConnection('Live')
  })

  it('scrolls smoothly through ten thousand messages, to the first', async () => {
    await using app = await LiveApp.open(['--history-messages', '10000', '--history-bytes', '8388608'])
    for (let n = 1; n <= 10_000; n += 1) await app.publishNow('chat/lobby', { name: `n${n % 7}`, text: `message ${n}` })
    await using ada = await Person.enter(browser, app.origin, { name: 'Ada' })
    await ada.page.locator('.said', { hasText: 'message 10000' }).waitFor()
    expect(await ada.page.locator('.said').count()).toBeLessThan(500)
    const scrolled = async () =>
      (await ada.page.evaluate(`(async () => {
        const log = document.getElementById('log')
        const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
        const medianOf = async (frames, move) => {
          const gaps = []
          for (let last = performance.now(); gaps.length < frames; last = performance.now()) {
            await move()
            gaps.push(performance.now() - last)
          }
          return gaps.sort((a, b) => a - b)[frames / 2]
        }
        let jumps = 0
        const still = await medianOf(60, frame)
        const median = await medianOf(120, async () => {
          const top = [...document.querySelectorAll('.said')].find((one) => one.getBoundingClientRect().bottom > 100)
          const before = top.getBoundingClientRect().top
          log.scrollBy({ top: -150, behavior: 'instant' })
          await frame()
          if (Math.abs(top.getBoundingClientRect().top - before - 150) > 40) jumps += 1
        })
        return { slowdown: median / still, jumps, rows: document.querySelectorAll('.said').length }
      })()`)) as { slowdown: number; jumps: number; rows: number }
    let told = await scrolled()
    // A page that is slow is slow each time; a machine that is busy is not.
    for (let again = 0; again < 5 && told.slowdown > 2.5; again += 1) {
      told = { ...told, slowdown: (await scrolled()).slowdown }
    }
    expect(told.slowdown).toBeLessThan(2.5)
    expect(told.jumps).toBeLessThan(3)
    expect(told.rows).toBeLessThan(1_200)
    await ada.page.evaluate(`(async () => {
      const log = document.getElementById('log')
      while (document.querySelector('.said .text').textContent !== 'message 1') {
        log.scrollTop = 0
        await new Promise((resolve) => requestAnimationFrame(resolve))
      }
    })()`)
    await ada.page.getByRole('button', { name: 'To the newest' }).click()
    await soon(() => ada.page.locator('.said').count()).toBeLessThan(500)
  })
})

/** Who the page lists as here. */
function hereOf({ page }: Person): Promise<string[]> {
  return page.evaluate(`[...document.querySelectorAll('#here-list li')].map((row) =>
    [...row.children].slice(1).map((part) => part.textContent).join(' '))`)
}
