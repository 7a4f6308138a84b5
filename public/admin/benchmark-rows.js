// The figures of benchmarks side by side: this run, earlier runs, and what was published in 2007–2009. Pure: nothing here
// touches the page.
//
// Sizes differ, and so do machines. What can be laid side by side is the time that one unit of work took: a link of the
// chain, or a kick of hackysack.

/** @typedef {'chain' | 'hackysack'} Program */
/**
 * What one may ask for.
 *
 * @typedef {object} Request
 * @property {string} model
 * @property {number} [n]
 * @property {number} [players]
 * @property {number} [turns]
 * @property {string} [variant]
 * @property {number} [repeat]
 */
/**
 * A run that is kept, or a row that was published.
 *
 * @typedef {object} Figure
 * @property {string} label
 * @property {string} model
 * @property {string} about its size, and where it ran
 * @property {number} wallMs
 * @property {number} units how many links or kicks
 * @property {'now' | 'earlier' | 'published'} kind
 */

const whole = new Intl.NumberFormat('en')

/** @param {Program} program @param {{ n?: number, turns?: number }} sizes */
const unitsOf = (program, { n = 0, turns = 0 }) => (program === 'chain' ? n : turns)

/** @param {Program} program */
export const unitOf = (program) => (program === 'chain' ? 'link' : 'kick')

/** @param {Program} program @param {{ n?: number, players?: number, turns?: number, variant?: string }} sizes */
export function sizeInWords(program, { n = 0, players = 0, turns = 0, variant = '' }) {
  if (program === 'chain') return `${whole.format(n)} coroutines`
  const how = variant === 'rendezvous' ? ', rendezvous' : ''
  return `${whole.format(players)} players, ${whole.format(turns)} turns${how}`
}

/** @param {Program} program @param {any} report @param {'now' | 'earlier'} kind @returns {Figure} */
export function figureOfRun(program, report, kind) {
  const { model, best } = report
  const about = `${sizeInWords(program, report)}, here`
  return { label: model, model, about, wallMs: best.wallMs, units: unitsOf(program, report), kind }
}

/** @param {Program} program @param {any} row @returns {Figure} */
export function figureOfRow(program, row) {
  const { system, model, machine, year, wallMs } = row
  const about = `${sizeInWords(program, row)}, ${machine}, ${year}`
  return { label: system, model, about, wallMs, units: unitsOf(program, row), kind: 'published' }
}

/** How long one unit took, in microseconds. @param {Figure} figure */
export const perUnitMicros = ({ wallMs, units }) => (wallMs * 1_000) / Math.max(units, 1)

/**
 * How long a bar is, from 0.02 to 1, on a scale where each power of ten has the same room: the slowest is fifty thousand times
 * the fastest.
 *
 * @param {readonly Figure[]} figures @returns {(figure: Figure) => number}
 */
export function barScale(figures) {
  const logs = figures.map((figure) => Math.log10(Math.max(perUnitMicros(figure), 1e-6)))
  const least = Math.floor(Math.min(...logs) - 0.1)
  const most = Math.max(...logs, least + 1)
  return (figure) => {
    const at = (Math.log10(Math.max(perUnitMicros(figure), 1e-6)) - least) / (most - least)
    return Math.min(Math.max(at, 0.02), 1)
  }
}

/** Of each model the newest run: what is laid side by side. @param {readonly any[]} runs newest first */
export function newestOfEach(runs) {
  const models = new Map()
  for (const run of runs) if (!models.has(run.model)) models.set(run.model, run)
  return [...models.values()]
}

/**
 * The events in a piece of an event stream, and what is left of it.
 *
 * @param {string} text
 * @returns {{ events: { event: string, data: any }[], rest: string }}
 */
export function eventsIn(text) {
  const pieces = text.split('\n\n')
  const rest = pieces.pop() ?? ''
  const events = pieces.flatMap((piece) => {
    const lines = piece.split('\n')
    const event = lines.find((line) => line.startsWith('event: '))?.slice('event: '.length)
    const data = lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice('data: '.length))
    return event === undefined || data.length === 0 ? [] : [{ event, data: JSON.parse(data.join('\n')) }]
  })
  return { events, rest }
}
