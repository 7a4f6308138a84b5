// Times and days, in the reader's language.

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' })
const thisYear = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const anyYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })

/** @param {number} time */
export function clockTime(time) {
  return clock.format(time)
}

/** @param {number} time */
export function fullTime(time) {
  return full.format(time)
}

/**
 * @param {number} time
 * @param {number} now
 */
export function dayName(time, now) {
  const days = Math.round((dayOf(time) - dayOf(now)) / 86_400_000)
  if (days === 0 || days === -1) return capital(relative.format(days, 'day'))
  return (new Date(time).getFullYear() === new Date(now).getFullYear() ? thisYear : anyYear).format(time)
}

/**
 * The midnight before.
 *
 * @param {number} time
 */
export function dayOf(time) {
  return new Date(time).setHours(0, 0, 0, 0)
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1)
}
