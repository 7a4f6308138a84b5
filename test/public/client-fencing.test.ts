// A leader that was frozen, and thaws while another tab leads: whatever it meets first, it leads nobody, nothing is lost or
// doubled, and one poll waits. The browser is made by hand, so that each order of events can be had.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { LiveApp, turns, until } from '../server/http/live-app.ts'
import { HandBrowser, type HandTab, type Waking } from './hand-browser.ts'
import { numbers } from './tab.ts'

/** One tab waits for news, for all of them. */
async function settle(app: LiveApp, tabs: readonly HandTab[]): Promise<void> {
  const isSettled = () =>
    tabs.every((tab) =>
      tab.client.role === 'leader' ? tab.isWaiting : tab.client.role === 'follower' && tab.isResting,
    )
  for (let quiet = 0; quiet < 10; quiet += 1) {
    await until('one leads and the others follow', () => isSettled() && app.app.hub.statistics().waiting > 0)
    await turns(1)
    if (!isSettled()) quiet = 0
  }
}

async function open(app: LiveApp, browser: HandBrowser, topics: string[][], options = {}): Promise<HandTab[]> {
  const tabs: HandTab[] = []
  for (const own of topics) {
    tabs.push(browser.open(app.origin, own, options))
    await settle(app, tabs)
  }
  return tabs
}

/** Each tab has read all of it, once and in order, and was told of nothing missed. */
async function expectRead(tabs: readonly HandTab[], topic: string, count: number): Promise<void> {
  for (const tab of tabs) {
    await until(`${count} of ${topic}`, () => (tab.read[topic]?.length ?? 0) >= count)
    expect(tab.read[topic]).toEqual(numbers(count))
    expect(tab.verdicts).toEqual([])
  }
}

const orders: Waking[][] = [
  ['answer', 'word', 'lock'],
  ['answer', 'lock', 'word'],
  ['word', 'answer', 'lock'],
  ['word', 'lock', 'answer'],
  ['lock', 'answer', 'word'],
  ['lock', 'word', 'answer'],
]

describe('a leader that was frozen', { timeout: 90_000 }, () => {
  afterEach(() => vi.restoreAllMocks())

  it.concurrent.each(orders)('leads nobody when it thaws: first %s, then %s, then %s', async (...order) => {
    await using app = await LiveApp.open()
    using browser = new HandBrowser()
    const tabs = await open(app, browser, [['all'], ['all'], ['all']], { presence: 'ann' })
    const old = browser.leader
    const others = tabs.filter((tab) => tab !== old)
    old.freeze()
    for (const n of numbers(3)) await app.publishNow('all', n)
    await until('its answer', () => old.hasKept('answer'))
    await others[0]?.listen()
    await expectRead(others, 'all', 3)
    await settle(app, others)
    await old.thaw(...order, 'timer')
    for (const n of numbers(3, 4)) await app.publishNow('all', n)
    await expectRead(tabs, 'all', 6)
    await settle(app, tabs)
    expect(browser.leader).not.toBe(old)
    expect(old.client.role).toBe('follower')
    const { members } = await tabs[0]!.client.presence('all')
    expect(members.map(({ name }) => name)).toEqual(['ann'])
  })

  it.concurrent('keeps the name under which its people are here, whoever leads and however often', async () => {
    await using app = await LiveApp.open()
    using browser = new HandBrowser()
    const tabs = await open(app, browser, [['all'], ['all']], { presence: 'ann' })
    for (let round = 1; round <= 4; round += 1) {
      const old = browser.leader
      const other = tabs.find((tab) => tab !== old) as HandTab
      old.freeze()
      await app.publishNow('all', round)
      await other.listen()
      await expectRead([other], 'all', round)
      await old.thaw('answer', 'lock', 'word', 'timer')
      await settle(app, tabs)
      await expectRead(tabs, 'all', round)
      expect(browser.leader).toBe(other)
    }
    const { members } = await tabs[0]!.client.presence('all')
    expect(members.map(({ name }) => name)).toEqual(['ann'])
    // The watch of a leader over a tab ends with its leadership.
    expect(browser.claims).toBe(2)
  })

  it.concurrent('loses no message of a topic that another tab alone reads, though the new leader asks before it hears of that', async () => {
    await using app = await LiveApp.open()
    using browser = new HandBrowser()
    const tabs = await open(app, browser, [['all'], ['all'], ['all', 'own']])
    const [first, second, third] = tabs as [HandTab, HandTab, HandTab]
    await app.publishNow('own', 1)
    await expectRead([third], 'own', 1)
    second.hold('word')
    first.close()
    await until('the second leads', () => second.client.role === 'leader')
    await app.publishNow('all', 1)
    await expectRead([second], 'all', 1)
    await until('it asks again', () => second.isWaiting)
    await app.publishNow('own', 2)
    await second.thaw('word')
    await app.publishNow('own', 3)
    await expectRead([third], 'own', 3)
    await settle(app, [second, third])
    await expectRead([second, third], 'all', 1)
  })

  it.concurrent('that is closed is replaced by one that watches over each tab that follows it', async () => {
    await using app = await LiveApp.open()
    using browser = new HandBrowser()
    const tabs = await open(app, browser, [['all'], ['all'], ['all']])
    const [first, ...others] = tabs as [HandTab, HandTab, HandTab]
    // Each that follows waits for the lead, and the leader for the end of each.
    await until('two follow', () => browser.claims === 4)
    first.close()
    await until('another leads', () => others.some((tab) => tab.client.role === 'leader'))
    await settle(app, others)
    await until('one follows', () => browser.claims === 2)
  })

  it('is replaced by one tab, though two take its place in the same moment', async () => {
    await using app = await LiveApp.open()
    using browser = new HandBrowser()
    const tabs = await open(app, browser, [['all'], ['all'], ['all'], ['all']])
    const old = browser.leader
    const others = tabs.filter((tab) => tab !== old)
    vi.spyOn(Date, 'now').mockReturnValue(Date.now())
    old.freeze()
    await Promise.all(others.map((tab) => tab.listen()))
    for (const n of numbers(3)) await app.publishNow('all', n)
    await expectRead(others, 'all', 3)
    await settle(app, others)
    await old.thaw('lock', 'word', 'answer', 'timer')
    await settle(app, tabs)
    await expectRead(tabs, 'all', 3)
  })

  it('is followed by one that leads, though the clock was set back in between', async () => {
    await using app = await LiveApp.open()
    using browser = new HandBrowser()
    const tabs = await open(app, browser, [['all'], ['all']])
    const [first, second] = tabs as [HandTab, HandTab]
    // The next in line hears nothing of the term before its own, and the clock gives it a smaller one.
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000)
    second.freeze()
    const third = browser.open(app.origin, ['all'])
    await settle(app, [first, third])
    first.close()
    await second.thaw('timer', 'answer', 'lock', 'word')
    await settle(app, [second, third])
    await app.publishNow('all', 1)
    await expectRead([second, third], 'all', 1)
  })
})

describe('a tab that follows', { timeout: 90_000 }, () => {
  it('reads the history of a topic that it reads already by a poll of its own, which is soon over', async () => {
    await using app = await LiveApp.open(['--wait-default-seconds', '120', '--wait-max-seconds', '120'])
    using browser = new HandBrowser()
    await app.publishNow('all', 1)
    const tabs = await open(app, browser, [['all'], ['all']])
    const [leader, follower] = tabs as [HandTab, HandTab]
    follower.subscribe('all', { from: 'earliest' })
    await settle(app, tabs)
    await app.publishNow('all', 2)
    await expectRead([follower], 'all', 2)
    await until('the news', () => leader.read['all']?.length === 1)
  })
})
