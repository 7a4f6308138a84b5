// The load test's report as a page.

import { asText, htmlDocument, plotFigures } from './document.ts'
import { countText } from './numbers.ts'
import type { Report, ScenarioReport } from './report.ts'
import { allHeld } from './report.ts'
import { detailFigure, headings, tableRows, targetCells } from './table.ts'

export function reportPage(report: Report): string {
  const { scenarios, date, commit } = report
  return htmlDocument({
    title: `Encke load test, ${date.slice(0, 10)}`,
    kicker: 'Encke load test',
    headline: allHeld(report) ? 'Every invariant held' : 'An invariant broke',
    facts: facts(report),
    main: `<section class="wide">${summary(scenarios)}</section>
  ${targetTable(scenarios)}
  ${scenarios.map(section).join('\n  ')}`,
    footer: `${asText(date)} · commit ${asText(commit ?? 'unknown')} · <code>${asText(report.command)}</code>`,
    plots: scenarios.map(({ name, plots }) => ({ name, plots })),
  })
}

function facts({ machine, server, durationSeconds, date }: Report): [name: string, value: string][] {
  return [
    ['Date', date.replace('T', ' ').slice(0, 16)],
    ['Machine', `${machine.processor}, ${machine.cores} cores, ${Math.round(machine.memoryBytes / 2 ** 30)} GiB`],
    ['System', `${machine.operatingSystem}, Node ${machine.node}`],
    ['Load before', `${machine.loadBefore.toFixed(1)} on ${machine.cores} cores`],
    ['Server', server],
    ['Duration', `${durationSeconds} s for each scenario that has one`],
  ]
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

/** In the colours of invariants. */
const badgeOf = { met: 'held', missed: 'broken', 'not judged': 'open' }

/** Nothing when no scenario has any. */
function targetTable(scenarios: readonly ScenarioReport[]): string {
  const rows = scenarios.flatMap(({ name, targets = [] }) =>
    targets.map((target) => {
      const [what, ...cells] = targetCells(target).map(asText)
      const badge = `<span class="badge ${badgeOf[target.verdict]}">${target.verdict}</span>`
      const figures = cells.map((cell) => `<td>${cell}</td>`).join('')
      return `<tr><th scope="row"><a href="#${asText(name)}">${what}</a></th><td>${badge}</td>${figures}</tr>`
    }),
  )
  if (rows.length === 0) return ''
  const heading = ['target', 'verdict', 'measured', 'wanted', 'why']
  return `<section class="wide"><h2>Targets</h2><div class="scroll"><table><thead><tr>${heading.map((text) => `<th scope="col">${text}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div></section>`
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
  skipped = [],
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
    ${plotFigures(name, plots)}
    ${skipped.map((peer) => `<p class="quiet">Skipped: ${asText(peer.name)}, because ${asText(peer.reason)}.</p>`).join('')}
    <p class="quiet">${asText(note)} It took ${countText(seconds)} s in all.</p>
  </section>`
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
