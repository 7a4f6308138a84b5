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
  return writeFiles('', report.date, { html: reportPage(report), json: `${JSON.stringify(report, null, 2)}\n` })
}

/**
 * Write contents, by their file endings, under `name` and the date. Gives the paths from where the command was started.
 *
 * @param name ends in a hyphen, or is empty
 */
export function writeFiles(name: string, date: string, contents: Readonly<Record<string, string>>): string[] {
  mkdirSync(reportFolder, { recursive: true })
  const moment = date.slice(0, 19).replaceAll(':', '-')
  return Object.entries(contents).map(([ending, content]) => {
    writeFileSync(`${reportFolder}${name}latest.${ending}`, content)
    writeFileSync(`${reportFolder}${name}${moment}.${ending}`, content)
    return relative(process.cwd(), `${reportFolder}${name}${moment}.${ending}`)
  })
}
