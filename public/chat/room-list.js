// The rooms that one is in, each with a link and the number of unread messages, and the form that opens another.

import { element, find, icon } from './element.js'
import { cleanRoom, linkTo } from './room-name.js'

/** @typedef {import('./room.js').Room} Room */

export class RoomList {
  #list = find('rooms', HTMLUListElement)
  #leave

  /** @param {{ leave: (room: string) => void }} actions */
  constructor({ leave }) {
    this.#leave = leave
    const form = find('room-form', HTMLFormElement)
    const field = find('room-field', HTMLInputElement)
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      const room = cleanRoom(field.value)
      if (room === '') return field.focus()
      field.value = ''
      location.hash = linkTo(room)
    })
  }

  /** @param {Room[]} rooms @param {Room} current */
  show(rooms, current) {
    const focused = document.activeElement?.getAttribute('href')
    this.#list.replaceChildren(...rooms.map((room) => this.#row(room, room === current, rooms.length === 1)))
    for (const link of this.#list.querySelectorAll('a')) if (link.getAttribute('href') === focused) link.focus()
  }

  /** @param {Room} room @param {boolean} isCurrent @param {boolean} isOnly */
  #row({ name, unread }, isCurrent, isOnly) {
    const link = element(
      'a',
      { href: linkTo(name), 'aria-current': isCurrent ? 'page' : undefined, title: name },
      element('span', { className: 'hash', 'aria-hidden': 'true' }, '#'),
      element('bdi', {}, name),
    )
    if (unread > 0) {
      const told = `(${unread} unread)`
      link.append(
        element('span', { className: 'badge', 'aria-hidden': 'true' }, unread > 99 ? '99+' : String(unread)),
        element('span', { className: 'unseen' }, told),
      )
    }
    const leave = element(
      'button',
      { type: 'button', className: 'leave', 'aria-label': `Leave ${name}` },
      icon('close'),
    )
    leave.addEventListener('click', () => this.#leave(name))
    return element('li', {}, link, ...(isOnly ? [] : [leave]))
  }
}
