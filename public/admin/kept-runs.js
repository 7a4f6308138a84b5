// The benchmark runs that this browser remembers: reports, newest first. A browser may refuse to keep them; then they last
// as long as the page.

/** @typedef {import('./benchmark-rows.js').Program} Program */

const mostRuns = 50

/** @type {Record<Program, any[]>} */
const runs = { chain: read('chain'), hackysack: read('hackysack') }

/** @param {Program} program @returns {readonly any[]} newest first */
export const keptRuns = (program) => runs[program]

/** Keep a report; it is given the time at which it came. @param {Program} program @param {any} report */
export function keepRun(program, report) {
  report.at = Date.now()
  // What was published stands in the catalogue, and the single runs are not shown again.
  const { published: _, ...kept } = report
  runs[program] = [kept, ...runs[program]].slice(0, mostRuns)
  try {
    localStorage.setItem(keyOf(program), JSON.stringify(runs[program]))
  } catch {}
}

/** @param {Program} program @returns {any[]} */
function read(program) {
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(program)) ?? '[]')
    return Array.isArray(kept) ? kept.filter((run) => typeof run?.best?.wallMs === 'number') : []
  } catch {
    return []
  }
}

/** @param {Program} program */
function keyOf(program) {
  return `encke-runs-${program}`
}
