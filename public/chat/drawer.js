// On a narrow page the list of rooms is a drawer: out of sight, out of the tab order, opened by a button, closed by
// Escape, by a click beside it and by choosing a room.

import { find } from './element.js'

export class Drawer {
  #drawer = find('drawer', HTMLElement)
  #button = find('open-drawer', HTMLButtonElement)
  #backdrop = find('backdrop', HTMLElement)
  #main = find('main', HTMLElement)
  #narrow = matchMedia('(max-width: 719px)')
  #isOpen = false

  constructor() {
    this.#button.addEventListener('click', () => this.#set(true))
    this.#backdrop.addEventListener('click', () => this.close())
    find('close-drawer', HTMLButtonElement).addEventListener('click', () => this.close())
    this.#drawer.addEventListener('keydown', ({ key }) => key === 'Escape' && this.close())
    this.#narrow.addEventListener('change', () => this.#set(false))
    this.#set(false)
  }

  close() {
    if (!this.#isOpen) return
    this.#set(false)
    this.#button.focus()
  }

  /** @param {boolean} isOpen */
  #set(isOpen) {
    this.#isOpen = isOpen
    const isNarrow = this.#narrow.matches
    this.#drawer.inert = isNarrow && !isOpen
    this.#main.inert = isNarrow && isOpen
    this.#drawer.classList.toggle('is-open', isOpen)
    this.#backdrop.hidden = !isOpen
    this.#button.setAttribute('aria-expanded', String(isOpen))
    if (isOpen) this.#drawer.querySelector('a')?.focus()
  }
}
