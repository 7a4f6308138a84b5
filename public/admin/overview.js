// The first view: how the server is, in one sentence; four plots; the busiest topics.

import { element } from '../chat/element.js'
import { bytes, compact, count, duration, plural, rate } from './format.js'
import { healthOf } from './health.js'
import { Plot } from './plot.js'
import { hrefOf } from './route.js'
import { bytesAbove } from './samples.js'

/** @typedef {import('./samples.js').Sample} Sample */

/** @type {import('./plot.js').PlotOptions[]} */
const plots = [
  {
    title: 'Messages',
    unit: 'a second',
    lines: [
      { measure: 'publishedPerSecond', label: 'published/s', format: rate },
      { measure: 'deliveredPerSecond', label: 'delivered/s', format: rate },
    ],
    axis: compact,
    least: 10,
  },
  {
    title: 'Waiting',
    unit: 'requests',
    lines: [
      { measure: 'waiting', label: 'waiting', format: count },
      { measure: 'connections', label: 'connections', format: count },
    ],
    axis: compact,
    least: 10,
  },
  {
    title: 'Publish to delivery',
    unit: 'from publish to written',
    lines: [
      { measure: 'latencyP50Ms', label: 'p50', format: duration },
      { measure: 'latencyP99Ms', label: 'p99', format: duration },
    ],
    axis: duration,
    least: 5,
  },
  {
    title: 'Process',
    unit: 'memory and the delay of the event loop',
    lines: [
      { measure: 'rssBytes', label: 'memory', format: bytes },
      { measure: 'loopDelayP99Ms', label: 'loop delay p99', format: duration, side: 'right' },
    ],
    axis: bytes,
    end: bytesAbove,
    rightAxis: duration,
    least: 64 * 1024 ** 2,
    leastRight: 10,
  },
]

/** @type {{ label: string, of: (sample: Sample) => string }[]} */
const facts = [
  { label: 'Requests', of: ({ requestsPerSecond }) => `${rate(requestsPerSecond)}/s` },
  { label: 'Errors', of: ({ errorsPerSecond }) => `${rate(errorsPerSecond)}/s` },
  { label: 'Topics', of: ({ topics }) => count(topics) },
  { label: 'Coroutines', of: ({ coroutines }) => count(coroutines) },
]

export class Overview {
  title = 'Overview'
  root
  #live
  #plots = plots.map((options) => new Plot(options))
  #dot = element('span', { className: 'dot', 'aria-hidden': 'true' })
  #title = element('strong')
  #words = element('span')
  #health = element('p', { className: 'health', 'data-mark': 'busy' })
  #busiest = element('ol', { className: 'busiest' })
  #facts = facts.map(() => element('dd', {}, '–'))

  /** @param {{ live: import('./live.js').Live }} house */
  constructor({ live }) {
    this.#live = live
    this.#health.append(this.#dot, this.#title, ' ', this.#words)
    const list = facts.map(({ label }, at) => element('div', {}, element('dt', {}, label), this.#facts[at] ?? ''))
    this.root = element(
      'div',
      { className: 'overview' },
      element('h1', { className: 'unseen' }, 'Overview'),
      this.#health,
      element('div', { className: 'plots' }, ...this.#plots.map(({ root }) => root)),
      element(
        'aside',
        { className: 'aside', 'aria-label': 'Busiest topics and counts' },
        element('section', { className: 'card grows' }, element('h2', {}, 'Busiest topics'), this.#busiest),
        element('dl', { className: 'card facts' }, ...list),
      ),
    )
    live.onChange(() => this.#refresh())
  }

  show() {
    this.#refresh()
  }

  hide() {}

  #refresh() {
    if (!this.root.isConnected) return
    const { samples, condition, connection, silentMs, latest } = this.#live
    const health = healthOf({ sample: latest, condition, connection, silentMs, now: Date.now() })
    this.#health.dataset['mark'] = health.mark
    this.#title.textContent = health.title
    this.#words.textContent = health.words
    this.root.classList.toggle('is-stale', connection === 'cut')
    for (const plot of this.#plots) plot.show(samples)
    this.#showBusiest(condition.busiest)
    facts.forEach(({ of }, at) => {
      const place = this.#facts[at]
      if (place !== undefined && latest !== undefined) place.textContent = of(latest)
    })
  }

  /** @param {import('./samples.js').BusyTopic[]} topics */
  #showBusiest(topics) {
    const most = Math.max(...topics.map(({ publishedPerSecond }) => publishedPerSecond), 1)
    const rows = topics.map(({ topic, publishedPerSecond, waiting }) => {
      const bar = element('span', { className: 'share', 'aria-hidden': 'true' })
      bar.style.width = `${(publishedPerSecond / most) * 100}%`
      const link = element('a', { href: hrefOf('topics', topic), title: topic }, topic)
      const words = `${rate(publishedPerSecond)}/s · ${plural(waiting, 'waits', 'wait')}`
      return element('li', {}, link, element('span', { className: 'quiet' }, words), bar)
    })
    if (rows.length > 0) return this.#busiest.replaceChildren(...rows)
    const empty = element(
      'li',
      { className: 'nothing' },
      'No topic is busy now. ',
      element('a', { href: hrefOf('topics') }, 'See all topics'),
    )
    this.#busiest.replaceChildren(empty)
  }
}
