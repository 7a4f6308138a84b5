// Where reports go: a JSON file and a page for each load test, named by its time, and the newest once more as `latest`.

import { mkdirSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { reportPage } from './page.ts'
import type { Report } from './report.ts'

export const reportFolder = fileURLToPath(new URL('../reports/', import.meta.url))

/** Gives the paths of the page and of the JSON, from where the load test was started. */
export function writeReport(report: Report): string[] {
  mkdirSync(reportFolder, { recursive: true })
  const moment = report.date.slice(0, 19).replaceAll(':', '-')
  const contents = { html: reportPage(report), json: `${JSON.stringify(report, null, 2)}\n` }
  return Object.entries(contents).map(([ending, content]) => {
    writeFileSync(`${reportFolder}latest.${ending}`, content)
    writeFileSync(`${reportFolder}${moment}.${ending}`, content)
    return relative(process.cwd(), `${reportFolder}${moment}.${ending}`)
  })
}
