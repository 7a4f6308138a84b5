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
  return expect.poll(look, { timeout: 15_000, interval: 20 })
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

  static async enter(browser: Browser, origin: string, entering: Entering = {}): Promise<Person> {
    const { name, room = 'lobby', ...options } = entering
    const context = await browser.newContext({ reducedMotion: 'reduce', locale: 'en-GB', ...options })
    context.setDefaultTimeout(15_000)
    const person = new Person(await context.newPage())
    await person.page.goto(`${origin}/#${new URLSearchParams({ room })}`)
    await person.untilConnection('Live')
    if (name !== undefined) await person.join(name)
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
