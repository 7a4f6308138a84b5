// A browser by hand: locks and channels that its tabs share, tabs that freeze in the middle of anything, and what reaches a
// tab while it is frozen, kept until it thaws, in the order that a test wants. Polls go to a real server.

import { createClient } from '../../public/client.js'
import { HandPage } from './hand-timers.ts'
import type { Options } from './reader.ts'

/** What a tab is woken by: the answer to a request, another tab's word, a lock that is granted or lost, a timer. */
export type Waking = 'answer' | 'word' | 'lock' | 'timer'

/** How often a tab looks whether its leader is alive. */
const beatMs = 1_500

interface Claim {
  readonly tab: HandTab
  readonly grant: () => void
  readonly lose: () => void
}

interface Lock {
  held: Claim | undefined
  waiting: Claim[]
}

export class HandBrowser implements Disposable {
  readonly tabs: HandTab[] = []
  readonly locks = new Map<string, Lock>()
  readonly channels = new Set<HandChannel>()

  /** Open a tab that reads these topics. */
  open(origin: string, topics: string[], options: Parameters<typeof createClient>[0] = {}): HandTab {
    const tab = new HandTab(this, origin, options)
    for (const topic of topics) tab.subscribe(topic)
    this.tabs.push(tab)
    return tab
  }

  /** The tab that holds the lead. */
  get leader(): HandTab {
    const [leader] = this.#leads.map(({ held }) => held?.tab)
    if (leader === undefined) throw new Error('nobody leads')
    return leader
  }

  /** How many wait for a lock of any name. */
  get claims(): number {
    return [...this.locks.values()].reduce((sum, { waiting }) => sum + waiting.length, 0)
  }

  get #leads(): Lock[] {
    return [...this.locks].filter(([name]) => /^encke \w+$/.test(name)).map(([, lock]) => lock)
  }

  lock(name: string): Lock {
    const lock = this.locks.get(name) ?? { held: undefined, waiting: [] }
    this.locks.set(name, lock)
    return lock
  }

  [Symbol.dispose](): void {
    for (const tab of this.tabs) tab.close()
  }
}

export class HandTab {
  readonly browser: HandBrowser
  readonly client: ReturnType<typeof createClient>
  readonly page = new HandPage()
  readonly read: Record<string, unknown[]> = {}
  readonly verdicts: unknown[] = []
  readonly beats = new Set<() => void>()
  /** What it has asked, and what has no answer yet. */
  readonly asked: string[] = []
  readonly underWay = new Set<string>()
  readonly #timers = new Set<unknown>()
  /** What it is woken by, but not yet. */
  readonly #held = new Map<Waking, (() => void)[]>()

  constructor(browser: HandBrowser, origin: string, options: Parameters<typeof createClient>[0]) {
    this.browser = browser
    this.client = createClient({
      origin,
      page: this.page as never,
      network: new EventTarget() as never,
      locks: new HandLocks(this) as never,
      Channel: channelOf(this) as never,
      fetch: this.#fetch,
      setTimeout: this.#setTimeout as never,
      clearTimeout: this.#clearTimeout as never,
      random: () => Math.random() / 1_000,
      ...options,
    })
  }

  /** Whether it does nothing by itself: it has no request under way, and waits for no time to pass. */
  get isResting(): boolean {
    return this.underWay.size === 0 && this.#timers.size === 0
  }

  /** Whether all that it does is to wait for news. */
  get isWaiting(): boolean {
    const [url = '', ...others] = this.underWay
    return url !== '' && others.length === 0 && !url.includes('wait=')
  }

  subscribe(topic: string, options: Options = {}): ReturnType<HandTab['client']['subscribe']> {
    const read: unknown[] = []
    this.read[topic] = read
    return this.client.subscribe(topic, (messages) => read.push(...messages.map(({ data }) => data)), {
      onVerdict: (told) => this.verdicts.push(told),
      ...options,
    })
  }

  /** Keep back what would wake it. */
  hold(...wakings: Waking[]): void {
    for (const waking of wakings) this.#held.set(waking, [])
  }

  freeze(): void {
    this.hold('answer', 'word', 'lock', 'timer')
  }

  /** Give what was kept back, kind by kind: each is dealt with before the next comes. */
  async thaw(...order: Waking[]): Promise<void> {
    for (const waking of order) {
      const kept = this.#held.get(waking) ?? []
      this.#held.delete(waking)
      for (const wake of kept) wake()
      for (let n = 0; n < 5; n += 1) await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  /** Whether something waits that it would be woken by. */
  hasKept(waking: Waking): boolean {
    return (this.#held.get(waking)?.length ?? 0) > 0
  }

  /** Look whether the leader is alive, so often that a silent one is taken for frozen. */
  async listen(): Promise<void> {
    for (let beat = 0; beat < 4; beat += 1) {
      for (const ring of [...this.beats]) ring()
      for (let n = 0; n < 3; n += 1) await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  wake(waking: Waking, act: () => void): void {
    setImmediate(() => {
      const held = this.#held.get(waking)
      if (held === undefined) act()
      else held.push(act)
    })
  }

  /** As closing a tab does: its locks are free, its channels hear no more. */
  close(): void {
    this.freeze()
    for (const channel of this.browser.channels) if (channel.tab === this) this.browser.channels.delete(channel)
    for (const lock of this.browser.locks.values()) {
      lock.waiting = lock.waiting.filter(({ tab }) => tab !== this)
      if (lock.held?.tab === this) pass(lock)
    }
    this.client.close()
  }

  readonly #fetch: typeof fetch = (input, init) => {
    const url = `${input}`
    this.asked.push(url)
    this.underWay.add(url)
    return new Promise((resolve, reject) => {
      const answered = (act: () => void) =>
        this.wake('answer', () => {
          this.underWay.delete(url)
          act()
        })
      const answer = fetch(input, init).then(async (response) => new Response(await response.text(), response))
      answer.then(
        (response) => answered(() => resolve(response)),
        (error) => answered(() => reject(error)),
      )
    })
  }

  readonly #setTimeout = (ring: () => void, ms: number) => {
    if (ms === beatMs) {
      const beat = () => {
        this.beats.delete(beat)
        ring()
      }
      this.beats.add(beat)
      return beat
    }
    const timer = setTimeout(() => {
      this.wake('timer', () => {
        if (this.#timers.delete(timer)) ring()
      })
    }, ms)
    this.#timers.add(timer)
    return timer
  }

  /** As a browser's own, it takes no other `this`. */
  readonly #clearTimeout = clearing((timer: never) => {
    this.#timers.delete(timer)
    if (!this.beats.delete(timer)) clearTimeout(timer)
  })
}

function clearing(clear: (timer: never) => void) {
  return function (this: unknown, timer: never): void {
    if (this !== undefined) throw new TypeError('Illegal invocation')
    clear(timer)
  }
}

/** The locks of a browser, as one tab asks for them. */
class HandLocks {
  readonly #tab: HandTab

  constructor(tab: HandTab) {
    this.#tab = tab
  }

  request(
    name: string,
    { steal = false, signal }: { steal?: boolean; signal?: AbortSignal },
    held: () => unknown,
  ): Promise<unknown> {
    const tab = this.#tab
    const lock = tab.browser.lock(name)
    return new Promise((resolve, reject) => {
      const claim: Claim = {
        tab,
        grant: () =>
          tab.wake('lock', async () => {
            resolve(await held())
            if (lock.held === claim) pass(lock)
          }),
        lose: () => tab.wake('lock', () => reject(new DOMException('stolen', 'AbortError'))),
      }
      signal?.addEventListener('abort', () => {
        lock.waiting = lock.waiting.filter((one) => one !== claim)
        reject(signal.reason)
      })
      if (steal) lock.held?.lose()
      if (steal || lock.held === undefined) {
        lock.held = claim
        claim.grant()
      } else lock.waiting.push(claim)
    })
  }
}

/** Free a lock, for the next. */
function pass(lock: Lock): void {
  lock.held = lock.waiting.shift()
  lock.held?.grant()
}

interface HandChannel {
  readonly tab: HandTab
  readonly name: string
  onmessage: ((event: { data: unknown }) => void) | null
}

function channelOf(tab: HandTab) {
  return class implements HandChannel {
    readonly tab = tab
    readonly name: string
    onmessage: HandChannel['onmessage'] = null

    constructor(name: string) {
      this.name = name
      tab.browser.channels.add(this)
    }

    postMessage(told: unknown): void {
      const data = structuredClone(told)
      for (const channel of tab.browser.channels) {
        if (channel.name !== this.name || channel === this) continue
        channel.tab.wake('word', () => tab.browser.channels.has(channel) && channel.onmessage?.({ data }))
      }
    }

    close(): void {
      tab.browser.channels.delete(this)
    }
  }
}
