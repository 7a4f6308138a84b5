// The comparison as one HTML page that needs nothing beside itself.

import { asText, htmlDocument, plotFigures } from '../report/document.ts'
import type { Plot } from '../report/plots.ts'
import type { Protocol } from './measured.ts'
import { memoryPlot, roundsPlot, scalePlot } from './plots.ts'
import type { PeersReport } from './report.ts'
import {
  memoryHeadings,
  memoryRows,
  protocolTitles,
  ratioRows,
  runHeadings,
  runRows,
  targetHeadings,
  targetRows,
} from './table.ts'
import type { MemoryWorkload, Workload } from './workloads.ts'

export function peersPage(report: PeersReport): string {
  const { machine, date, commit, command, rounds } = report
  const sections = [scaleSection(report), ...workloadSections(report), ...memorySections(report)]
  return htmlDocument({
    title: `${report.title}, ${date.slice(0, 10)}`,
    kicker: report.title,
    headline: headline(report),
    facts: [
      ['Date', date.replace('T', ' ').slice(0, 16)],
      ['Machine', `${machine.processor}, ${machine.cores} cores, ${Math.round(machine.memoryBytes / 2 ** 30)} GiB`],
      ['System', machine.operatingSystem],
      ['Load before', `${machine.loadBefore.toFixed(1)} on ${machine.cores} cores`],
      ['Rounds', `${rounds}, one run of each system in each`],
    ],
    main: [
      `<section>${badgeTable(targetHeadings, targetRows(report))}</section>`,
      `<section><h2>Ratios</h2>${ratioTable(report, 'back to back')}${ratioTable(report, 'collected')}</section>`,
      ...sections.map(({ html }) => html),
      `<section><h2>Systems</h2>${systemsTable(report)}</section>`,
    ].join('\n  '),
    footer: `${asText(date)} · commit ${asText(commit ?? 'unknown')} · <code>${asText(command)}</code>`,
    plots: sections.map(({ name, plots }) => ({ name, plots })),
  })
}

interface Section {
  readonly name: string
  readonly html: string
  readonly plots: readonly Plot[]
}

function headline({ targets }: PeersReport): string {
  const verdicts = targets.flatMap(({ findings }) => findings.map(({ verdict }) => verdict))
  const count = (wanted: string) => verdicts.filter((verdict) => verdict === wanted).length
  const parts = [`${count('met')} met`, `${count('missed')} missed`, `${count('not judged')} not judged`]
  return `Targets: ${parts.join(', ')}`
}

function scaleSection(report: PeersReport): Section {
  const of = (program: string) => report.workloads.filter((workload) => workload.program === program)
  const byPlayers = of('hackysack').filter(({ sizes }) => sizes[1] === 1_000)
  const plots = (['back to back', 'collected'] as const).flatMap((protocol) => [
    ...scalePlot(report, 'Chain', of('chain'), protocol),
    ...scalePlot(report, 'Hackysack over 1,000 turns', byPlayers, protocol),
  ])
  const lead = 'What one costs at each size: a level line is time that grows as the size does.'
  return section('scale', 'Scale', `<p class="lead">${lead}</p>`, plots)
}

function workloadSections(report: PeersReport): Section[] {
  const own = report.workloads.map((workload) => {
    const protocols = ['back to back', 'collected'] as const
    const plots = protocols.flatMap((protocol) => roundsPlot(report, workload, protocol))
    const tables = protocols.map((protocol) => protocolTable(report, workload, protocol))
    return section(workload.name, capital(workload.title), tables.join(''), plots)
  })
  const first = report.firstRuns.map((workload) =>
    section(
      `first-${workload.name}`,
      `First run: ${workload.title}`,
      protocolTable(report, workload, 'first'),
      roundsPlot(report, workload, 'first'),
    ),
  )
  return [...own, ...first]
}

function ratioTable(report: PeersReport, protocol: Protocol): string {
  const [headings = [], ...rows] = ratioRows(report, protocol)
  return protocolLead(protocol) + plainTable(headings, rows)
}

function protocolTable(report: PeersReport, workload: Workload, protocol: Protocol): string {
  return protocolLead(protocol) + plainTable(runHeadings, runRows(report, workload, protocol))
}

function protocolLead(protocol: Protocol): string {
  return `<p class="lead"><strong>${capital(protocol)}</strong>: ${protocolTitles[protocol]}.</p>`
}

function memorySections(report: PeersReport): Section[] {
  return report.memoryWorkloads.map((workload: MemoryWorkload) => {
    const lead = '<p class="lead">Each waits on a channel of its own, which counts; live bytes, after a collection.</p>'
    const rows = plainTable(memoryHeadings, memoryRows(report, workload))
    return section(workload.name, capital(workload.title), lead + rows, memoryPlot(report, workload))
  })
}

function section(name: string, title: string, content: string, plots: readonly Plot[]): Section {
  const html = `<section id="${asText(name)}"><h2>${asText(title)}</h2>${content}${plotFigures(name, plots)}</section>`
  return { name, html, plots }
}

function systemsTable({ systems }: PeersReport): string {
  const rows = systems.map(({ name, version, difference, memory, skipped }) => [
    name,
    version ?? `skipped, because ${skipped}`,
    difference,
    memory,
  ])
  return tableOf(['system', 'version', 'difference', 'memory'], rows, asText, 'words')
}

function plainTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  return tableOf(headings, rows, asText)
}

/** The second column is a verdict. */
function badgeTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const badge = (cell: string, column: number) =>
    column === 1 ? `<span class="badge ${badges.get(cell) ?? ''}">${asText(cell)}</span>` : asText(cell)
  return tableOf(headings, rows, badge, 'words')
}

const badges = new Map([
  ['met', 'held'],
  ['not judged', 'open'],
])

function tableOf(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  cell: (text: string, column: number) => string,
  className = '',
): string {
  const heading = headings.map((text) => `<th scope="col">${asText(text)}</th>`).join('')
  const body = rows.map(([first, ...rest]) => {
    const cells = rest.map((text, at) => `<td>${cell(text, at + 1)}</td>`).join('')
    return `<tr><th scope="row">${asText(first ?? '')}</th>${cells}</tr>`
  })
  return `<div class="scroll"><table class="${className}"><thead><tr>${heading}</tr></thead><tbody>${body.join('')}</tbody></table></div>`
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
