// A tab of a browser for the tests: a page with a client, what its subscriptions have read, and which of several leads.

import type { BrowserContext, Page } from 'playwright-core'
import { type LiveApp, until } from '../server/http/live-app.ts'

/** Longer than the other tabs wait for a sign. */
const stoppedMs = 9_000
/** Long enough for a renderer to have used more time of a processor than any other meanwhile. */
const busyMs = 300

/** A page with a client, and what its subscriptions have read. */
export class Tab {
  readonly page: Page
  /** How many polls it has made, and those that have no answer yet. */
  polls = 0
  readonly underWay = new Set<unknown>()

  constructor(page: Page) {
    this.page = page
    page.on('request', (request) => {
      if (!/\/(messages|events)\?/.test(request.url())) return
      this.polls += 1
      this.underWay.add(request)
    })
    page.on('requestfinished', (request) => this.underWay.delete(request))
    page.on('requestfailed', (request) => this.underWay.delete(request))
  }

  /** Open a page and begin `subscriptions`, each a topic or several. */
  static async open(context: BrowserContext, origin: string, topics: string[], options = '{}'): Promise<Tab> {
    const page = await context.newPage()
    const tab = new Tab(page)
    await page.goto(`${origin}/about.html`)
    await page.evaluate(`(async () => {
      const { createClient } = await import('/client.js')
      globalThis.read = {}
      globalThis.verdicts = []
      globalThis.states = []
      globalThis.client = createClient(${options})
      globalThis.handles = ${JSON.stringify(topics)}.map((topic) => {
        read[topic] = []
        return client.subscribe(topic, (messages) => read[topic].push(...messages.map(({ data }) => data)), {
          onVerdict: (told) => verdicts.push(told),
          onState: ({ name }) => states.push(name),
        })
      })
    })()`)
    await until('live', () => tab.see<boolean>(`states.includes('live')`))
    return tab
  }

  see<T>(expression: string): Promise<T> {
    return this.page.evaluate(expression) as Promise<T>
  }

  /** Keep it from running anything, without a word before. Gives when it goes on. */
  stop(): { end: Promise<void> } {
    const stopping = this.see<void>(
      `{ const end = performance.now() + ${stoppedMs}; while (performance.now() < end); }`,
    )
    return { end: stopping.catch(() => {}) }
  }

  /** Have a debugger pause it: nothing runs in it, and it says nothing. Gives how it goes on. */
  async pause(): Promise<() => Promise<unknown>> {
    const session = await this.page.context().newCDPSession(this.page)
    await session.send('Debugger.enable')
    const paused = new Promise((resolve) => session.once('Debugger.paused', resolve))
    await session.send('Debugger.pause')
    session.send('Runtime.evaluate', { expression: '1' }).catch(() => {})
    await paused
    return () => session.send('Debugger.resume')
  }

  /** Stop the process in which it runs, as a machine without memory does. Gives how it goes on. */
  async stopProcess(): Promise<() => Promise<unknown>> {
    const browser = this.page.context().browser()
    if (browser === null) throw new Error('this page has no browser')
    const session = await browser.newBrowserCDPSession()
    const times = async () => {
      const { processInfo } = await session.send('SystemInfo.getProcessInfo')
      return new Map(processInfo.filter(({ type }) => type === 'renderer').map(({ id, cpuTime }) => [id, cpuTime]))
    }
    const before = await times()
    await this.see(`{ const end = performance.now() + ${busyMs}; while (performance.now() < end); }`)
    const used = [...(await times())].map(([id, time]) => ({ id, time: time - (before.get(id) ?? 0) }))
    const { id } = used.reduce((most, one) => (one.time > most.time ? one : most))
    process.kill(id, 'SIGSTOP')
    return async () => process.kill(id, 'SIGCONT')
  }

  read(topic: string): Promise<number[]> {
    return this.see(`read[${JSON.stringify(topic)}]`)
  }

  publish(topic: string, data: number): Promise<number> {
    return this.see(`(async () => {
      const begun = performance.now()
      await client.publish(${JSON.stringify(topic)}, ${data})
      return performance.now() - begun
    })()`)
  }
}

/**
 * Wait until one poll is for all of them: what is published on `all` comes to every tab, and those that do not lead have asked
 * nothing for it. Gives how many were published there.
 */
export async function settle(app: LiveApp, tabs: readonly Tab[], published: number): Promise<number> {
  for (let last = published + 1; ; last += 1) {
    const others = tabs.filter(({ underWay }) => underWay.size === 0)
    const asked = () => others.reduce((sum, { polls }) => sum + polls, 0)
    const before = asked()
    await app.publishNow('all', last)
    for (const tab of tabs) await until(`${last}`, async () => (await tab.read('all')).includes(last))
    if (others.length === tabs.length - 1 && asked() === before) return last
  }
}

/** Who holds the lead, by the number of its tab. */
export async function leaderOf(tabs: readonly Tab[]): Promise<number> {
  const clients = await Promise.all(
    tabs.map(({ page }) =>
      page.evaluate(`navigator.locks.query().then(({ held }) => ({
        lead: held.find(({ name }) => /^encke \\w+$/.test(name))?.clientId,
      }))`),
    ),
  )
  const { lead } = clients[0] as { lead?: string }
  for (const [index, { page }] of tabs.entries()) {
    const own = await page.evaluate(`navigator.locks.request('who ' + Math.random(), async ({ name }) => {
      const { held } = await navigator.locks.query()
      return held.find((one) => one.name === name).clientId
    })`)
    if (own === lead) return index
  }
  throw new Error('nobody leads')
}

/** What the tabs are, in alphabetical order. */
export async function roles(tabs: readonly Tab[]): Promise<string[]> {
  return (await Promise.all(tabs.map((tab) => tab.see<string>('client.role')))).toSorted()
}

export async function waitingAt(app: LiveApp): Promise<number> {
  const { body } = await app.administer<{ hub: { waiting: number } }>('GET', '/admin/statistics')
  return body.hub.waiting
}

export const numbers = (count: number, from = 1) => Array.from({ length: count }, (_, n) => from + n)
