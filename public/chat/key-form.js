// The form for keys: shown when the server refuses to be read or published to without one, and says which and why.
//
// A key is kept for the session of this tab only, and sent to this server only.

import { find } from './element.js'
import { keepKeys, keptKeys } from './session.js'

/** @typedef {'publishKey' | 'subscribeKey'} Kind */

export class KeyForm {
  keys = keptKeys()
  #form = find('key-form', HTMLFormElement)
  #words = find('key-words', HTMLElement)
  #fields = {
    subscribeKey: find('subscribe-key', HTMLInputElement),
    publishKey: find('publish-key', HTMLInputElement),
  }

  /** @param {(changed: Kind[]) => void} given */
  constructor(given) {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault()
      const changed = kinds.filter((kind) => this.#isAsked(kind) && this.#fields[kind].value !== '')
      for (const kind of changed) {
        this.keys[kind] = this.#fields[kind].value
        this.#show(kind, false)
      }
      if (changed.length === 0) return this.#focus()
      keepKeys(this.keys)
      given(changed)
    })
  }

  /** Ask for a key that is missing, or wrong. @param {Kind} kind */
  ask(kind) {
    const isNew = !this.#isAsked(kind)
    this.#show(kind, true)
    const asked = kinds.filter((one) => this.#isAsked(one)).map((one) => this.#wordsFor(one))
    this.#words.textContent = asked.join(' ')
    if (isNew) this.#focus()
  }

  /** @param {Kind} kind */
  #wordsFor(kind) {
    const what = kind === 'publishKey' ? 'publish' : 'subscribe'
    const does = kind === 'publishKey' ? 'say something' : 'read'
    return this.keys[kind] ? `The ${what} key is wrong.` : `This server wants a ${what} key from those who ${does}.`
  }

  /** @param {Kind} kind */
  #isAsked(kind) {
    return this.#fields[kind].closest('label')?.hidden === false
  }

  /** @param {Kind} kind @param {boolean} isAsked */
  #show(kind, isAsked) {
    this.#fields[kind].value = ''
    const row = this.#fields[kind].closest('label')
    if (row) row.hidden = !isAsked
    this.#form.hidden = !kinds.some((one) => this.#isAsked(one))
  }

  #focus() {
    const kind = kinds.find((one) => this.#isAsked(one))
    if (kind) this.#fields[kind].focus()
  }
}

/** @type {Kind[]} */
const kinds = ['subscribeKey', 'publishKey']
