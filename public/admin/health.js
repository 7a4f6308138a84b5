// How the server is, in one sentence. Pure: nothing here touches the page.

import { count, duration, plural, rate } from './format.js'

/** @typedef {import('./samples.js').Sample} Sample */
/** @typedef {import('./samples.js').Condition} Condition */
/** @typedef {'good' | 'busy' | 'bad'} Mark */
/** @typedef {{ mark: Mark, title: string, words: string }} Health */

/** A loop that is so late, in milliseconds, holds every reply up. */
const lateLoopMs = 100

/**
 * @param {{ sample: Sample | undefined, condition: Condition, connection: import('./live.js').Connection, silentMs: number,
 *   now: number }} known `now` in milliseconds since 1970
 * @returns {Health}
 */
export function healthOf({ sample, condition, connection, silentMs, now }) {
  if (connection === 'cut') return cutOff(silentMs)
  if (sample === undefined) return { mark: 'busy', title: 'Looking…', words: 'The first figures come in a second.' }
  if (condition.isDraining) {
    const words = `${plural(sample.waiting, 'request')} still ${sample.waiting === 1 ? 'waits' : 'wait'} to be sent away.`
    return { mark: 'busy', title: 'The server is draining.', words }
  }
  const { health } = condition
  if (!health.isOk) {
    const words = `${health.reason}, for ${duration(now - health.since)}. Requests that wait go on waiting.`
    return { mark: 'bad', title: 'The broker fails.', words }
  }
  if (sample.loopDelayP99Ms > lateLoopMs) {
    const words = `Every reply waits for it: ${duration(sample.loopDelayP99Ms)} late in the last second.`
    return { mark: 'busy', title: 'The event loop is late.', words }
  }
  return { mark: 'good', title: 'All is well.', words: doing(sample) }
}

/** @param {number} silentMs @returns {Health} */
function cutOff(silentMs) {
  const ago = duration(Math.floor(silentMs / 1_000) * 1_000)
  return { mark: 'bad', title: 'Cut off.', words: `The server was last seen ${ago} ago. This page goes on asking.` }
}

/** @param {Sample} sample */
function doing({ waiting, publishedPerSecond, deliveredPerSecond, latencyP99Ms }) {
  const readers =
    waiting === 0 ? 'Nobody waits' : waiting === 1 ? 'One request waits' : `${count(waiting)} requests wait`
  if (publishedPerSecond === 0 && deliveredPerSecond === 0) return `${readers}, and nothing is published.`
  const traffic = `${rate(publishedPerSecond)} published and ${rate(deliveredPerSecond)} delivered a second`
  const late = latencyP99Ms === null ? '' : `, 99 in 100 within ${duration(latencyP99Ms)}`
  return `${readers}; ${traffic}${late}.`
}
