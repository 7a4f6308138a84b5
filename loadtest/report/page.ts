// The report as one HTML page that needs nothing beside itself: uPlot, styles, script and figures are in it, and its policy keeps
// it from loading anything. All text that it is given goes through `asText`.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Table } from '../scenario.ts'
import { countText } from './figures.ts'
import { allHeld, type Report, type ScenarioReport } from './report.ts'
import { detailFigure, explanation, machineText, summaryTable, targetTable } from './table.ts'

const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

/**
 * uPlot writes numbers in the browser's language as it loads, and fails where that is none: a Chromium that was started under LANG=C
 * calls it `en-US@posix`. The page is in English.
 */
const englishNumbers = "Object.defineProperty(navigator, 'language', { value: 'en-US' })"

export function reportPage(report: Report): string {
  const { scenarios, date, commit, command, warnings, machine, server, durationSeconds } = report
  const tables = [summaryTable(scenarios), ...targetTable(scenarios)].map(tableHtml)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Encke load test, ${asText(date.slice(0, 10))}</title>
<style>${fileAt(import.meta.resolve('uplot/dist/uPlot.min.css'))}</style>
<style>${fileAt(import.meta.resolve('./page.css'))}</style>
<body>
<header>
  <p class="quiet">Encke load test</p>
  <h1>${allHeld(report) ? 'Every invariant held' : 'An invariant broke'}</h1>
  ${warnings.map((warning) => `<p class="broken warning">${asText(warning)}</p>`).join('')}
  ${figuresHtml([
    ['Date', date.replace('T', ' ').slice(0, 16)],
    ['Machine', machineText(machine)],
    ['Node', machine.node],
    ['Server', server],
    ['Duration', `${durationSeconds} s for each scenario that has one`],
  ])}
</header>
<main>
  ${tables.map((table) => `<section>${table}</section>`).join('')}
  <p class="quiet">${asText(explanation.join(' '))}</p>
  ${scenarios.map(scenarioHtml).join('\n  ')}
</main>
<footer><p>${asText(date)} · commit ${asText(commit ?? 'unknown')} · <code>${asText(command)}</code></p></footer>
<script type="application/json" id="plots">${inScript(scenarios.map(({ name, plots = [] }) => ({ name, plots })))}</script>
<script>${englishNumbers};${fileAt(import.meta.resolve('uplot/dist/uPlot.iife.min.js'))}</script>
<script>${fileAt(import.meta.resolve('./page.js'))}</script>
</html>
`
}

function scenarioHtml(report: ScenarioReport): string {
  const { name, title, invariant, note, verdict, complaints, seconds } = report
  const { details = [], plots = [], tables = [], skipped = [] } = report
  const each = <One>(all: readonly One[], html: (one: One, at: number) => string) => all.map(html).join('')
  return `<section id="${asText(name)}">
    <h2>${asText(name)} ${badge(verdict)}</h2>
    <p>${asText(title.slice(0, 1).toUpperCase() + title.slice(1))}.</p>
    <p><strong>Invariant.</strong> ${asText(invariant)}</p>
    ${each(complaints, (complaint) => `<p class="broken">${asText(complaint)}</p>`)}
    ${figuresHtml(details.map((detail) => [detail.label, detailFigure(detail)]))}
    ${each(tables, tableHtml)}
    <div class="plots">${each(plots, (plot, at) => figureHtml(name, plot.title, at))}</div>
    ${each(skipped, (peer) => `<p class="quiet">Skipped: ${asText(peer.name)}, because ${asText(peer.reason)}.</p>`)}
    <p class="quiet">${asText(note)} It took ${countText(seconds)} s in all.</p>
  </section>`
}

/** The place of a plot. */
function figureHtml(name: string, title: string, at: number): string {
  const figure = `<figure data-scenario="${asText(name)}" data-plot="${at}">`
  return `${figure}<figcaption>${asText(title)}</figcaption><div class="plot"></div></figure>`
}

function figuresHtml(all: readonly (readonly [name: string, value: string])[]): string {
  const items = all.map(([name, value]) => `<div><dt>${asText(name)}</dt><dd>${asText(value)}</dd></div>`)
  return items.length === 0 ? '' : `<dl>${items.join('')}</dl>`
}

const badges = new Map([
  ['held', 'held'],
  ['met', 'held'],
  ['not judged', 'open'],
  ['broken', 'broken'],
  ['failed', 'broken'],
  ['missed', 'broken'],
])

function badge(verdict: string): string {
  return `<span class="badge ${badges.get(verdict.toLowerCase())}">${asText(verdict)}</span>`
}

/** A verdict in a cell is a badge. */
function tableHtml({ title, headings, rows }: Table): string {
  const heading = headings.map((text) => `<th scope="col">${asText(text)}</th>`).join('')
  const cell = (text: string) => `<td>${badges.has(text.toLowerCase()) ? badge(text) : asText(text)}</td>`
  const body = rows.map((row) => {
    const [first, ...cells] = headings.map((_, column) => row[column] ?? '')
    return `<tr><th scope="row">${asText(first!)}</th>${cells.map(cell).join('')}</tr>`
  })
  const lead = title === '' ? '' : `<p><strong>${asText(title)}</strong></p>`
  const table = `<table><thead><tr>${heading}</tr></thead><tbody>${body.join('')}</tbody></table>`
  return `${lead}<div class="scroll" tabindex="0">${table}</div>`
}

function asText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** JSON that no `</script>` in it can end. */
function inScript(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}

function fileAt(url: string): string {
  return readFileSync(fileURLToPath(url), 'utf8').trim()
}
