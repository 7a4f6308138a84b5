// An operator at the dashboard: a browser window with the link that the server prints, and what it complains about.

import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

/** Where the dashboard is, and what it wants. */
interface Place {
  readonly origin: string
  readonly app: { readonly adminToken: string }
}

export class Operator implements AsyncDisposable {
  readonly page: Page
  readonly complaints: string[] = []
  readonly #origin: string

  private constructor(page: Page, origin: string) {
    this.page = page
    this.#origin = origin
    page.on('pageerror', (error) => this.complaints.push(`error: ${error.message}`))
    page.on('console', (message) => {
      if (/Content.Security.Policy|TrustedHTML|TrustedScript/i.test(message.text()))
        this.complaints.push(message.text())
    })
  }

  /** Open the dashboard by its link. */
  static async enter(browser: Browser, { origin, app }: Place, options: BrowserContextOptions = {}): Promise<Operator> {
    const operator = await Operator.open(browser, { origin, app }, `#token=${app.adminToken}`, options)
    await operator.page.locator('#pulse', { hasText: 'Live' }).waitFor()
    return operator
  }

  /** Open an address of the dashboard, and wait for nothing. */
  static async open(
    browser: Browser,
    { origin }: Place,
    hash: string,
    options: BrowserContextOptions = {},
  ): Promise<Operator> {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 720 },
      reducedMotion: 'reduce',
      ...options,
    })
    context.setDefaultTimeout(60_000)
    const operator = new Operator(await context.newPage(), origin)
    await operator.go(hash)
    return operator
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close()
  }

  async go(hash: string): Promise<void> {
    await this.page.goto(`${this.#origin}/admin/${hash}`)
  }

  /** Whether anything must be scrolled sideways, or up and down. */
  async overflows(): Promise<{ sideways: boolean; down: boolean }> {
    return this.page.evaluate(`(() => {
      const { scrollWidth, scrollHeight } = document.documentElement
      return { sideways: scrollWidth > innerWidth, down: scrollHeight > innerHeight }
    })()`)
  }
}
