// The dashboard in a real browser, against a real server.

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { LiveApp } from '../../server/http/live-app.ts'
import { axeComplaints } from '../axe.ts'
import { launch } from '../browser.ts'
import { soon } from '../person.ts'
import { Operator } from './operator.ts'

const unpacked = inject('browser')
let browser: Browser

describe.skipIf(unpacked.missing !== '')('the dashboard', () => {
  beforeAll(async () => {
    browser = await launch(unpacked)
  })

  afterAll(() => browser.close())

  it('opens by the link with the token, which leaves the address, and is kept for the session', async () => {
    await using app = await LiveApp.open()
    await using operator = await Operator.enter(browser, app)
    const { page } = operator
    expect(page.url()).toBe(`${app.origin}/admin/#overview`)
    await page.getByText('All is well.').waitFor()
    await page.reload()
    await page.locator('#pulse', { hasText: 'Live' }).waitFor()
    expect(operator.complaints).toEqual([])
  })

  it('asks for the token where there is none, or a wrong one', async () => {
    await using app = await LiveApp.open()
    await using operator = await Operator.open(browser, app, '')
    const { page } = operator
    const field = page.getByLabel('Admin token')
    await field.fill('wrong')
    await field.press('Enter')
    await page.getByText('The server has refused this token.').waitFor()
    await field.fill(app.app.adminToken)
    await field.press('Enter')
    await page.getByText('All is well.').waitFor()
    expect(operator.complaints).toEqual([])
  })

  it('shows in its first view how the server is, without scrolling, and follows it live', async () => {
    await using app = await LiveApp.open()
    await using operator = await Operator.enter(browser, app)
    const { page } = operator
    const reader = app.poll('news')
    await app.untilWaiting(2)
    await page.getByText('One request waits').waitFor()
    await page.getByText('No topic is busy now.').waitFor()
    await app.publishNow('news', 1)
    await reader
    await page.getByRole('link', { name: 'news' }).waitFor()
    expect(await operator.overflows()).toEqual({ sideways: false, down: false })
    expect(await page.locator('.plot-canvas canvas').count()).toBe(4)
    expect(await axeComplaints(page)).toEqual([])
  })

  it('has its plots in a browser whose language is none', async () => {
    await using app = await LiveApp.open()
    const plain = await launch(unpacked, { LANG: 'C', LC_ALL: 'C', LANGUAGE: '' })
    try {
      await using operator = await Operator.enter(plain, app)
      await soon(() => operator.page.locator('.plot-canvas canvas').count()).toBe(4)
      expect(operator.complaints).toEqual([])
    } finally {
      await plain.close()
    }
  })

  it('has a table behind each plot, and a crosshair that moves by keyboard in all of them', async () => {
    await using app = await LiveApp.open()
    await using operator = await Operator.enter(browser, app)
    const { page } = operator
    await soon(() => page.locator('.plot-canvas').first().getAttribute('aria-label')).toContain('published/s 0')
    await page.locator('.plot-canvas').first().focus()
    await soon(async () => {
      await page.keyboard.press('Home')
      return page.locator('.plot-time').allInnerTexts()
    }).toEqual(Array(4).fill(expect.stringMatching(/^\d\d:\d\d:\d\d$/)))
    await page.keyboard.press('Escape')
    await soon(() => page.locator('.plot-time').allInnerTexts()).toEqual(['', '', '', ''])
    const button = page.getByRole('button', { name: 'Waiting as a table' })
    await button.click()
    await page.getByRole('columnheader', { name: 'waiting', exact: true }).waitFor()
    expect(await button.getAttribute('aria-pressed')).toBe('true')
    expect(await axeComplaints(page)).toEqual([])
  })

  it('says when it is cut off, and for how long, and goes on when the server is back', async () => {
    await using app = await LiveApp.open()
    await using operator = await Operator.enter(browser, app)
    const { page } = operator
    await page.context().setOffline(true)
    await page.getByText('Cut off.').waitFor()
    await soon(() => page.locator('#pulse').innerText()).toMatch(/^Last seen \d+ s ago$/)
    expect(await axeComplaints(page)).toEqual([])
    await page.context().setOffline(false)
    await page.getByText('All is well.').waitFor()
  })

  it('says that the server drains', async () => {
    await using app = await LiveApp.open(['--drain-ms', '60000', '--drain-pause-ms', '20000'])
    await using operator = await Operator.enter(browser, app)
    void app.poll('news').catch(() => {})
    await app.untilWaiting(2)
    void app.app.drain()
    await operator.page.getByText('The server is draining.').waitFor()
    expect(await operator.page.locator('#pulse').innerText()).toBe('Draining')
  })

  it('shows every coroutine, what it waits for and for whom; searches them; and says more about one', async () => {
    await using app = await LiveApp.open()
    await using operator = await Operator.enter(browser, app)
    const { page } = operator
    for (const topic of ['news', 'news', 'other']) void app.poll(topic).catch(() => {})
    await app.untilWaiting(4)
    await page.getByRole('link', { name: 'X-ray' }).click()
    const rows = page.getByRole('row')
    await rows.filter({ hasText: 'GET /messages other' }).waitFor()
    await page.getByLabel('Search coroutines').fill('news of news')
    await soon(() => rows.count()).toBe(2)
    expect(page.url()).toContain('#xray?text=news+of+news')
    await page.reload()
    await soon(() => rows.count()).toBe(2)
    await page.getByRole('treegrid').focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    const detail = page.getByRole('region', { name: 'One coroutine' })
    await detail.getByText('news: news of news').waitFor()
    await detail.getByText('parked').waitFor()
    expect(await axeComplaints(page)).toEqual([])
    await page.getByLabel('Search coroutines').fill('nothing is like this')
    await page.getByText('No coroutine is like that now.').waitFor()
    expect(operator.complaints).toEqual([])
  })

  it('follows a message from its publish to each reply', async () => {
    await using app = await LiveApp.open()
    await using operator = await Operator.enter(browser, app)
    const { page } = operator
    for (let n = 0; n < 3; n += 1) void app.poll('news').catch(() => {})
    await app.untilWaiting(4)
    await operator.go('#xray/follow?topic=news')
    const watchers = new Set([app.app.hub.watcher])
    await page.getByRole('button', { name: 'Wait for the next message' }).click()
    await soon(() => page.getByRole('button', { name: 'Stop waiting' }).count()).toBe(1)
    await soon(async () => {
      await app.publish('news', 1)
      return page.locator('.handovers .begin').count()
    }).toBe(1)
    await page.getByText(/^news #\d+$/).waitFor()
    expect(watchers.size).toBe(1)
    expect(await axeComplaints(page)).toEqual([])
  })

  it('lists the topics, shows what one keeps, and removes it once it is confirmed', async () => {
    await using app = await LiveApp.open()
    await using operator = await Operator.enter(browser, app)
    const { page } = operator
    for (const topic of ['a/one', 'b/two', 'c']) await app.publishNow(topic, { said: topic })
    await page.getByRole('link', { name: 'Topics', exact: true }).click()
    await page.getByRole('link', { name: 'b/two' }).click()
    await page.getByText('{"said":"b/two"}').waitFor()
    expect(page.url()).toContain('#topics/b%2Ftwo')
    expect(await axeComplaints(page)).toEqual([])
    await page.getByLabel('Begin the list at a name').fill('b')
    await soon(() => page.locator('.rows tbody tr').count()).toBe(2)
    await page.getByRole('button', { name: 'Remove…' }).click()
    await page.getByText('1 message will be gone for good.').waitFor()
    await page.keyboard.press('Escape')
    expect(app.app.hub.statistics().topics).toBe(3)
    await page.getByRole('button', { name: 'Remove…' }).click()
    await page.getByRole('button', { name: 'Remove the topic' }).click()
    await soon(() => page.locator('.rows tbody tr').count()).toBe(1)
    expect(app.app.hub.statistics().topics).toBe(2)
    expect(operator.complaints).toEqual([])
  })

  it('runs a benchmark, shows it beside the published figures, and can cancel one', async () => {
    await using app = await LiveApp.open()
    await using operator = await Operator.enter(browser, app)
    const { page } = operator
    await page.getByRole('link', { name: 'Benchmarks' }).click()
    await page.getByRole('rowheader', { name: 'Go (6g)' }).waitFor()
    await page.getByLabel('Coroutines').fill('1000')
    await page.getByRole('button', { name: 'Run' }).click()
    await page.getByText(/^Done: go took/).waitFor()
    await page.getByRole('rowheader', { name: 'go now' }).waitFor()
    expect(await axeComplaints(page)).toEqual([])
    await page.getByRole('link', { name: 'Hackysack' }).click()
    await page.getByLabel('Turns').fill('10000000')
    await page.getByRole('button', { name: 'Run' }).click()
    await soon(() => page.getByRole('progressbar').getAttribute('value')).not.toBe('0')
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('Cancelled.').waitFor()
    expect(operator.complaints).toEqual([])
  })

  it('drains the server and changes the log level, each once it is confirmed', async () => {
    await using app = await LiveApp.open()
    await using operator = await Operator.enter(browser, app)
    const { page } = operator
    await page.getByRole('link', { name: 'Controls' }).click()
    await page.getByLabel('Level').selectOption('fatal')
    await page.getByRole('button', { name: 'Set the level…' }).click()
    await page.getByRole('button', { name: 'Set the level', exact: true }).click()
    await page.getByText('The log level is fatal.').waitFor()
    expect(await axeComplaints(page)).toEqual([])
    await page.getByRole('button', { name: 'Drain the server…' }).click()
    await page.getByRole('button', { name: 'Cancel', exact: true }).click()
    expect((await app.ask('GET', '/readyz')).status).toBe(200)
    await page.getByRole('button', { name: 'Drain the server…' }).click()
    await page.getByRole('button', { name: 'Drain the server', exact: true }).click()
    await page.getByText('The server is draining.').waitFor()
    expect((await app.ask('GET', '/readyz')).status).toBe(503)
    // Another window is told why it cannot be drained again.
    await using other = await Operator.open(browser, app, `#token=${app.app.adminToken}`)
    await other.page.getByRole('link', { name: 'Controls' }).click()
    const draining = other.page.getByRole('button', { name: /^Draining: \d+ requests? still waits?$/ })
    expect(await draining.isDisabled()).toBe(true)
    expect(await other.page.evaluate("getComputedStyle(document.querySelector('button.danger')).opacity")).toBe('1')
    expect(await axeComplaints(other.page)).toEqual([])
  })

  it.each(['overview', 'topics', 'xray', 'benchmarks', 'controls'])(
    'fits a phone and the dark without a fault that axe finds: %s',
    async (view) => {
      await using app = await LiveApp.open()
      await app.publishNow('news', 1)
      const phone = { viewport: { width: 390, height: 844 }, colorScheme: 'dark' as const }
      await using operator = await Operator.enter(browser, app, phone)
      await operator.go(`#${view}`)
      await operator.page.locator('#view > *').waitFor()
      // What is told of one coroutine is higher than the room for it.
      if (view === 'xray') await operator.page.getByRole('row', { name: 'hub' }).click()
      expect((await operator.overflows()).sideways).toBe(false)
      expect(await axeComplaints(operator.page)).toEqual([])
    },
  )
})

describe.skipIf(unpacked.missing !== '')('the page of the document', () => {
  it.each(['/docs', '/docs/'])('lists every route, from this server alone: %s', async (path) => {
    await using app = await LiveApp.open()
    const own = await launch(unpacked)
    try {
      const page = await own.newPage()
      const complaints: string[] = []
      const asked: string[] = []
      page.on('request', (request) => asked.push(request.url()))
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
      await page.goto(app.origin + path)
      await page.getByText('/admin/coroutines').first().waitFor()
      const { paths } = (await app.ask<{ paths: object }>('GET', '/openapi.json')).body
      for (const one of Object.keys(paths))
        expect(await page.getByText(one, { exact: false }).count()).toBeGreaterThan(0)
      expect(asked.filter((url) => !url.startsWith(app.origin) && !url.startsWith('data:'))).toEqual([])
      expect(complaints).toEqual([])
    } finally {
      await own.close()
    }
  })

  it.each(['light', 'dark'] as const)('has no fault that axe finds, also with a form open: %s', async (colorScheme) => {
    await using app = await LiveApp.open()
    const own = await launch(unpacked)
    try {
      const page = await own.newPage({ colorScheme })
      await page.goto(`${app.origin}/docs/`)
      for (const route of ['/publish', '/messages']) {
        await page
          .locator('.opblock', { has: page.getByText(route, { exact: true }) })
          .first()
          .getByRole('button')
          .first()
          .click()
      }
      await page.getByRole('button', { name: 'Try it out' }).first().click()
      await page.getByRole('button', { name: 'Execute' }).first().click()
      await page.locator('pre.microlight').first().waitFor()
      expect(await axeComplaints(page)).toEqual([])
      const [red = 255] =
        (await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')).match(/\d+/g) ?? []
      expect(Number(red) < 128).toBe(colorScheme === 'dark')
    } finally {
      await own.close()
    }
  })
})
