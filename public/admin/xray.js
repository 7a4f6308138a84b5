// The X-ray: every coroutine of the server as a tree, what it waits for, since when and for which client; and the way of
// one message. Looking at ten thousand rows costs the server some work, so the more there are, the more rarely it looks.

import { element } from '../chat/element.js'
import { clientOf, everything, gistOf, kindOf, reasonOf, rowsOf, titleOf } from './coroutine-rows.js'
import { Follow } from './follow.js'
import { clock, count, duration } from './format.js'
import { hrefOf } from './route.js'
import { VirtualList } from './virtual-list.js'

/** @typedef {import('./coroutine-rows.js').Coroutine} Coroutine */
/** @typedef {import('./coroutine-rows.js').Row} Row */
/** @typedef {import('./coroutine-rows.js').Search} Search */

const most = 100_000
const leastAgainMs = 2_000

/** So many milliseconds of pause for each row: ten thousand are looked at every twenty seconds. */
const pausePerRowMs = 2

export class Xray {
  title = 'X-ray'
  root
  #api
  #live
  #follow
  /** @type {Coroutine[]} */
  #coroutines = []
  #total = 0
  #lookedAt = 0
  /** @type {Set<number>} */
  #folded = new Set()
  /** @type {Search} */
  #search = everything
  /** @type {number | null} */
  #chosen = null
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  #isLooking = false
  #isShown = false
  #text = element('input', {
    type: 'search',
    placeholder: 'Search: a topic, a client, what it waits for…',
    autocomplete: 'off',
    spellcheck: false,
    'aria-label': 'Search coroutines',
  })
  #kind = select('Show', [
    ['all', 'Everything'],
    ['request', 'Requests'],
    ['server', "The server's own"],
  ])
  #sort = select('Order', [
    ['tree', 'As a tree'],
    ['oldest', 'Longest wait first'],
  ])
  #look = element('button', { type: 'button' }, 'Look again')
  #count = element('p', { className: 'quiet', role: 'status' })
  #empty = element('p', { className: 'nothing pad', hidden: true })
  #detail = element('section', { className: 'card detail', tabIndex: 0, 'aria-label': 'One coroutine', hidden: true })
  #tree
  #list

  /** @param {import('./admin.js').House} house */
  constructor(house) {
    this.#api = house.api
    this.#live = house.live
    this.#follow = new Follow(house)
    this.#list = new VirtualList({
      label: 'Coroutines',
      role: 'treegrid',
      rowHeight: () => (matchMedia('(width < 48rem)').matches ? 56 : 34),
      make: makeRow,
      fill: (row, item) => fillRow(row, item, this.#chosen),
      choose: ({ coroutine }) => this.#choose(coroutine),
      press: (event, { coroutine, children, isOpen }) => {
        if (children === 0 || (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight')) return false
        if (isOpen === (event.key === 'ArrowLeft')) this.#fold(coroutine.id)
        return true
      },
    })
    this.#tree = this.#makeTree()
    this.root = element('div', { className: 'xray' })
    this.#listen()
  }

  /** @param {import('./route.js').Route} route */
  show({ subject, query }) {
    this.#isShown = subject !== 'follow'
    const part = this.#isShown ? this.#tree : this.#follow.root
    if (part.parentElement !== this.root || this.root.childElementCount < 3) {
      this.root.replaceChildren(element('h1', { className: 'unseen' }, 'X-ray'), tabs(subject), part)
    }
    if (!this.#isShown) return this.#follow.show(query)
    this.#search = {
      text: query.get('text') ?? '',
      kind: /** @type {Search['kind']} */ (query.get('kind') ?? 'all'),
      client: query.get('client') ?? '',
      sort: query.get('sort') === 'oldest' ? 'oldest' : 'tree',
    }
    if (this.#text.value !== this.#search.text) this.#text.value = this.#search.text
    this.#kind.field.value = this.#search.kind
    this.#sort.field.value = this.#search.sort
    if (this.#coroutines.length > 0) this.#refill()
    void this.#lookNow()
  }

  hide() {
    this.#isShown = false
    clearTimeout(this.#timer)
    this.#follow.hide()
  }

  #makeTree() {
    const tools = element('div', { className: 'tools' }, this.#text, this.#kind.root, this.#sort.root, this.#look)
    const head = element(
      'div',
      { className: 'grid-head', 'aria-hidden': 'true' },
      ...['Coroutine', 'Waits for', 'Since', 'For'].map((name) => element('span', {}, name)),
    )
    const list = element('div', { className: 'card flush' }, head, this.#list.root, this.#empty)
    return element(
      'div',
      { className: 'xray-tree' },
      tools,
      this.#count,
      element('div', { className: 'beside' }, list, this.#detail),
    )
  }

  #listen() {
    const go = () =>
      location.replace(
        hrefOf('xray', '', {
          text: this.#text.value.trim(),
          kind: this.#kind.field.value === 'all' ? '' : this.#kind.field.value,
          client: this.#search.client,
          sort: this.#sort.field.value === 'tree' ? '' : this.#sort.field.value,
        }),
      )
    this.#text.addEventListener('input', go)
    this.#kind.field.addEventListener('change', go)
    this.#sort.field.addEventListener('change', go)
    this.#look.addEventListener('click', () => void this.#lookNow())
    this.#list.root.addEventListener('click', ({ target }) => {
      const fold = target instanceof Element ? target.closest('.fold') : null
      const row = fold && this.#list.items[this.#list.active]
      if (row) this.#fold(row.coroutine.id)
    })
  }

  async #lookNow() {
    if (this.#isLooking) return
    this.#isLooking = true
    clearTimeout(this.#timer)
    try {
      const { total, coroutines } = await this.#api.ask(`/admin/coroutines?limit=${most}`)
      this.#coroutines = coroutines
      this.#total = total
      this.#lookedAt = Date.now()
      this.#refill()
    } catch (/** @type {any} */ error) {
      this.#count.textContent = error.message
    } finally {
      this.#isLooking = false
      if (this.#isShown) this.#lookLater()
    }
  }

  #lookLater() {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(
      () => (document.hidden || this.#live.connection === 'cut' ? this.#lookLater() : void this.#lookNow()),
      Math.max(leastAgainMs, this.#total * pausePerRowMs),
    )
  }

  #refill() {
    const rows = rowsOf(this.#coroutines, this.#search, this.#folded)
    this.#list.show(rows)
    const found = rows.filter(({ isMatch }) => isMatch).length
    const all = count(this.#total)
    const shown = found === this.#total ? `${all} coroutines` : `${count(found)} of ${all} coroutines`
    const listed =
      this.#coroutines.length < this.#total ? `, the first ${count(this.#coroutines.length)} of them listed` : ''
    const forClient = this.#search.client === '' ? '' : ` for ${this.#search.client}`
    this.#count.replaceChildren(`${shown}${forClient}${listed}, at ${clock(this.#lookedAt)}`)
    if (this.#search.client !== '') {
      const { text, kind, sort } = this.#search
      this.#count.append(' · ', element('a', { href: hrefOf('xray', '', { text, kind, sort }) }, 'for everybody'))
    }
    this.#empty.hidden = rows.length > 0
    this.#list.root.hidden = rows.length === 0
    this.#empty.textContent = 'No coroutine is like that now.'
    this.#fillDetail()
  }

  /** @param {number} id */
  #fold(id) {
    if (!this.#folded.delete(id)) this.#folded.add(id)
    this.#refill()
  }

  /** @param {Coroutine} coroutine */
  #choose({ id }) {
    this.#chosen = this.#chosen === id ? null : id
    this.#list.show(this.#list.items)
    this.#fillDetail()
  }

  #fillDetail() {
    const coroutine = this.#coroutines.find(({ id }) => id === this.#chosen)
    this.#detail.hidden = this.#chosen === null
    if (this.#chosen === null) return
    if (coroutine === undefined) {
      this.#detail.replaceChildren(element('p', { className: 'nothing' }, `Coroutine ${this.#chosen} has ended.`))
      return
    }
    const { name, path, status, waitsFor, parkedMs } = coroutine
    const client = clientOf(name)
    const { text, kind, sort } = this.#search
    /** @type {[string, string | Node][]} */
    const facts = [
      ['Status', status],
      ['Since', duration(parkedMs)],
      [
        'For',
        client === ''
          ? 'the server itself'
          : element('a', { href: hrefOf('xray', '', { text, kind, sort, client }) }, client),
      ],
    ]
    this.#detail.replaceChildren(
      element('h2', { className: 'name' }, titleOf(name)),
      element(
        'dl',
        { className: 'facts' },
        ...facts.map(([key, value]) => element('div', {}, element('dt', {}, key), element('dd', {}, value))),
      ),
      element('h3', {}, 'It waits for'),
      element(
        'ul',
        { className: 'cases' },
        ...casesOf(waitsFor).map((one) => element('li', {}, element('code', {}, one))),
      ),
      element('h3', {}, 'Where it stands'),
      element(
        'ol',
        { className: 'path' },
        ...path.split(' > ').map((one) => element('li', {}, element('code', {}, one))),
      ),
    )
  }
}

/** @param {string | null} waitsFor */
function casesOf(waitsFor) {
  const reason = reasonOf(waitsFor)
  return reason === '' ? ['nothing: it can run'] : reason.split(' · ')
}

/** @param {string} subject */
function tabs(subject) {
  const parts = /** @type {const} */ ([
    ['', 'Who waits for what'],
    ['follow', 'Follow a message'],
  ])
  const links = parts.map(([part, name]) => {
    const link = element('a', { href: hrefOf('xray', part) }, name)
    if ((part === 'follow') === (subject === 'follow')) link.setAttribute('aria-current', 'page')
    return link
  })
  return element('nav', { className: 'tabs', 'aria-label': 'X-ray' }, ...links)
}

function makeRow() {
  const cells = ['what', 'reason', 'since', 'client'].map((className) =>
    element('span', { className, role: 'gridcell' }),
  )
  const fold = element('span', { className: 'fold', 'aria-hidden': 'true' })
  const title = element('span', { className: 'title' })
  cells[0]?.append(fold, title)
  return element('div', { className: 'grid-row' }, ...cells)
}

/** @param {HTMLElement} row @param {Row} item @param {number | null} chosen */
function fillRow(row, { coroutine, depth, isOpen, children, isMatch }, chosen) {
  const { id, name, status, waitsFor, parkedMs } = coroutine
  const [what, reason, since, client] = /** @type {HTMLElement[]} */ ([...row.children])
  const [fold, title] = /** @type {HTMLElement[]} */ ([...(what?.children ?? [])])
  if (!what || !reason || !since || !client || !fold || !title) return
  row.setAttribute('aria-level', String(depth + 1))
  if (children > 0) row.setAttribute('aria-expanded', String(isOpen))
  else row.removeAttribute('aria-expanded')
  row.setAttribute('aria-selected', String(id === chosen))
  row.classList.toggle('is-faint', !isMatch)
  row.dataset['kind'] = kindOf(name)
  what.style.paddingInlineStart = `${0.75 + depth * 1.25}rem`
  fold.textContent = children === 0 ? '' : isOpen ? '▾' : '▸'
  title.textContent = titleOf(name)
  reason.textContent = waitsFor === null ? status : gistOf(waitsFor)
  since.textContent = parkedMs === null ? '' : duration(parkedMs)
  client.textContent = clientOf(name)
}

/** A field to choose from. @param {string} label @param {[value: string, name: string][]} choices */
function select(label, choices) {
  const field = element('select', {}, ...choices.map(([value, name]) => element('option', { value }, name)))
  field.setAttribute('aria-label', label)
  return { field, root: field }
}
