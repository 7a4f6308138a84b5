// A list of any length of which only what is in view is in the page. Rows are all of one height; an element is used again
// for another row once it has left the view, so that scrolling makes no garbage.

import { element } from '../chat/element.js'

/** So many rows beyond the view are kept on each side: what a flick uncovers before the next frame. */
const beyond = 8

/** @template Item */
export class VirtualList {
  root
  /** @type {readonly Item[]} */
  items = []
  #options
  #runway = element('div', { className: 'runway', role: 'presentation' })
  /** @type {{ element: HTMLElement, index: number }[]} */
  #pool = []
  #rowHeight = 0
  #isAsked = false
  #active = 0

  /**
   * @param {object} options
   * @param {string} options.label
   * @param {'treegrid' | 'grid'} options.role
   * @param {() => number} options.rowHeight in pixels; asked again when the size changes
   * @param {() => HTMLElement} options.make a row, empty
   * @param {(row: HTMLElement, item: Item, index: number) => void} options.fill
   * @param {(item: Item, index: number) => void} [options.choose] a row was pressed, or Enter on it
   * @param {(event: KeyboardEvent, item: Item, index: number) => boolean} [options.press] gives whether it knew the key
   */
  constructor(options) {
    this.#options = options
    this.root = element('div', {
      className: 'virtual-list',
      role: options.role,
      tabIndex: 0,
      'aria-label': options.label,
    })
    this.root.append(this.#runway)
    this.root.addEventListener('scroll', () => this.#ask(), { passive: true })
    this.root.addEventListener('keydown', (event) => this.#press(event))
    this.root.addEventListener('click', (event) => this.#click(event))
    new ResizeObserver(() => this.#resize()).observe(this.root)
  }

  get active() {
    return Math.min(this.#active, this.items.length - 1)
  }

  /** Show these. The place that is scrolled to stays. @param {readonly Item[]} items */
  show(items) {
    this.items = items
    this.root.setAttribute('aria-rowcount', String(items.length))
    this.#runway.style.height = `${items.length * this.#rowHeight}px`
    this.#refresh()
  }

  /** @param {number} index */
  activate(index) {
    this.#active = Math.max(0, Math.min(index, this.items.length - 1))
    const top = this.#active * this.#rowHeight
    const { scrollTop, clientHeight } = this.root
    if (top < scrollTop) this.root.scrollTop = top
    else if (top + this.#rowHeight > scrollTop + clientHeight)
      this.root.scrollTop = top + this.#rowHeight - clientHeight
    this.#refresh()
  }

  #resize() {
    this.#rowHeight = this.#options.rowHeight()
    const wanted = Math.ceil(this.root.clientHeight / this.#rowHeight) + 2 * beyond
    while (this.#pool.length < wanted) {
      const row = this.#options.make()
      row.setAttribute('role', 'row')
      row.hidden = true
      this.#runway.append(row)
      this.#pool.push({ element: row, index: -1 })
    }
    for (const { element } of this.#pool.splice(wanted)) element.remove()
    this.show(this.items)
  }

  /** Fill every row again: what it is about has changed. */
  #refresh() {
    for (const slot of this.#pool) slot.index = -1
    this.#layOut()
  }

  #ask() {
    if (this.#isAsked) return
    this.#isAsked = true
    requestAnimationFrame(() => {
      this.#isAsked = false
      this.#layOut()
    })
  }

  #layOut() {
    const { length } = this.#pool
    if (length === 0) return
    const first = Math.max(0, Math.floor(this.root.scrollTop / this.#rowHeight) - beyond)
    for (let index = first; index < first + length; index += 1) {
      const slot = this.#pool[index % length]
      if (slot === undefined || slot.index === index) continue
      slot.index = index
      this.#place(slot.element, index)
    }
    const active = this.#pool.find(({ index }) => index === this.active)
    if (active === undefined) this.root.removeAttribute('aria-activedescendant')
    else this.root.setAttribute('aria-activedescendant', active.element.id)
  }

  /** @param {HTMLElement} row @param {number} index */
  #place(row, index) {
    const item = this.items[index]
    row.hidden = item === undefined
    if (item === undefined) return
    row.id = `row-${index}`
    row.dataset['index'] = String(index)
    row.setAttribute('aria-rowindex', String(index + 1))
    row.classList.toggle('is-active', index === this.active)
    row.style.transform = `translateY(${index * this.#rowHeight}px)`
    this.#options.fill(row, item, index)
  }

  /** @param {MouseEvent} event */
  #click({ target }) {
    const row = target instanceof Element ? target.closest('[data-index]') : null
    if (!(row instanceof HTMLElement)) return
    const index = Number(row.dataset['index'])
    this.activate(index)
    this.#choose(index)
  }

  /** @param {number} index */
  #choose(index) {
    const item = this.items[index]
    if (item !== undefined) this.#options.choose?.(item, index)
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const page = Math.max(1, Math.floor(this.root.clientHeight / this.#rowHeight) - 1)
    /** @type {Record<string, number>} */
    const moves = {
      ArrowDown: this.active + 1,
      ArrowUp: this.active - 1,
      PageDown: this.active + page,
      PageUp: this.active - page,
      Home: 0,
      End: this.items.length - 1,
    }
    const to = moves[event.key]
    const item = this.items[this.active]
    if (to !== undefined) this.activate(to)
    else if (event.key === 'Enter') this.#choose(this.active)
    else if (item === undefined || !this.#options.press?.(event, item, this.active)) return
    event.preventDefault()
  }
}
