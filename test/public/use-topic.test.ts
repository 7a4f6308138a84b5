// docs/client.md, "In a component": its hook and its component in the React of today, on a page of the browser.

import { readFileSync } from 'node:fs'
import { rolldown } from 'rolldown'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { LiveApp } from '../server/http/live-app.ts'
import { launch } from './browser.ts'
import { soon } from './person.ts'
import { numbers, waitingAt } from './tab.ts'

const unpacked = inject('browser')
const guide = readFileSync(new URL('../../docs/client.md', import.meta.url), 'utf8')
const [, example = ''] = /^## In a component\n[\s\S]*?```js\n([\s\S]*?)```/m.exec(guide) ?? []

/** Shows a component for each topic, as strict as React can be: it runs each effect twice. */
const program = `
${example}
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createClient } from '/client.js'

const client = createClient()
const root = createRoot(document.body.appendChild(document.createElement('section')))
const topicOf = (topic, at) => createElement(Topic, { client, topic, key: at })
globalThis.show = (...topics) => root.render(createElement(StrictMode, null, topics.map(topicOf)))
`

/** The program and React in one file, as a bundler makes it. */
async function bundle(): Promise<string> {
  await using bundling = await rolldown({
    input: 'page',
    external: ['/client.js'],
    platform: 'browser',
    transform: { define: { 'process.env.NODE_ENV': '"development"' } },
    plugins: [
      {
        name: 'page',
        resolveId: (id) => (id === 'page' ? fileOf('page.js') : undefined),
        load: (id) => (id === fileOf('page.js') ? program : undefined),
      },
    ],
  })
  const { output } = await bundling.generate({ format: 'esm' })
  return output[0].code
}

/** Beside this file, so that what it imports is found. */
const fileOf = (name: string) => new URL(name, import.meta.url).pathname

describe.skipIf(unpacked.missing !== '')('a component that reads a topic', () => {
  it('shows what is said, shares one poll with others, goes over to another topic, and leaves nothing', async () => {
    await using app = await LiveApp.open()
    const browser = await launch(unpacked)
    onTestFinished(() => browser.close())
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('pageerror', ({ message }) => complaints.push(message))
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    const code = await bundle()
    await page.route('**/page-of-react.js', (route) => route.fulfill({ body: code, contentType: 'text/javascript' }))
    await page.goto(`${app.origin}/about.html`)
    await page.evaluate(`import('/page-of-react.js')`)
    const shown = () =>
      page.evaluate(`[...document.querySelectorAll('section:last-child ul')].map(({ title, children }) =>
        [title, ...[...children].map(({ textContent }) => textContent)])`)
    const render = (...topics: string[]) => page.evaluate(`show(...${JSON.stringify(topics)})`)

    await app.publishNow('a', 'before')
    await render('a', 'a', 'b')
    await soon(shown).toEqual([['live', 'before'], ['live', 'before'], ['live']])
    await soon(() => waitingAt(app)).toBe(1)
    await app.publishNow('a', 'after')
    await soon(shown).toEqual([['live', 'before', 'after'], ['live', 'before', 'after'], ['live']])

    for (const n of numbers(150)) await app.publishNow('c', `${n}`)
    await render('a', 'c')
    await soon(shown).toEqual([
      ['live', 'before', 'after'],
      ['live', ...numbers(100, 51).map(String)],
    ])
    await soon(() => waitingAt(app)).toBe(1)
    await app.publishNow('b', 'nobody reads this')
    await app.publishNow('a', 'the last')
    await soon(shown).toMatchObject([['live', 'before', 'after', 'the last'], { length: 101 }])
    await render()
    await app.untilWaiting(0)
    expect(complaints).toEqual([])
  })
})
