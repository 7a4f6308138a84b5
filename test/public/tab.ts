// A tab of a browser for the tests: a page with a client, what its subscriptions have read, and which of several leads.

import type { BrowserContext, Page } from 'playwright-core'
import type { LiveApp } from '../server/http/live-app.ts'
import { soon } from './person.ts'

/** Longer than the other tabs wait for a sign. */
const stoppedMs = 9_000

/** A page with a client, and what its subscriptions have read. */
export class Tab {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  /** Open a page and begin `subscriptions`, each a topic or several. */
  static async open(context: BrowserContext, origin: string, topics: string[], options = '{}'): Promise<Tab> {
    const page = await context.newPage()
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
    const tab = new Tab(page)
    await soon(() => tab.see<string[]>('states')).toContain('live')
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

export async function waitingAt(app: LiveApp): Promise<number> {
  const { body } = await app.administer<{ hub: { waiting: number } }>('GET', '/admin/statistics')
  return body.hub.waiting
}

export const numbers = (count: number, from = 1) => Array.from({ length: count }, (_, n) => from + n)
