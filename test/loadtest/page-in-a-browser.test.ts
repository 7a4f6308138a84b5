// The report's page where it is looked at, in whatever language the browser was started.

import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { Latencies } from '../../loadtest/measure/latencies.ts'
import { reportPage } from '../../loadtest/report/page.ts'
import { cpuAndMemory, latencyCurve, namedBars } from '../../loadtest/report/plots.ts'
import { launch } from '../public/browser.ts'
import { reportOf, scenarioReport } from './a-report.ts'

const unpacked = inject('browser')
const plots = [
  latencyCurve('Latency', new Map([['publish', Latencies.of([1, 2, 3, 250])]])),
  namedBars('Servers', 'µs', new Map([['Encke', 1234.5]])),
  ...cpuAndMemory({ seconds: [1, 2], serverShare: [1, 2], generatorShare: [1, 2], residentMegabytes: [1_000, 2_000] }),
]

describe.skipIf(unpacked.missing !== '')("the report's page", () => {
  it.each([
    { LANG: 'C', LC_ALL: 'C', LANGUAGE: '' },
    { LANG: 'de_DE.UTF-8', LC_ALL: 'de_DE.UTF-8', LANGUAGE: 'de' },
  ])('draws every plot, with English numbers, when the browser was started in %j', async (variables) => {
    const folder = await mkdtemp(join(tmpdir(), 'encke-test-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    await writeFile(join(folder, 'page.html'), reportPage(reportOf([{ ...scenarioReport, plots }])))
    const browser = await launch(unpacked, variables)
    onTestFinished(() => browser.close())
    const page = await browser.newPage()
    const errors: string[] = []
    page.on('pageerror', ({ message }) => errors.push(message))
    await page.goto(`file://${folder}/page.html`)
    expect(errors).toEqual([])
    expect(await page.locator('figure canvas').count()).toBe(plots.length)
    const legends = await page.locator('.u-legend').allTextContents()
    expect(legends.length).toBe(plots.length)
  })
})
