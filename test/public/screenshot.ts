// Makes the picture in the README: `npm run screenshot`. Two people talk, orders and prices are published and read, and after
// two minutes the picture is the chat of one of them beside the dashboard.

import { stat } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { Agent, request } from 'undici'
import { pollPath } from '../server/http/live-app.ts'
import { ServerProcess } from '../server/server-process.ts'
import { Operator } from './admin/operator.ts'
import { launch, unpackBrowser } from './browser.ts'
import { Person } from './person.ts'

const path = fileURLToPath(new URL('../../public/screenshot.png', import.meta.url))
const mostBytes = 200_000

/** How long the server is at work before the picture: plots of less show little. */
const workSeconds = 125

/** Topics with so many readers, and so many messages a second. */
const work = [
  { topic: 'orders/eu', readers: 24, perSecond: 6 },
  { topic: 'prices/gold', readers: 60, perSecond: 4 },
  { topic: 'orders/us', readers: 16, perSecond: 3 },
  { topic: 'sensors/roof', readers: 4, perSecond: 2 },
]

const chatSize = { width: 430, height: 720 }
const dashboardSize = { width: 1280, height: 720 }

const { browser: unpacked, remove } = await unpackBrowser()
if (unpacked.missing !== '') throw new Error(unpacked.missing)
try {
  const browser = await launch(unpacked)
  await takePicture(browser).finally(() => browser.close())
} finally {
  await remove()
}
const { size } = await stat(path)
if (size > mostBytes) throw new Error(`${path} has ${size} bytes, and ${mostBytes} are enough`)

async function takePicture(browser: Browser): Promise<void> {
  await using server = await ServerProcess.serving(['--client-limits', 'off'])
  const { origin, token: adminToken } = server
  const place = { origin, app: { adminToken } }
  await using operator = await Operator.enter(browser, place, { viewport: dashboardSize, timezoneId: 'UTC' })
  const stop = new AbortController()
  const working = work.map((share) => serve(origin, share, stop.signal))
  await using chat = await talkInChat(browser, origin)
  await pause(workSeconds * 1_000)
  const pictures = [await pictureOf(chat.page), await pictureOf(operator.page)]
  stop.abort()
  await Promise.all(working)
  await putBeside(browser, pictures)
}

interface Share {
  readonly topic: string
  readonly readers: number
  readonly perSecond: number
}

/** Publish to a topic at a rate that swells and ebbs, while others read it. */
async function serve(origin: string, { topic, readers, perSecond }: Share, signal: AbortSignal): Promise<void> {
  const agent = new Agent()
  const reading = Array.from({ length: readers }, async () => {
    for (let cursor = ''; !signal.aborted; ) {
      const path = pollPath(topic, cursor === '' ? {} : { cursor })
      const reply = await request(origin + path, { dispatcher: agent, signal }).catch(() => undefined)
      const batch = (await reply?.body.json().catch(() => undefined)) as { cursor: string } | undefined
      cursor = batch?.cursor ?? cursor
    }
  })
  const headers = { 'content-type': 'application/json' }
  for (let n = 0; !signal.aborted; n += 1) {
    const swell = 1 + 0.6 * Math.sin(performance.now() / 20_000 + readers)
    await pause((1_000 / perSecond / swell) * (0.5 + Math.random()))
    const published = await request(`${origin}/publish?topic=${topic}`, { method: 'POST', headers, body: `${n}` })
    await published.body.dump()
  }
  await Promise.all(reading)
  await agent.destroy()
}

async function talkInChat(browser: Browser, origin: string): Promise<Person> {
  const ada = await Person.enter(browser, origin, {
    name: 'Ada',
    room: 'comets',
    viewport: chatSize,
    timezoneId: 'UTC',
  })
  await using caroline = await Person.enter(browser, origin, { name: 'Caroline', room: 'comets' })
  let said = 0
  const talk = async (who: Person, text: string) => {
    await who.say(text)
    said += 1
    // Each waits for the other: in a picture, too, an answer comes after its question.
    for (const person of [ada, caroline]) await untilSaid(person, said)
  }
  await talk(caroline, 'Good evening! Clear sky here at last. Did anybody see it tonight?')
  await talk(ada, 'Right where it should be. It keeps coming back, every 3.3 years.')
  await talk(caroline, 'Like a long poll.')
  await talk(ada, 'How so?')
  await talk(caroline, 'You ask, and nothing happens for a while.\nThen the answer comes, and you ask again.')
  await talk(ada, 'I was offline for a minute just now, and everything was here when I came back!')
  return ada
}

async function untilSaid({ page }: Person, count: number): Promise<void> {
  await page
    .locator('.said[data-status=confirmed]')
    .nth(count - 1)
    .waitFor()
}

async function pictureOf(page: Page): Promise<string> {
  return (await page.screenshot()).toString('base64')
}

/** One picture of several, side by side, each in a frame. */
async function putBeside(browser: Browser, pictures: readonly string[]): Promise<void> {
  const page = await browser.newPage({ viewport: { width: chatSize.width + dashboardSize.width + 72, height: 768 } })
  const images = pictures.map((picture) => `<img src="data:image/png;base64,${picture}">`)
  await page.setContent(`<style>
    body { display: flex; gap: 24px; margin: 0; padding: 24px; background: #dfe4f3 }
    img { display: block; border-radius: 12px; outline: 1px solid #c3cae3 }
  </style>${images.join('')}`)
  await page.screenshot({ path })
  await page.close()
}
