// The topics of the server, page by page, and one of them: where it stands, its newest messages, and who waits for the next.

import { element } from '../chat/element.js'
import { bytes, clock, count, duration, plural } from './format.js'
import { confirmed } from './question.js'
import { hrefOf } from './route.js'

/**
 * @typedef {object} Listed
 * @property {string} topic
 * @property {number} head
 * @property {number} oldest
 * @property {number} waiting
 * @property {string} contentType
 * @property {boolean} closed
 */
/** @typedef {{ offset: number, id: string, time: number, bytes: number, text: string | null, isWhole: boolean }} Kept */

const pageSize = 100
const historySize = 50

/** How often what is looked at is asked for again. */
const againMs = 3_000

export class Topics {
  title = 'Topics'
  root
  #api
  #live
  /** @type {Listed[]} */
  #listed = []
  #hasMore = false
  #after = ''
  #subject = ''
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer
  /** @type {AbortController | undefined} */
  #listing
  #search = element('input', {
    type: 'search',
    placeholder: 'Begin at a name…',
    autocomplete: 'off',
    spellcheck: false,
    'aria-label': 'Begin the list at a name',
  })
  #rows = element('tbody')
  #more = element('button', { type: 'button', hidden: true }, 'Show more')
  #said = element('p', { className: 'nothing', role: 'status' })
  #detail = element('section', { className: 'card detail', 'aria-label': 'One topic' })

  /** @param {import('./admin.js').House} house */
  constructor({ api, live }) {
    this.#api = api
    this.#live = live
    const heads = ['Topic', 'Head', 'Waiting'].map((name, at) =>
      element('th', { scope: 'col', className: at > 0 ? 'number' : '' }, name),
    )
    const table = element('table', { className: 'rows' }, element('thead', {}, element('tr', {}, ...heads)), this.#rows)
    const list = element(
      'section',
      { className: 'card list', 'aria-label': 'All topics' },
      this.#search,
      element(
        'div',
        { className: 'scrolls', tabIndex: 0, role: 'region', 'aria-label': 'Topics' },
        table,
        this.#said,
        this.#more,
      ),
    )
    this.root = element(
      'div',
      { className: 'split' },
      element('h1', { className: 'unseen' }, 'Topics'),
      list,
      this.#detail,
    )
    this.#search.addEventListener('input', () => {
      location.replace(hrefOf('topics', this.#subject, { after: this.#search.value.trim() }))
    })
    this.#more.addEventListener('click', () => void this.#list(false))
  }

  /** @param {import('./route.js').Route} route */
  show({ subject, query }) {
    const after = query.get('after') ?? ''
    const isNew = after !== this.#after || this.#listed.length === 0
    this.#after = after
    this.#subject = subject
    if (this.#search.value.trim() !== after) this.#search.value = after
    this.root.classList.toggle('has-subject', subject !== '')
    if (isNew) void this.#list(true)
    else this.#fill()
    void this.#showDetail(true)
    clearInterval(this.#timer)
    this.#timer = setInterval(() => {
      if (!document.hidden && this.#live.connection === 'live') void this.#showDetail(false)
    }, againMs)
  }

  hide() {
    clearInterval(this.#timer)
    this.#listed = []
  }

  /** @param {boolean} fromStart */
  async #list(fromStart) {
    this.#listing?.abort()
    const { signal } = (this.#listing = new AbortController())
    // What is searched for is itself the first: the server lists what comes after a name.
    const after = fromStart ? justBefore(this.#after) : (this.#listed.at(-1)?.topic ?? '')
    try {
      const { topics } = await this.#api.ask(
        `/admin/topics?${new URLSearchParams({ after, limit: String(pageSize) })}`,
        {
          signal,
        },
      )
      this.#listed = fromStart ? topics : [...this.#listed, ...topics]
      this.#hasMore = topics.length === pageSize
      this.#fill()
    } catch (/** @type {any} */ error) {
      if (!signal.aborted) this.#said.textContent = error.message
    }
  }

  #fill() {
    const rows = this.#listed.map(({ topic, head, waiting, closed }) => {
      const href = hrefOf('topics', topic, { after: this.#after })
      const link = element('a', { href, title: topic }, topic)
      if (topic === this.#subject) link.setAttribute('aria-current', 'true')
      const name = element('td', {}, link, ...(closed ? [element('span', { className: 'tag' }, 'closed')] : []))
      return element(
        'tr',
        {},
        name,
        element('td', { className: 'number' }, count(head)),
        element('td', { className: 'number' }, count(waiting)),
      )
    })
    this.#rows.replaceChildren(...rows)
    this.#more.hidden = !this.#hasMore
    const nothing =
      this.#after === '' ? 'There is no topic yet: publish to one, and it is born.' : 'No topic comes there.'
    this.#said.textContent = rows.length === 0 ? nothing : ''
  }

  /** @param {boolean} isNew */
  async #showDetail(isNew) {
    const topic = this.#subject
    if (topic === '') return this.#detail.replaceChildren(...this.#nothingChosen())
    const name = encodeURIComponent(topic)
    try {
      const { messages, ...about } = await this.#api.ask(`/admin/history?topic=${name}&limit=${historySize}`)
      const listed = about.contentType === null ? undefined : about
      if (topic === this.#subject) this.#fillDetail(topic, listed, messages, isNew)
    } catch (/** @type {any} */ error) {
      if (topic === this.#subject && isNew) {
        this.#detail.replaceChildren(
          this.#back(),
          element('p', { className: 'trouble', role: 'status' }, error.message),
        )
      }
    }
  }

  #nothingChosen() {
    return [
      element(
        'p',
        { className: 'nothing' },
        'Choose a topic to see where it stands, its newest messages, and who waits.',
      ),
    ]
  }

  /** @param {string} topic @param {Listed | undefined} listed @param {Kept[]} messages @param {boolean} isNew */
  #fillDetail(topic, listed, messages, isNew) {
    const scrolled = isNew ? 0 : (this.#detail.querySelector('.scrolls')?.scrollTop ?? 0)
    const hadFocus = this.#detail.contains(document.activeElement)
    if (!isNew && hadFocus) return
    const facts = listed === undefined ? [] : factsOf(listed)
    this.#detail.replaceChildren(
      this.#back(),
      element('header', {}, element('h2', { className: 'name' }, topic), ...this.#actions(topic, listed)),
      element('dl', { className: 'facts' }, ...facts),
      ...(listed === undefined
        ? [
            element(
              'p',
              { className: 'nothing' },
              'There is no such topic now. It is born when somebody publishes to it.',
            ),
          ]
        : [element('h3', {}, messages.length === 0 ? 'It keeps no message' : 'Newest messages'), historyOf(messages)]),
    )
    const scrolls = this.#detail.querySelector('.scrolls')
    if (scrolls) scrolls.scrollTop = scrolled
  }

  #back() {
    return element('a', { className: 'back', href: hrefOf('topics', '', { after: this.#after }) }, '‹ All topics')
  }

  /** @param {string} topic @param {Listed | undefined} listed */
  #actions(topic, listed) {
    const links = [
      element('a', { className: 'button', href: hrefOf('xray', '', { text: topic }) }, 'Who waits'),
      element('a', { className: 'button', href: hrefOf('xray', 'follow', { topic }) }, 'Follow a message'),
    ]
    if (listed === undefined) return links
    const remove = element('button', { type: 'button' }, 'Remove…')
    remove.addEventListener('click', () => void this.#remove(topic, listed))
    return [...links, remove]
  }

  /** @param {string} topic @param {Listed} listed */
  async #remove(topic, { head, oldest, waiting }) {
    const messages = plural(head === 0 ? 0 : head - oldest + 1, 'message')
    const readers = `${plural(waiting, 'reader')} who ${waiting === 1 ? 'waits' : 'wait'}`
    const words = `${messages} will be gone for good. ${readers} will be told so.`
    if (!(await confirmed({ title: `Remove ${topic}?`, words, yes: 'Remove the topic' }))) return
    try {
      await this.#api.fetch(`/topics/${encodeURIComponent(topic)}`, { method: 'DELETE' })
      location.hash = hrefOf('topics', '', { after: this.#after })
      this.#listed = []
      await this.#list(true)
    } catch (/** @type {any} */ error) {
      this.#detail.append(element('p', { className: 'trouble', role: 'alert' }, error.message))
    }
  }
}

/** @param {Listed} listed */
function factsOf({ head, oldest, waiting, contentType, closed }) {
  /** @type {[string, string][]} */
  const facts = [
    ['Head', count(head)],
    ['Oldest kept', head === 0 ? '–' : count(oldest)],
    ['Waiting', count(waiting)],
    ['Content type', contentType],
    ['State', closed ? 'closed' : 'open'],
  ]
  return facts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value)))
}

/** @param {Kept[]} messages oldest first */
function historyOf(messages) {
  const now = Date.now()
  const rows = messages.toReversed().map(({ offset, time, bytes: size, text, isWhole }) => {
    const seconds = Math.floor((now - time) / 1_000)
    const age = `${clock(time)}, ${seconds < 1 ? 'just now' : `${duration(seconds * 1_000)} ago`}`
    const shown = text === null ? 'bytes that are no text' : isWhole ? text : `${text}…`
    return element(
      'li',
      {},
      element('p', { className: 'quiet' }, element('b', {}, `#${offset}`), ` ${age} · ${bytes(size)}`),
      element('code', {}, shown),
    )
  })
  const list = element('ol', { className: 'history' }, ...rows)
  return element('div', { className: 'scrolls', tabIndex: 0, role: 'region', 'aria-label': 'Newest messages' }, list)
}

/** A name that comes just before another: the list begins after it. @param {string} name */
function justBefore(name) {
  if (name === '') return ''
  const code = name.charCodeAt(name.length - 1)
  return `${name.slice(0, -1)}${String.fromCharCode(code - 1)}~~~~`.slice(0, 200)
}
