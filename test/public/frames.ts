// A room with ten thousand messages in the real browser, scrolled from the newest to the first, with the time from frame to
// frame: `node test/public/frames.ts`. Prints a table; ends with 1 where the first message was not reached.
//
// What would make the numbers lie: other work on the machine. The browser draws without a graphics card, on the processor. The
// first row is the same page while it stands still: what is above it is the price of scrolling. The last rows are a static page
// with the same texts as one plain list, and without a script: what scrolling costs here in any case. A task of more than 50 ms
// is one that somebody may notice; the browser reports no shorter one.

import type { Browser, Page, ViewportSize } from 'playwright-core'
import { LiveApp } from '../server/http/live-app.ts'
import { launch, unpackBrowser } from './browser.ts'
import { Person } from './person.ts'

const count = 10_000
const stillFrames = 300
const viewports = { wide: { width: 1280, height: 800 }, phone: { width: 390, height: 780 } }

/** Some are one line, some are four, as people write. */
const textOf = (n: number) => `message ${n}${' and so on'.repeat((n * 7) % 30)}`

interface Frames {
  readonly gaps: readonly number[]
  /** The tasks that took longer than 50 ms, in milliseconds. */
  readonly tasks: readonly number[]
}

const { browser: unpacked, remove } = await unpackBrowser()
if (unpacked.missing !== '') throw new Error(unpacked.missing)
try {
  await using app = await LiveApp.open(['--history-messages', `${count}`, '--history-bytes', '8388608'])
  for (let n = 1; n <= count; n += 1) await app.publishNow('chat/lobby', { name: `n${n % 7}`, text: textOf(n) })
  await using browser = await launch(unpacked)
  print('page', 'frames', 'p50, ms', 'p99, ms', 'longest, ms', 'tasks above 50 ms', 'longest task, ms')
  print('---', ...Array.from({ length: 6 }, () => '--:'))
  for (const [kind, viewport] of Object.entries(viewports)) {
    await using person = await Person.enter(browser, app.origin, { name: 'Ada', viewport })
    const { page } = person
    await page.locator('.said', { hasText: `message ${count}` }).waitFor()
    printFrames(`${kind}, still`, await watch(page, 0))
    printFrames(`${kind}, 150 px a frame, 1,000 frames`, await watch(page, 150, 1_000))
    printFrames(`${kind}, 1,200 px a frame, to the first`, await watch(page, 1_200, Number.POSITIVE_INFINITY))
    const first = await page.locator('.said .text').first().innerText()
    if (!first.startsWith('message 1 ')) {
      process.stderr.write(`it came to ${first.slice(0, 20)} and no further\n`)
      process.exitCode = 1
    }
  }
  for (const [kind, viewport] of Object.entries(viewports)) await watchStatic(browser, kind, viewport)
} finally {
  await remove()
}

/** The same texts as a plain list, scrolled from its end. */
async function watchStatic(browser: Browser, kind: string, viewport: ViewportSize): Promise<void> {
  const page = await browser.newPage({ viewport })
  const rows = Array.from({ length: count }, (_, n) => `<li>${textOf(n + 1)}`)
  await page.setContent(`<style>
    #log { height: 700px; overflow: auto; background: white }
  </style><div id="log"><ol>${rows.join('')}</ol></div>`)
  await page.evaluate(`{ const log = document.getElementById('log'); log.scrollTop = log.scrollHeight }`)
  printFrames(`${kind}, static, 150 px a frame, 1,000 frames`, await watch(page, 150, 1_000))
  printFrames(`${kind}, static, 1,200 px a frame`, await watch(page, 1_200, Number.POSITIVE_INFINITY))
  await page.close()
}

/** Scroll up by so many pixels in each frame, for so many frames or until the top of the list has been seen for a while. */
function watch(page: Page, pixels: number, most = stillFrames): Promise<Frames> {
  return page.evaluate(`(async () => {
    const log = document.getElementById('log')
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
    const tasks = []
    const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)))
    observer.observe({ type: 'longtask' })
    const gaps = []
    await frame()
    let last = await frame()
    for (let atTop = 0; gaps.length < ${most} && atTop < 30; ) {
      if (${pixels} > 0) log.scrollBy({ top: -${pixels}, behavior: 'instant' })
      const now = await frame()
      gaps.push(now - last)
      last = now
      atTop = ${pixels} > 0 && log.scrollTop === 0 ? atTop + 1 : 0
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
    observer.disconnect()
    return { gaps, tasks }
  })()`) as Promise<Frames>
}

function printFrames(words: string, { gaps, tasks }: Frames): void {
  const sorted = gaps.toSorted((a, b) => a - b)
  const at = (share: number) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1)
  print(words, gaps.length, at(0.5), at(0.99), at(1), tasks.length, tasks.length === 0 ? '–' : Math.max(...tasks))
}

function print(...cells: unknown[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`)
}
