// The example of docs/streaming-answers.md, as it stands there: in Node, and in a browser where there is one.

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { describe, expect, inject, it } from 'vitest'
import { launch } from './public/browser.ts'
import { Served, until } from './server/http/served.ts'

const document = readFileSync(new URL('../docs/streaming-answers.md', import.meta.url), 'utf8')

const unpacked = inject('browser')

/** The code of a file that the document shows. */
function codeOf(name: string): string {
  const [, code = ''] = new RegExp(`^\`\`\`js ${name}\\n(.*?)^\`\`\`$`, 'ms').exec(document) ?? []
  return code
}

async function moduleOf(name: string) {
  return await import(`data:text/javascript,${encodeURIComponent(codeOf(name))}`)
}

const words = Array.from({ length: 60 }, (_, at) => `${at % 7 === 0 ? 'gr\u00fcne ' : ''}word ${at}, `)

it('an answer that grows is shown whole by two readers, one of which begins again in the middle', async () => {
  await using served = await Served.start()
  const url = `${served.origin}/v1/stream/answers/1`
  const [{ answer }, { read }] = [await moduleOf('answer.js'), await moduleOf('read.js')]
  const shown = ['', '', '']
  const show = (page: number) => (text: string) => {
    shown[page] += text
  }
  let hasReloaded = false
  const writing = answer(
    url,
    (async function* () {
      for (const [at, word] of words.entries()) {
        yield word
        await sleep(1)
        if (at === words.length / 2) await until(() => hasReloaded)
      }
    })(),
  )
  await until(() => served.app.hub.statistics().published > 0)
  const leaving = new AbortController()
  const first = read(url, show(0))
  const second = read(url, show(1), leaving.signal).catch(() => {})
  await until(() => (shown[1] as string).length > 100)
  leaving.abort()
  await second
  const reloaded = read(url, show(2))
  await until(() => (shown[2] as string).length >= (shown[1] as string).length)
  hasReloaded = true
  await Promise.all([writing, first, reloaded])
  expect([shown[0], shown[2]]).toEqual([words.join(''), words.join('')])
  expect(words.join('').startsWith(shown[1] as string)).toBe(true)
  const later = ['']
  await read(url, (text: string) => later.push(text))
  expect(later.join('')).toBe(words.join(''))
})

describe.skipIf(unpacked.missing !== '')('in a browser', () => {
  it('two tabs show the whole answer while it grows, though one is reloaded in the middle', async () => {
    await using served = await Served.start()
    await using browser = await launch(unpacked)
    const { answer } = await moduleOf('answer.js')
    const context = await browser.newContext()
    const tabs = [await context.newPage(), await context.newPage()] as const
    // What a script of the page would do; the policy of our pages admits no code of a test.
    const open = async (page: Page) => {
      await page.goto(`${served.origin}/about.html`)
      await page.evaluate(`
        const read = ${codeOf('read.js').replace(/^.*?export (?=async function)/s, '')}
        document.body.textContent = ''
        window.isWhole = false
        read('/v1/stream/answers/2', (text) => document.body.append(text)).then(() => { isWhole = true })
        undefined
      `)
    }
    const shown = (page: Page) => page.evaluate('document.body.textContent') as Promise<string>
    const hasReloaded = Promise.withResolvers<void>()
    const writing = answer(
      `${served.origin}/v1/stream/answers/2`,
      (async function* () {
        for (const [at, word] of words.entries()) {
          if (at === words.length / 2) await hasReloaded.promise
          yield word
        }
      })(),
    )
    await until(() => served.app.hub.statistics().published >= words.length / 2)
    for (const page of tabs) await open(page)
    const half = words.slice(0, words.length / 2).join('')
    for (const page of tabs) await expect.poll(() => shown(page)).toBe(half)
    await tabs[1].reload()
    await open(tabs[1])
    await expect.poll(() => shown(tabs[1])).toBe(half)
    hasReloaded.resolve()
    await writing
    for (const page of tabs) {
      await expect.poll(() => page.evaluate('isWhole')).toBe(true)
      expect(await shown(page)).toBe(words.join(''))
    }
  })
})
