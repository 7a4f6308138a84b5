// Makes the picture in the README: `npm run screenshot`. Two people talk, and the page of one of them is the picture.

import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { LiveApp } from '../server/http/live-app.ts'
import { launch, unpackBrowser } from './browser.ts'
import { Person } from './person.ts'

const path = fileURLToPath(new URL('../../public/screenshot.png', import.meta.url))
const mostBytes = 200_000

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
  await using app = await LiveApp.open()
  const window = { viewport: { width: 1120, height: 760 }, deviceScaleFactor: 1.25, timezoneId: 'UTC' }
  await using ada = await Person.enter(browser, app.origin, { name: 'Ada', room: 'observatory', ...window })
  await ada.page.goto(`${app.origin}/#room=comets`)
  await using johann = await Person.enter(browser, app.origin, { name: 'Johann', room: 'comets' })
  await using caroline = await Person.enter(browser, app.origin, { name: 'Caroline', room: 'comets' })
  let said = 0
  const talk = async (who: Person, text: string) => {
    await who.say(text)
    said += 1
    // Each waits for the other: in a picture, too, an answer comes after its question.
    for (const person of [ada, johann, caroline]) await untilSaid(person, said)
  }
  await talk(caroline, 'Good evening! Clear sky here at last. Did anybody see it tonight?')
  await talk(
    johann,
    'Right where it should be. It keeps coming back, every 3.3 years:\nhttps://en.wikipedia.org/wiki/Comet_Encke',
  )
  await talk(ada, 'Like a long poll.')
  await talk(caroline, 'How so?')
  await talk(ada, 'You ask, and nothing happens for a while.\nThen the answer comes, and you ask again.')
  await talk(johann, 'I computed its orbit in 1819. It took six weeks and a good deal of ink.')
  await talk(caroline, 'I was offline for a minute just now, and everything was here when I came back!')
  await app.publish('chat/observatory', { name: 'Caroline', text: 'dome is open' })
  await ada.page.getByRole('link', { name: 'observatory (1 unread)' }).waitFor()
  await ada.page.evaluate(
    `for (const place of document.querySelectorAll('.origin')) place.textContent = 'http://127.0.0.1:8080'`,
  )
  await ada.page.screenshot({ path })
}

async function untilSaid({ page }: Person, count: number): Promise<void> {
  await page
    .locator('.said[data-status=confirmed]')
    .nth(count - 1)
    .waitFor()
}
