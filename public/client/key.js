// The key or token that a client sends: a text, or a function of the page that gives one.
//
// Always true: all requests send what the function gave last. It is asked again only after the server has refused that, or
// when it failed.

/** @typedef {(refused: string | undefined) => string | Promise<string>} GiveKey is told what the server has refused */

export class Key {
  /** What is sent; undefined as long as the function has to be asked. @type {string | undefined} */
  known
  /** Called once the function has given another, or failed. @type {() => unknown} */
  onChange = () => {}
  #give
  /** @type {string | undefined} */
  #refused
  /** @type {Promise<string> | undefined} */
  #asked

  /** @param {string | GiveKey} give */
  constructor(give) {
    this.#give = give
    if (typeof give === 'string') this.known = give
  }

  text() {
    if (this.known !== undefined) return this.known
    this.#asked ??= this.#ask().finally(() => {
      this.#asked = undefined
      this.onChange()
    })
    return this.#asked
  }

  async #ask() {
    try {
      const give = /** @type {GiveKey} */ (this.#give)
      this.known = (await give(this.#refused)) ?? ''
      return this.known
    } catch (/** @type {any} */ error) {
      throw new Error(`no key: ${error?.message}`, { cause: error })
    }
  }

  /** The server has refused `text`. Gives whether another may be had. @param {string} text */
  refuse(text) {
    if (typeof this.#give === 'string') return false
    // Where several requests were refused, only the first of them has another asked for.
    if (text === this.known) this.known = undefined
    this.#refused = text
    return true
  }
}
