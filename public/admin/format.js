// Numbers as people read them. Pure: nothing here touches the page.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const fine = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** A whole number with its thousands apart. @param {number} value */
export const count = (value) => whole.format(value)

/** At most five characters, for axes: 12.3K. @param {number} value */
export const compact = (value) => short.format(value)

/** How many a second: whole above ten, finer below. @param {number} value */
export const rate = (value) => (value >= 10 ? whole.format(value) : fine.format(Math.round(value * 10) / 10))

/** A size in the unit that suits it. @param {number} value */
export function bytes(value) {
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), byteUnits.length - 1)
  return `${fine.format(value / 1024 ** power)} ${byteUnits[power]}`
}

/** A duration, from microseconds to days: two units at most. @param {number | null} ms null: not known */
export function duration(ms) {
  if (ms === null) return '–'
  if (ms === 0) return '0 ms'
  if (ms < 1) return `${fine.format(ms * 1_000)} µs`
  if (ms < 1_000) return `${fine.format(ms)} ms`
  const seconds = ms / 1_000
  if (seconds < 60) return `${fine.format(Math.floor(seconds * 10) / 10)} s`
  if (seconds < 3_600) return inTwo(seconds, 60, 'min', 's')
  if (seconds < 86_400) return inTwo(seconds / 60, 60, 'h', 'min')
  return inTwo(seconds / 3_600, 24, 'd', 'h')
}

/** The time of day, to the second. @param {number} time in milliseconds since 1970 */
export function clock(time) {
  const at = new Date(time)
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}

/** @param {number} count @param {string} one @param {string} [several] */
export const plural = (count, one, several = `${one}s`) => `${whole.format(count)} ${count === 1 ? one : several}`

/** @param {number} value @param {number} ratio @param {string} large @param {string} small */
function inTwo(value, ratio, large, small) {
  const rest = Math.floor(value % ratio)
  return rest === 0 ? `${Math.floor(value / ratio)} ${large}` : `${Math.floor(value / ratio)} ${large} ${rest} ${small}`
}
