// One message, followed from its publish to every reader that it was given to.

import { element } from '../chat/element.js'
import { clientOf, kindOf, titleOf } from './coroutine-rows.js'
import { clock, count, duration, plural } from './format.js'
import { hrefOf } from './route.js'
import { percentile } from './samples.js'

/** @typedef {{ to: string, afterMs: number }} Handover */
/**
 * @typedef {object} Way
 * @property {string} topic
 * @property {number} offset
 * @property {string} id
 * @property {number} time
 * @property {string} from
 * @property {number} waiting
 * @property {Handover[]} handovers
 * @property {number} more
 */

const waitSeconds = 60

/** So many readers are drawn; all of them are in the figures above. */
const mostDrawn = 200

export class Follow {
  root
  #api
  /** @type {AbortController | undefined} */
  #following
  #topic = element('input', {
    type: 'text',
    required: true,
    placeholder: 'news',
    autocomplete: 'off',
    spellcheck: false,
    maxLength: 200,
  })
  #start = element('button', { type: 'submit', className: 'primary' }, 'Wait for the next message')
  #said = element('p', { className: 'nothing', role: 'status' })
  #way = element('div', { className: 'way' })

  /** @param {import('./admin.js').House} house */
  constructor({ api }) {
    this.#api = api
    const form = element(
      'form',
      { className: 'tools' },
      element('label', { className: 'inline' }, 'Topic ', this.#topic),
      this.#start,
    )
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      if (this.#following !== undefined) return this.#stop()
      location.replace(hrefOf('xray', 'follow', { topic: this.#topic.value.trim() }))
      void this.#follow(this.#topic.value.trim())
    })
    this.root = element('div', { className: 'follow' }, form, this.#said, this.#way)
    this.#said.textContent =
      'Name a topic. The next message that this server publishes to it is followed to each reader that waits.'
  }

  /** @param {URLSearchParams} query */
  show(query) {
    const topic = query.get('topic') ?? ''
    if (topic !== '') this.#topic.value = topic
  }

  hide() {
    this.#stop()
  }

  #stop() {
    this.#following?.abort()
  }

  /** @param {string} topic */
  async #follow(topic) {
    const { signal } = (this.#following = new AbortController())
    this.#start.textContent = 'Stop waiting'
    this.#said.textContent = `Waiting for the next message of ${topic}…`
    this.#way.replaceChildren()
    try {
      const query = new URLSearchParams({ topic, wait: String(waitSeconds) })
      const { way } = await this.#api.ask(`/admin/follow?${query}`, { signal })
      this.#show(topic, way)
    } catch (/** @type {any} */ error) {
      this.#said.textContent = signal.aborted ? 'Stopped.' : error.message
    } finally {
      this.#following = undefined
      this.#start.textContent = 'Wait for the next message'
    }
  }

  /** @param {string} topic @param {Way | null} way */
  #show(topic, way) {
    if (way === null) {
      this.#said.textContent = `Nothing was published to ${topic} here within ${waitSeconds} s.`
      return
    }
    this.#said.textContent = ''
    const afters = way.handovers.map(({ afterMs }) => afterMs)
    const readers = way.handovers.length + way.more
    const longest = Math.max(...afters, 0.001)
    /** @type {[string, string][]} */
    const figures = [
      ['Waited', count(way.waiting)],
      ['Given to', count(readers)],
      ['First', duration(percentile(afters, 0))],
      ['Median', duration(percentile(afters, 0.5))],
      ['99 in 100', duration(percentile(afters, 0.99))],
      ['Last', duration(percentile(afters, 1))],
    ]
    const begin = element(
      'li',
      { className: 'begin' },
      element('b', {}, `${way.topic} #${way.offset}`),
      element('span', { className: 'quiet' }, publisherOf(way.from)),
      element('span', { className: 'number quiet' }, clock(way.time)),
    )
    const drawn = way.handovers.slice(0, mostDrawn).map((handover) => handoverRow(handover, longest))
    const rest = readers - drawn.length
    this.#way.replaceChildren(
      element(
        'dl',
        { className: 'card facts wide' },
        ...figures.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
      ),
      element('ol', { className: 'card handovers' }, begin, ...drawn),
      ...(rest > 0 ? [element('p', { className: 'quiet' }, `and ${plural(rest, 'reader')} more`)] : []),
      ...(readers === 0
        ? [element('p', { className: 'nothing' }, 'Nobody waited for it: readers find it in the history.')]
        : []),
    )
  }
}

/** @param {Handover} handover @param {number} longest */
function handoverRow({ to, afterMs }, longest) {
  const bar = element('span', { className: 'share', 'aria-hidden': 'true' })
  bar.style.width = `${Math.max((afterMs / longest) * 100, 0.5)}%`
  return element(
    'li',
    {},
    element('span', { className: 'reader' }, titleOf(to)),
    element('span', { className: 'quiet' }, clientOf(to)),
    element('span', { className: 'number' }, `+${duration(afterMs)}`),
    bar,
  )
}

/** What has published it: a request of a client, or the process itself. @param {string} name */
function publisherOf(name) {
  return kindOf(name) === 'request' ? `by ${clientOf(name)}` : 'by the server itself'
}
