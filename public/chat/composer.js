// Where one writes: first a name, then messages. Enter sends, Shift and Enter begin a new line.

import { element, find } from './element.js'
import { cleanName, longestText } from './message.js'
import { hueOf, initialOf } from './name-colour.js'

export class Composer {
  #nameForm = find('name-form', HTMLFormElement)
  #nameField = find('name-field', HTMLInputElement)
  #form = find('message-form', HTMLFormElement)
  #field = find('message-field', HTMLTextAreaElement)
  #hint = find('message-hint', HTMLElement)
  #me = find('me', HTMLButtonElement)
  #name = ''

  /**
   * @param {string} name the name that is known; empty when none is
   * @param {{ named: (name: string) => void, say: (text: string) => void, written: (text: string) => void }} actions
   */
  constructor(name, { named, say, written }) {
    this.#nameForm.addEventListener('submit', (event) => {
      event.preventDefault()
      const given = cleanName(this.#nameField.value)
      if (given === '') return this.#nameField.focus()
      named(given)
      this.#take(given)
      this.#field.focus()
    })
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault()
      const text = this.#field.value.trim()
      if (text === '' || text.length > longestText) return this.#field.focus()
      this.draft = ''
      written('')
      say(text)
      this.#field.focus()
    })
    this.#field.addEventListener('keydown', (event) => {
      // While an input method composes, Enter ends the composing; 229 is how Safari says so.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return
      event.preventDefault()
      this.#form.requestSubmit()
    })
    this.#field.addEventListener('input', () => {
      this.#fit()
      written(this.#field.value)
    })
    this.#me.addEventListener('click', () => this.#ask())
    if (name === '') this.#ask(false)
    else this.#take(name)
  }

  /** @param {string} text */
  set draft(text) {
    this.#field.value = text
    this.#fit()
  }

  /** @param {string} room */
  set room(room) {
    this.#field.placeholder = `Message #${room}`
  }

  /** One has the same colour here as in the list. @param {number} hue */
  set hue(hue) {
    this.#me.style.setProperty('--hue', String(hue))
  }

  focus() {
    if (this.#form.hidden) this.#nameField.focus()
    else this.#field.focus()
  }

  #ask(withFocus = true) {
    this.#nameField.value = this.#name
    this.#nameForm.hidden = false
    this.#form.hidden = true
    if (withFocus) this.#nameField.select()
  }

  /** @param {string} name */
  #take(name) {
    this.#name = name
    this.#nameForm.hidden = true
    this.#form.hidden = false
    const avatar = element('span', { className: 'avatar', 'aria-hidden': 'true' }, initialOf(name))
    this.#me.replaceChildren(avatar, element('bdi', {}, name), element('span', { className: 'change' }, 'Change name'))
    this.#me.style.setProperty('--hue', String(hueOf(name)))
    this.#me.hidden = false
    this.#fit()
  }

  #fit() {
    // What is hidden has no height; it is fitted when it is shown.
    if (this.#form.hidden) return
    const { style } = this.#field
    style.height = 'auto'
    style.height = `${this.#field.scrollHeight}px`
    const tooMany = this.#field.value.trim().length - longestText
    this.#hint.textContent = tooMany > 0 ? `${tooMany} characters too many for one message` : ''
  }
}
