// A person in the chat: a browser window of their own, what they do in it, and what they see.

import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { expect } from 'vitest'

interface Entering extends BrowserContextOptions {
  /** Without one nobody joins in. */
  readonly name?: string
  readonly room?: string
}

/** Look again and again until it is as expected. */
export function soon<T>(look: () => T | Promise<T>) {
  return expect.poll(look, { timeout: 60_000, interval: 20 })
}

export class Person implements AsyncDisposable {
  readonly page: Page
  /** What a browser complains about that no page of ours should give it a reason for. */
  readonly complaints: string[] = []

  private constructor(page: Page) {
    this.page = page
    page.on('pageerror', (error) => this.complaints.push(`error: ${error.message}`))
    page.on('dialog', async (dialog) => {
      this.complaints.push(`dialog: ${dialog.message()}`)
      await dialog.dismiss()
    })
    page.on('console', (message) => {
      if (/Content.Security.Policy|TrustedHTML|TrustedScript/i.test(message.text()))
        this.complaints.push(message.text())
    })
  }

  /** Open the page, and wait for nothing. */
  static async open(browser: Browser, origin: string, entering: Entering = {}): Promise<Person> {
    const { room = 'lobby', name: _, ...options } = entering
    const context = await browser.newContext({ reducedMotion: 'reduce', locale: 'en-GB', ...options })
    context.setDefaultTimeout(60_000)
    const person = new Person(await context.newPage())
    await person.page.goto(`${origin}/#${new URLSearchParams({ room })}`)
    return person
  }

  static async enter(browser: Browser, origin: string, entering: Entering = {}): Promise<Person> {
    const person = await Person.open(browser, origin, entering)
    await person.untilConnection('Live')
    if (entering.name !== undefined) await person.join(entering.name)
    return person
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close()
  }

  async join(name: string): Promise<void> {
    await this.page.getByLabel('Your name').fill(name)
    await this.page.keyboard.press('Enter')
  }

  get field() {
    return this.page.getByLabel('Message', { exact: true })
  }

  async say(text: string): Promise<void> {
    await this.field.fill(text)
    await this.field.press('Enter')
  }

  /** Fill in a field that stands in a form of its own. */
  async give(label: string, value: string): Promise<void> {
    await this.page.getByLabel(label).fill(value)
    await this.page.keyboard.press('Enter')
  }

  untilConfirmed(count: number): Promise<void> {
    return soon(() => this.page.locator('.said.is-own[data-status=confirmed]').count()).toBe(count)
  }

  /** The links, fields and buttons inside a part of the page that stick out of the window, or of that part. */
  outOfView(part: string): Promise<string[]> {
    return this.page.evaluate(`(() => {
      const whole = document.querySelector('${part}')
      const { left, right } = whole.getBoundingClientRect()
      const isOut = (box) => box.left < Math.max(left, 0) - 0.5 || box.right > Math.min(right, innerWidth) + 0.5
      return [...whole.querySelectorAll('a, button, input, textarea, h1')]
        .filter((one) => one.checkVisibility() && isOut(one.getBoundingClientRect()))
        .map((one) => one.outerHTML.slice(0, 200))
    })()`)
  }

  /** The texts of the messages, from top to bottom. */
  texts(): Promise<string[]> {
    return this.page.locator('.said .text').allInnerTexts()
  }

  /** The lines between the messages. */
  lines(): Promise<string[]> {
    return this.page.locator('.line').allInnerTexts()
  }

  untilConnection(words: string): Promise<void> {
    return this.page.locator('#connection', { hasText: words }).waitFor()
  }

  untilTexts(texts: string[]): Promise<void> {
    return soon(() => this.texts()).toEqual(texts)
  }

  setOffline(isOffline: boolean): Promise<void> {
    return this.page.context().setOffline(isOffline)
  }

  /** Hide the page, or show it: headless windows are never hidden by themselves. */
  turn(to: 'hidden' | 'visible'): Promise<void> {
    return this.page.evaluate(`
      Object.defineProperty(document, 'hidden', { value: ${to === 'hidden'}, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    `)
  }
}
