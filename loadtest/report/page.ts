// The report as one HTML page that needs nothing beside itself: uPlot, styles, script and figures are in it, and its policy
// keeps it from loading anything.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { countText } from './numbers.ts'
import type { Report, ScenarioReport } from './report.ts'
import { allHeld } from './report.ts'
import { detailFigure, headings, tableRows } from './table.ts'

const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

export function reportPage(report: Report): string {
  const { scenarios, date, commit } = report
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
  <p class="kicker">Encke load test</p>
  <h1>${allHeld(report) ? 'Every invariant held' : 'An invariant broke'}</h1>
  ${facts(report)}
</header>
<main>
  <section class="wide">${summary(scenarios)}</section>
  ${scenarios.map(section).join('\n  ')}
</main>
<footer><p>${asText(date)} · commit ${asText(commit ?? 'unknown')} · <code>${asText(report.command)}</code></p></footer>
<script type="application/json" id="plots">${inScript(scenarios.map(({ name, plots }) => ({ name, plots })))}</script>
<script>${fileAt(import.meta.resolve('uplot/dist/uPlot.iife.min.js'))}</script>
<script>${fileAt(import.meta.resolve('./page.js'))}</script>
</html>
`
}

function facts({ machine, server, durationSeconds, date }: Report): string {
  const all: [name: string, value: string][] = [
    ['Date', date.replace('T', ' ').slice(0, 16)],
    ['Machine', `${machine.processor}, ${machine.cores} cores, ${Math.round(machine.memoryBytes / 2 ** 30)} GiB`],
    ['System', `${machine.operatingSystem}, Node ${machine.node}`],
    ['Load before', `${machine.loadBefore.toFixed(1)} on ${machine.cores} cores`],
    ['Server', server],
    ['Duration', `${durationSeconds} s for each scenario that has one`],
  ]
  return `<dl class="facts">${all.map(([name, value]) => `<div><dt>${name}</dt><dd>${asText(value)}</dd></div>`).join('')}</dl>`
}

function summary(scenarios: readonly ScenarioReport[]): string {
  const heading = headings.map((text) => `<th scope="col">${asText(text)}</th>`).join('')
  const rows = scenarios.flatMap((scenario) =>
    tableRows(scenario).map((cells) => {
      const [label, state, ...figures] = headings.map((_, column) => cells[column] ?? '')
      const badge = state === '' ? '' : `<span class="badge ${scenario.verdict}">${asText(state!)}</span>`
      const numbers = figures.map((figure) => `<td>${asText(figure)}</td>`).join('')
      return `<tr><th scope="row"><a href="#${asText(scenario.name)}">${asText(label!)}</a></th><td>${badge}</td>${numbers}</tr>`
    }),
  )
  return `<div class="scroll"><table><thead><tr>${heading}</tr></thead><tbody>${rows.join('')}</tbody></table></div>
  <p class="quiet">CPU is in percent of one core: of the server all threads, of the generators the busiest thread, which would be a bottleneck near 100 %. Queued is how long the server was ready to run and found every core taken.</p>`
}

function section({
  name,
  title,
  invariant,
  note,
  verdict,
  complaints,
  details,
  plots,
  seconds,
}: ScenarioReport): string {
  const broken = complaints.map((complaint) => `<li>${asText(complaint)}</li>`).join('')
  const figures = details.map(
    (detail) => `<div><dt>${asText(detail.label)}</dt><dd>${asText(detailFigure(detail))}</dd></div>`,
  )
  return `<section id="${asText(name)}">
    <h2>${asText(name)} <span class="badge ${verdict}">${verdict}</span></h2>
    <p class="lead">${asText(capital(title))}.</p>
    <p><strong>Invariant.</strong> ${asText(invariant)}</p>
    ${broken === '' ? '' : `<ul class="complaints">${broken}</ul>`}
    ${figures.length === 0 ? '' : `<dl class="figures">${figures.join('')}</dl>`}
    <div class="plots">${plots.map((plot, at) => `<figure data-scenario="${asText(name)}" data-plot="${at}"><figcaption>${asText(plot.title)}</figcaption><div class="plot"></div></figure>`).join('')}</div>
    <p class="quiet">${asText(note)} It took ${countText(seconds)} s in all.</p>
  </section>`
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
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
