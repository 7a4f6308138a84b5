// The form for keys and tokens: shown when the server refuses to be read or published to without one, and says which and why.
//
// It is kept for the session of this tab only, and sent to this server only.

import { find } from './element.js'
import { keepKeys, keptKeys } from './session.js'

/** @typedef {'publishKey' | 'subscribeKey'} Kind */
/** @typedef {{ code?: string, message?: string }} Refusal */

/** Whether a key or a token may help. @param {Refusal} refusal */
export const wantsKey = ({ code = '' }) =>
  /^ENCKE_ERR_((PUBLISH|SUBSCRIBE)_KEY|TOKEN(_MISSING|_EXPIRED)?|RIGHT)$/.test(code)

export class KeyForm {
  keys = keptKeys()
  #form = find('key-form', HTMLFormElement)
  #words = find('key-words', HTMLElement)
  /** Why each is asked for. @type {Partial<Record<Kind, Refusal>>} */
  #why = {}
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
      // A token is for both, unless another is asked for.
      const { code = '' } = this.#why.subscribeKey ?? {}
      if (changed.includes('subscribeKey') && /TOKEN|RIGHT/.test(code))
        this.keys.publishKey ??= this.keys.subscribeKey ?? ''
      if (changed.length === 0) return this.#focus()
      keepKeys(this.keys)
      given(changed)
    })
  }

  /** Ask for what is missing, or wrong. @param {Kind} kind @param {Refusal} refusal */
  ask(kind, refusal) {
    this.#why[kind] = refusal
    const isNew = !this.#isAsked(kind)
    this.#show(kind, true)
    const asked = kinds.filter((one) => this.#isAsked(one)).map((one) => this.#wordsFor(one))
    this.#words.textContent = asked.join(' ')
    this.#name(kind, refusal)
    if (isNew) this.#focus()
  }

  /** Call the field what is asked for in it. @param {Kind} kind @param {Refusal} refusal */
  #name(kind, { code = '' }) {
    const label = this.#fields[kind].closest('label')?.firstChild
    const isToken = /TOKEN|RIGHT/.test(code)
    if (kind === 'publishKey') label?.replaceWith(isToken ? 'Token to say something with ' : 'Publish key ')
    else label?.replaceWith(isToken ? 'Token ' : 'Subscribe key ')
  }

  /** @param {Kind} kind */
  #wordsFor(kind) {
    const what = kind === 'publishKey' ? 'publish' : 'subscribe'
    const does = kind === 'publishKey' ? 'say something' : 'read'
    const { code = '', message } = this.#why[kind] ?? {}
    if (code === 'ENCKE_ERR_RIGHT') return `This takes a token that allows one to ${does} here.`
    if (code === 'ENCKE_ERR_TOKEN_EXPIRED') return 'The token has expired: a new one, please.'
    // What does not even look like a token gets words for programs.
    if (code === 'ENCKE_ERR_TOKEN' && !message?.startsWith('the ')) return 'This one is wrong: another, please.'
    if (code === 'ENCKE_ERR_TOKEN') return `${message?.replace(/^t/, 'T')}.`
    if (code === 'ENCKE_ERR_TOKEN_MISSING') return `This server wants a token from those who ${does}.`
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
