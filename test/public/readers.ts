// Eight tabs of one browser with twelve subscriptions, and the end of their leader, with the polls that wait at the server from
// then on: `node test/public/readers.ts`. Prints a table; ends with 1 where a message was lost, doubled or out of order, or
// where in the end not one poll waits.
//
// A message is published every 50 ms all the time, so that something is on its way at every moment.

import { setTimeout as pause } from 'node:timers/promises'
import type { BrowserContext } from 'playwright-core'
import { LiveApp, until } from '../server/http/live-app.ts'
import { launch, unpackBrowser } from './browser.ts'
import { leaderOf, numbers, settle, Tab, waitingAt } from './tab.ts'

const tabCount = 8
/** Tabs that read a topic of their own beside the one that all read. */
const ownCount = 4
const everyMs = 50
/** When the server is asked how many wait, in milliseconds after the leader was ended. */
const looks = [0, 250, 500, 1_000, 2_000, 4_000, 6_000, 8_000, 10_000]

const endings = {
  'is closed': async (leader: Tab) => {
    await leader.page.close()
    return undefined
  },
  'is killed': async (leader: Tab) => {
    await leader.page.goto('chrome://crash').catch(() => {})
    return undefined
  },
  'is paused, for 12 s': (leader: Tab) => leader.pause(),
  'is stopped with its process, for 12 s': (leader: Tab) => leader.stopProcess(),
}

const { browser: unpacked, remove } = await unpackBrowser()
if (unpacked.missing !== '') throw new Error(unpacked.missing)
try {
  await using browser = await launch(unpacked)
  const columns = looks.map((ms) => `${ms / 1_000} s`)
  print('the leader', ...columns, 'after all', 'messages', 'lost or doubled')
  print('---', ...Array.from({ length: columns.length + 3 }, () => '--:'))
  for (const [words, end] of Object.entries(endings)) {
    const context = await browser.newContext()
    const row = await observe(context, end)
    await context.close()
    print(words, ...row)
  }
} finally {
  await remove()
}

function print(...cells: unknown[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`)
}

async function observe(
  context: BrowserContext,
  end: (leader: Tab) => Promise<(() => Promise<unknown>) | undefined>,
): Promise<unknown[]> {
  await using app = await LiveApp.open()
  const tabs: Tab[] = []
  for (let n = 0; n < tabCount; n += 1) {
    tabs.push(await Tab.open(context, app.origin, n < ownCount ? ['all', `own-${n}`] : ['all']))
  }
  let published = await settle(app, tabs, 0)
  const last = new Map(tabs.map((_, index) => [index, 0]))
  let isEnding = true
  const publishing = (async () => {
    for (; isEnding; await pause(everyMs)) {
      await app.publishNow('all', ++published)
      const own = published % ownCount
      last.set(own, (last.get(own) ?? 0) + 1)
      await app.publishNow(`own-${own}`, last.get(own))
    }
  })()
  const leader = await leaderOf(tabs)
  const [old] = tabs.slice(leader, leader + 1) as [Tab]
  const thaw = await end(old)
  const begun = performance.now()
  const counts: number[] = []
  for (const ms of looks) {
    await pause(Math.max(0, begun + ms - performance.now()))
    counts.push(await waitingAt(app))
  }
  if (thaw) {
    await pause(2_000)
    await thaw()
  }
  isEnding = false
  await publishing
  const left = tabs.filter((tab) => tab !== old || thaw)
  published = await settle(app, left, published)
  let wrong = 0
  for (const tab of left) {
    const index = tabs.indexOf(tab)
    const read = await tab.read('all')
    wrong += differences(read, numbers(read.length, published - read.length + 1))
    if (index >= ownCount) continue
    await until('its own', async () => (await tab.read(`own-${index}`)).length >= (last.get(index) ?? 0))
    wrong += differences(await tab.read(`own-${index}`), numbers(last.get(index) ?? 0))
  }
  await until('one poll', async () => (await waitingAt(app)) === 1)
  if (wrong > 0) process.exitCode = 1
  return [...counts, await waitingAt(app), published, wrong]
}

function differences(read: readonly number[], wanted: readonly number[]): number {
  return wanted.filter((n, index) => read[index] !== n).length + Math.abs(read.length - wanted.length)
}
