// What an operator does to the server: each of it is asked about first.

import { element } from '../chat/element.js'
import { plural } from './format.js'
import { confirmed } from './question.js'

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

export class Controls {
  title = 'Controls'
  root
  #api
  #live
  #level = element('select', {}, ...levels.map((level) => element('option', {}, level)))
  #said = element('p', { className: 'said', role: 'status' })
  #drain = element('button', { type: 'button', className: 'danger' }, 'Drain the server…')

  /** @param {import('./admin.js').House} house */
  constructor({ api, live, forget }) {
    this.#api = api
    this.#live = live
    const setLevel = element('button', { type: 'submit' }, 'Set the level…')
    const logForm = element(
      'form',
      { className: 'tools' },
      element('label', { className: 'inline' }, 'Level ', this.#level),
      setLevel,
    )
    const cancel = element('button', { type: 'button' }, 'Cancel the benchmark…')
    const leave = element('button', { type: 'button' }, 'Forget the token')
    this.root = element(
      'div',
      { className: 'controls' },
      element('h1', {}, 'Controls'),
      this.#said,
      card(
        'Log level',
        'The least important lines that the server writes, until it ends. Debug and trace write a great deal.',
        logForm,
      ),
      card('Benchmarks', 'One benchmark runs at a time, beside the polls, whoever has started it.', cancel),
      card(
        'Drain',
        'Every request that waits is answered and sent away, a few at a time, and new ones are answered at once. /readyz says 503, and the process stays until it is stopped. There is no way back.',
        this.#drain,
      ),
      card('This tab', 'The token is kept until the tab is closed, or until you say so.', leave),
    )
    logForm.addEventListener('submit', (event) => {
      event.preventDefault()
      void this.#setLevel(this.#level.value)
    })
    cancel.addEventListener('click', () => void this.#cancel())
    this.#drain.addEventListener('click', () => void this.#drainServer())
    leave.addEventListener('click', forget)
    live.onChange(() => {
      const { isDraining } = live.condition
      this.#drain.disabled = isDraining
      // Whoever comes later is told, too, and how far it is.
      const waiting = live.latest?.waiting ?? 0
      if (isDraining)
        this.#drain.textContent = `Draining: ${plural(waiting, 'request')} still ${waiting === 1 ? 'waits' : 'wait'}`
    })
  }

  show() {
    void this.#readLevel()
  }

  hide() {}

  async #readLevel() {
    try {
      const { level } = await this.#api.ask('/admin/log-level')
      this.#level.value = level
    } catch (/** @type {any} */ error) {
      this.#said.textContent = error.message
    }
  }

  /** @param {string} level */
  async #setLevel(level) {
    const words = `The server writes ${level === 'silent' ? 'no log lines at all' : `lines of level ${level} and above`} from now on.`
    if (!(await confirmed({ title: `Log level ${level}?`, words, yes: 'Set the level' }))) return
    await this.#act('/admin/log-level', { level }, `The log level is ${level}.`)
  }

  async #cancel() {
    const words = 'Whoever has started it is told that it was cancelled.'
    if (!(await confirmed({ title: 'Cancel the running benchmark?', words, yes: 'Cancel the benchmark' }))) return
    await this.#act('/admin/benchmarks/cancel', undefined, 'The benchmark is cancelled.')
  }

  async #drainServer() {
    const waiting = this.#live.latest?.waiting ?? 0
    const words = `${plural(waiting, 'request')} that ${waiting === 1 ? 'waits' : 'wait'} will be sent away, and no new one is held. There is no way back but to start the server again.`
    if (!(await confirmed({ title: 'Drain the server?', words, yes: 'Drain the server' }))) return
    await this.#act('/admin/drain', undefined, 'The server is draining.')
  }

  /** @param {string} path @param {unknown} body @param {string} done */
  async #act(path, body, done) {
    try {
      await this.#api.fetch(path, { method: 'POST', body })
      this.#said.textContent = done
    } catch (/** @type {any} */ error) {
      this.#said.textContent = error.message
    }
  }
}

/** @param {string} title @param {string} words @param {HTMLElement} action */
function card(title, words, action) {
  return element('section', { className: 'card' }, element('h2', {}, title), element('p', {}, words), action)
}
