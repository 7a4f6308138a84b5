// The pages below a base path, in a real browser: everything that they ask for lies below it, too.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { LiveApp } from '../server/http/live-app.ts'
import { Operator } from './admin/operator.ts'
import { launch } from './browser.ts'
import { Person } from './person.ts'

const unpacked = inject('browser')

describe.skipIf(unpacked.missing !== '')(
  `below a base path${unpacked.missing && ` (skipped: ${unpacked.missing})`}`,
  () => {
    let browser: Browser
    let app: LiveApp
    let site: string

    beforeAll(async () => {
      browser = await launch(unpacked)
      app = await LiveApp.open(['--base-path', '/push', '--admin-token', 't'])
      site = `${app.origin}/push`
    })

    afterAll(async () => {
      await browser.close()
      await app[Symbol.asyncDispose]()
    })

    /** What a page asks for beside the path, and what is not there. */
    function watch(page: Page): string[] {
      const wrong: string[] = []
      page.on('request', (request) => request.url().startsWith(`${site}/`) || wrong.push(`beside: ${request.url()}`))
      page.on('response', (reply) => reply.status() >= 400 && wrong.push(`${reply.status()}: ${reply.url()}`))
      return wrong
    }

    it('two people chat', async () => {
      const one = await Person.enter(browser, site, { name: 'Ada' })
      const other = await Person.enter(browser, site, { name: 'Bob' })
      const wrong = watch(one.page)
      await one.page.reload()
      await other.say('hello below')
      await one.page.getByText('hello below').waitFor()
      await one.say('hello, too')
      await other.page.getByText('hello, too').waitFor()
      expect([wrong, one.complaints, other.complaints]).toEqual([[], [], []])
    })

    it('an operator sees each view of the dashboard', async () => {
      await using operator = await Operator.open(browser, { origin: site, app: { adminToken: 't' } }, '')
      const wrong = watch(operator.page)
      await operator.page.goto('about:blank')
      await operator.go('#token=t')
      await operator.page.locator('#pulse', { hasText: 'Live' }).waitFor()
      for (const view of ['Topics', 'X-ray', 'Benchmarks', 'Controls', 'Overview']) {
        await operator.page.getByRole('link', { name: view, exact: true }).click()
        await operator.page.locator('#nav a[aria-current=page]', { hasText: view }).waitFor()
        await operator.page.locator('#view > *').first().waitFor()
      }
      expect([wrong.filter((each) => !each.endsWith('about:blank')), operator.complaints]).toEqual([[], []])
    })
  },
)
