// The people of the room: a count in the head, a list beside the rooms, and who is writing above the field.

import { element, find } from './element.js'
import { initialOf } from './name-colour.js'

/** @typedef {{ name: string, tag: string }} Person */
/** @typedef {import('./room.js').Look} Look */

/** More of them than fit; the rest is a number. */
const mostListed = 30

export class PeopleView {
  #count = find('here-count', HTMLElement)
  #section = find('here', HTMLElement)
  #list = find('here-list', HTMLElement)
  #typing = find('typing', HTMLElement)

  /** @param {Person[]} members @param {string} ownTag @param {(person: Person) => Look} lookOf */
  showMembers(members, ownTag, lookOf) {
    this.#count.textContent = members.length === 0 ? '' : `${members.length} here`
    this.#section.hidden = members.length === 0
    const listed = members.slice(0, mostListed).map((member) => rowOf(member, member.tag === ownTag, lookOf(member)))
    const rest = members.length - listed.length
    if (rest > 0) listed.push(element('li', { className: 'rest' }, `and ${rest} more`))
    this.#list.replaceChildren(...listed)
  }

  /** @param {Person[]} writers @param {(person: Person) => Look} lookOf */
  showWriters(writers, lookOf) {
    const names = writers.slice(0, 2).map((one) => nameOf(one, lookOf(one)))
    if (writers.length === 0) this.#typing.replaceChildren()
    else if (writers.length === 1) this.#typing.replaceChildren(...(names[0] ?? []), ' is writing…')
    else if (writers.length === 2)
      this.#typing.replaceChildren(...(names[0] ?? []), ' and ', ...(names[1] ?? []), ' are writing…')
    else this.#typing.replaceChildren(`${writers.length} people are writing…`)
  }
}

/** @param {Person} person @param {Look} look */
function nameOf({ name }, { mark }) {
  const shown = element('bdi', {}, name)
  return mark === '' ? [shown] : [shown, element('span', { className: 'mark' }, ` ~${mark}`)]
}

/** @param {Person} member @param {boolean} isOwn @param {Look} look */
function rowOf(member, isOwn, look) {
  const { name } = member
  const avatar = element('span', { className: 'avatar', 'aria-hidden': 'true' }, initialOf(name))
  const row = element('li', {}, avatar, element('span', { className: 'person' }, ...nameOf(member, look)))
  if (isOwn) row.append(element('span', { className: 'you' }, '(you)'))
  row.style.setProperty('--hue', String(look.hue))
  return row
}
