// The log: keeps the page's rows equal to a room's, and the reader's place in them.
//
// Whoever is at the end stays there when something comes; whoever has scrolled up stays where they are, and is told.

import { element, find } from './element.js'
import { makeMessage, updateMessage } from './message-view.js'
import { rowsOf } from './rows.js'
import { Window } from './window.js'

/** @typedef {import('./rows.js').Row} Row */
/** @typedef {import('./room.js').Room} Room */

/** How near to the end still counts as the end, in pixels. */
const nearEnd = 48

export class LogView {
  #scroller = find('log', HTMLElement)
  #list = find('rows', HTMLElement)
  #pill = find('to-end', HTMLButtonElement)
  #empty = find('empty', HTMLElement)
  /** @type {Map<string, { made: HTMLElement, shown: string }>} */
  #byKey = new Map()
  /** @type {Room | undefined} */
  #room
  #actions
  #isAtEnd = true
  /** The entries that are on the page. @type {Window<import('./rows.js').Entry | import('./room.js').Note>} */
  #window = new Window()
  /** What comes now comes while one looks on. */
  #isSettled = false

  /** @param {import('./message-view.js').Actions & { moved: () => void }} actions */
  constructor(actions) {
    this.#actions = actions
    // Whoever has only a keyboard must be able to scroll it.
    this.#scroller.tabIndex = 0
    this.#scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true })
    this.#pill.addEventListener('click', () => {
      if (this.#room && !this.#window.isAtEnd) this.show(this.#room, true)
      else this.#scrollToEnd('smooth')
      this.#scroller.focus({ preventScroll: true })
    })
    // The composer grows, a phone's keyboard opens: the end stays in sight.
    new ResizeObserver(() => this.#isAtEnd && this.#scrollToEnd('instant')).observe(this.#scroller)
  }

  /** Does the reader see the end? */
  get isAtEnd() {
    return this.#isAtEnd
  }

  /**
   * Show a room as it is now.
   *
   * @param {Room} room
   * @param {boolean} [toEnd] go to the end, wherever the reader is
   */
  show(room, toEnd = false) {
    const isOther = this.#room !== room
    if (isOther) this.#clear()
    this.#room = room
    // What is there already when one enters is to be read, not to be read out.
    this.#scroller.setAttribute('aria-busy', String(isOther || !room.isLoaded))
    this.#isSettled = !isOther && room.isLoaded
    if (this.#isAtEnd || toEnd) this.#window.toEnd()
    else this.#window.stay()
    this.#reconcile(rowsOf(room, Date.now(), this.#window.of(room.entries)))
    this.#empty.hidden = !room.isLoaded || this.#byKey.size > 0
    if (isOther || toEnd || this.#isAtEnd) this.#scrollToEnd('instant')
    this.#tellUnread()
    if (room.isLoaded) requestAnimationFrame(() => this.#scroller.setAttribute('aria-busy', 'false'))
  }

  #clear() {
    this.#list.replaceChildren()
    this.#byKey.clear()
    this.#isAtEnd = true
  }

  /** Whoever nears the edge of what is on the page finds more there, and what is in sight does not move. */
  #reach() {
    const room = this.#room
    if (!room) return
    const { scrollTop, clientHeight, scrollHeight } = this.#scroller
    const isAbove = scrollTop < clientHeight
    const isBelow = scrollHeight - scrollTop < 2 * clientHeight
    if (!isAbove && !isBelow) return
    const { entries } = room
    if (!(isAbove && this.#window.moveUp(entries)) && !(isBelow && this.#window.moveDown(entries))) return
    const { top } = this.#scroller.getBoundingClientRect()
    // Not the line of the day, which goes up with the first message.
    const seen = [...this.#list.querySelectorAll('.said')].find((row) => row.getBoundingClientRect().bottom > top)
    const before = seen?.getBoundingClientRect().top ?? 0
    this.#isSettled = false
    this.#reconcile(rowsOf(room, Date.now(), this.#window.of(entries)))
    if (seen?.isConnected) this.#scroller.scrollTop += seen.getBoundingClientRect().top - before
  }

  /** @param {Row[]} rows */
  #reconcile(rows) {
    const keys = new Set(rows.map(({ key }) => key))
    for (const [key, { made }] of this.#byKey) {
      if (keys.has(key)) continue
      made.remove()
      this.#byKey.delete(key)
    }
    let next = this.#list.firstElementChild
    for (const row of rows) {
      const { made } = this.#made(row)
      if (made === next) next = next.nextElementSibling
      else this.#list.insertBefore(made, next)
    }
  }

  /** @param {Row} row */
  #made(row) {
    const known = this.#byKey.get(row.key) ?? { made: this.#make(row), shown: '' }
    this.#byKey.set(row.key, known)
    if (row.kind === 'said') {
      const { isFirst, isLast, entry, look } = row
      const shown = `${look.mark} ${look.hue} ${isFirst} ${isLast} ${entry.status} ${entry.time} ${entry.why}`
      if (shown !== known.shown) updateMessage(known.made, row)
      known.shown = shown
    } else if (known.shown !== row.text) {
      // What was today is yesterday by now.
      known.made.replaceChildren(element('span', {}, row.text))
      known.shown = row.text
    }
    return known
  }

  /** @param {Row} row */
  #make(row) {
    const made =
      row.kind === 'said'
        ? makeMessage(row, this.#actions)
        : element('li', { className: `line is-${row.kind}` }, element('span', {}, row.text))
    made.classList.toggle('is-arriving', this.#isSettled)
    return made
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller
    const wasAtEnd = this.#isAtEnd
    this.#isAtEnd = this.#window.isAtEnd && scrollHeight - scrollTop - clientHeight < nearEnd
    if (!this.#isAtEnd) this.#reach()
    this.#actions.moved()
    // Not in each frame: it counts all messages, and changes the page.
    if (this.#isAtEnd !== wasAtEnd) this.#tellUnread()
  }

  #tellUnread() {
    const unread = this.#room?.unread ?? 0
    this.#pill.hidden = this.#isAtEnd
    this.#pill.textContent = unread === 0 ? 'To the newest' : `${unread} new ${unread === 1 ? 'message' : 'messages'}`
    this.#pill.classList.toggle('has-news', unread > 0)
  }

  /** @param {'smooth' | 'instant'} wished */
  #scrollToEnd(wished) {
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches
    this.#scroller.scrollTo({ top: this.#scroller.scrollHeight, behavior: isCalm ? 'instant' : wished })
    this.#isAtEnd ||= wished === 'instant'
  }
}
