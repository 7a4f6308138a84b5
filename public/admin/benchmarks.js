// The benchmarks: choose, run, watch, and see the figures beside those that were published and beside earlier runs.

import { element } from '../chat/element.js'
import {
  barScale,
  eventsIn,
  figureOfRow,
  figureOfRun,
  newestOfEach,
  perUnitMicros,
  sizeInWords,
  unitOf,
} from './benchmark-rows.js'
import { bytes, count, duration } from './format.js'
import { keepRun, keptRuns } from './kept-runs.js'
import { hrefOf } from './route.js'

/** @typedef {import('./benchmark-rows.js').Program} Program */
/** @typedef {import('./benchmark-rows.js').Figure} Figure */

/** @type {Record<Program, string>} */
const about = {
  chain:
    'A row of coroutines, each of which waits for its neighbour, adds one and hands on: creating, parking and waking.',
  hackysack:
    'Players in a circle kick a ball to one another at random: channels that many share, and cancelling them all.',
}

export class Benchmarks {
  title = 'Benchmarks'
  root
  #api
  /** @type {Program} */
  #program = 'chain'
  /** @type {any} */
  #catalogue
  /** @type {AbortController | undefined} */
  #running
  /** @type {any[]} the runs that were asked for last */
  #now = []
  #form = element('form', { className: 'card bench-form' })
  #model = element('select', { name: 'model' })
  #n = numberField('n')
  #players = numberField('players')
  #turns = numberField('turns')
  #variant = element(
    'select',
    { name: 'variant' },
    ...['mailbox', 'rendezvous'].map((one) => element('option', {}, one)),
  )
  #repeat = numberField('repeat')
  #run = element('button', { type: 'submit', className: 'primary' }, 'Run')
  #all = element('button', { type: 'button' }, 'All eight models')
  #cancel = element('button', { type: 'button', hidden: true }, 'Cancel')
  #said = element('p', { className: 'said', role: 'status' })
  #bar = element('progress', { max: 1, value: 0, hidden: true, 'aria-label': 'Progress' })
  #words = element('p', { className: 'quiet' })
  #results = element('section', { className: 'card results', 'aria-label': 'Results' })
  #tabs = element('nav', { className: 'tabs', 'aria-label': 'Program' })

  /** @param {import('./admin.js').House} house */
  constructor({ api }) {
    this.#api = api
    const label = (/** @type {string} */ name, /** @type {HTMLElement} */ field) =>
      element('label', { 'data-for': field.getAttribute('name') ?? '' }, name, field)
    this.#form.append(
      this.#words,
      label('Model', this.#model),
      label('Coroutines', this.#n),
      label('Players', this.#players),
      label('Turns', this.#turns),
      label('Variant', this.#variant),
      label('Runs', this.#repeat),
      element('div', { className: 'bench-buttons' }, this.#run, this.#all, this.#cancel),
      this.#bar,
      this.#said,
    )
    this.root = element(
      'div',
      { className: 'bench' },
      element('h1', { className: 'unseen' }, 'Benchmarks'),
      this.#tabs,
      this.#form,
      this.#results,
    )
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault()
      void this.#start([this.#model.value])
    })
    this.#all.addEventListener('click', () => void this.#start(this.#catalogue.models))
    this.#cancel.addEventListener('click', () => this.#running?.abort())
    this.#model.addEventListener('change', () => this.#suggestSizes())
  }

  /** @param {import('./route.js').Route} route */
  show({ subject }) {
    this.#program = subject === 'hackysack' ? 'hackysack' : 'chain'
    this.#tabs.replaceChildren(
      ...['chain', 'hackysack'].map((one) => {
        const link = element('a', { href: hrefOf('benchmarks', one) }, one === 'chain' ? 'Chain' : 'Hackysack')
        if (one === this.#program) link.setAttribute('aria-current', 'page')
        return link
      }),
    )
    this.#words.textContent = about[this.#program]
    for (const row of this.#form.querySelectorAll('label[data-for]')) {
      const name = row.getAttribute('data-for')
      const isOther = this.#program === 'chain' ? /players|turns|variant/.test(name ?? '') : name === 'n'
      if (row instanceof HTMLElement) row.hidden = isOther
    }
    this.#now = []
    // What came of a run stands beside its own program only.
    if (this.#running === undefined) this.#said.textContent = ''
    void this.#prepare()
  }

  hide() {}

  async #prepare() {
    try {
      this.#catalogue ??= await this.#api.ask('/admin/benchmarks')
    } catch (/** @type {any} */ error) {
      this.#said.textContent = error.message
      return
    }
    const { models, limits } = this.#catalogue
    if (this.#model.childElementCount === 0) {
      this.#model.append(...models.map((/** @type {string} */ one) => element('option', {}, one)))
      for (const [field, name] of /** @type {const} */ ([
        [this.#n, 'n'],
        [this.#players, 'players'],
        [this.#turns, 'turns'],
        [this.#repeat, 'repeat'],
      ])) {
        field.min = limits[name].smallest
        field.max = limits[name].largest
        field.value = limits[name].default
      }
    }
    this.#suggestSizes()
    this.#draw()
  }

  /** Some models take smaller sizes: what is too large for one is made as large as it can be. */
  #suggestSizes() {
    const { limits, smallerSizes } = this.#catalogue
    const smaller = smallerSizes[this.#model.value]
    this.#n.value = String(smaller?.n ?? limits.n.default)
    this.#players.value = String(smaller?.players ?? limits.players.default)
  }

  /** @param {string} model @param {boolean} isOneOfMany */
  #request(model, isOneOfMany) {
    const smaller = isOneOfMany ? this.#catalogue.smallerSizes[model] : undefined
    const repeat = Number(this.#repeat.value)
    const atMost = (/** @type {HTMLInputElement} */ field, /** @type {number | undefined} */ most) =>
      Math.min(Number(field.value), most ?? Number.POSITIVE_INFINITY)
    if (this.#program === 'chain') return { model, n: atMost(this.#n, smaller?.n), repeat }
    // Of many models some have no rendezvous: side by side are mailboxes.
    const variant = isOneOfMany ? 'mailbox' : this.#variant.value
    return {
      model,
      players: atMost(this.#players, smaller?.players),
      turns: Number(this.#turns.value),
      variant,
      repeat,
    }
  }

  /** @param {string[]} models */
  async #start(models) {
    if (this.#running !== undefined) return
    const program = this.#program
    const { signal } = (this.#running = new AbortController())
    this.#showRunning(true)
    this.#now = []
    try {
      for (const [at, model] of models.entries()) {
        const request = this.#request(model, models.length > 1)
        const which = models.length > 1 ? ` (${at + 1} of ${models.length})` : ''
        this.#said.textContent = `${model}: ${sizeInWords(program, request)}${which}…`
        const report = await this.#runOne(program, request, signal)
        keepRun(program, report)
        this.#now.push(report)
        if (program === this.#program) this.#draw()
      }
      this.#said.textContent = `Done: ${this.#now.map(outcome).join(', ')}.`
    } catch (/** @type {any} */ error) {
      this.#said.textContent = signal.aborted ? 'Cancelled.' : error.message
    } finally {
      this.#running = undefined
      this.#showRunning(false)
    }
  }

  /** @param {Program} program @param {object} request @param {AbortSignal} signal */
  async #runOne(program, request, signal) {
    const path = `/admin/benchmarks/${program}`
    const response = await this.#api.fetch(path, { method: 'POST', body: request, accept: 'text/event-stream', signal })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: '' }
      if (done) throw new Error('The server has gone away, and with it the run.')
      const { events, rest } = eventsIn(text + value)
      text = rest
      for (const { event, data } of events) {
        if (event === 'progress') this.#bar.value = (data.run - 1 + data.fraction) / data.of
        if (event === 'error') throw new Error(data.message)
        if (event === 'result') return data
      }
    }
  }

  /** @param {boolean} isRunning */
  #showRunning(isRunning) {
    this.#run.disabled = isRunning
    this.#all.disabled = isRunning
    this.#cancel.hidden = !isRunning
    this.#bar.hidden = !isRunning
    this.#bar.value = 0
  }

  #draw() {
    const program = this.#program
    const earlier = newestOfEach(keptRuns(program))
    const runs = earlier.map((run) => figureOfRun(program, run, this.#isOfNow(run) ? 'now' : 'earlier'))
    const rows = this.#catalogue.published[program].map((/** @type {any} */ row) => figureOfRow(program, row))
    const figures = [...runs, ...rows].sort((a, b) => perUnitMicros(a) - perUnitMicros(b))
    const unit = unitOf(program)
    const title = element('h2', {}, `Time for one ${unit}, logarithmic`)
    const legend = element(
      'p',
      { className: 'bench-legend quiet' },
      ...[
        ['now', 'this run'],
        ['earlier', 'earlier runs here, the newest of each model'],
        ['published', 'published 2007–2009'],
      ].map(([kind = '', words = '']) => element('span', { 'data-kind': kind }, words)),
    )
    const note = element('p', { className: 'quiet' }, this.#catalogue.notes[program])
    const nothing =
      runs.length === 0
        ? [element('p', { className: 'nothing' }, 'No run has ended here yet: press Run, or try all eight models.')]
        : []
    this.#results.replaceChildren(
      title,
      legend,
      ...nothing,
      tableOf(figures, unit),
      note,
      ...detailsOf(this.#now.at(-1)),
    )
  }

  /** @param {any} run */
  #isOfNow(run) {
    return this.#now.some(({ at }) => at === run.at)
  }
}

/** The bars are a table: what is drawn can be read. @param {Figure[]} figures @param {string} unit */
function tableOf(figures, unit) {
  const scale = barScale(figures)
  const heads = ['System', 'Size and machine', 'Time', `For one ${unit}`].map((name) =>
    element('th', { scope: 'col' }, name),
  )
  const rows = figures.map((figure) => {
    const { label, about, wallMs, kind } = figure
    const bar = element('span', { className: 'bench-bar', 'aria-hidden': 'true' })
    bar.style.width = `${scale(figure) * 100}%`
    return element(
      'tr',
      { 'data-kind': kind },
      element(
        'th',
        { scope: 'row' },
        label,
        ...(kind === 'now' ? [' ', element('span', { className: 'tag' }, 'now')] : []),
      ),
      element('td', { className: 'quiet' }, about),
      element('td', { className: 'number' }, duration(wallMs)),
      element(
        'td',
        { className: 'bench-time' },
        element('span', { className: 'number' }, duration(perUnitMicros(figure) / 1_000)),
        element('span', { className: 'bench-room' }, bar),
      ),
    )
  })
  return element(
    'table',
    { className: 'bench-table' },
    element('thead', {}, element('tr', {}, ...heads)),
    element('tbody', {}, ...rows),
  )
}

/** @param {any} report @returns {HTMLElement[]} */
function detailsOf(report) {
  if (report === undefined) return []
  const { best, runs, memory, counters, machine, answer } = report
  /** @type {[string, string][]} */
  const facts = [
    ['Best of', `${runs.length}`],
    ['Wall time', duration(best.wallMs)],
    ['Processor', `${best.cpuPercent} %`],
    ['Answer', count(answer)],
    ['Memory, one coroutine', bytes(memory.perCoroutineBytes)],
    ['Machine', `${machine.cores} cores, Node ${machine.node}`],
    ...Object.entries(counters).map(([name, value]) => /** @type {[string, string]} */ ([name, count(Number(value))])),
  ]
  const list = facts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value)))
  return [element('h2', {}, 'The last run'), element('dl', { className: 'facts wide' }, ...list)]
}

/** @param {any} report */
const outcome = ({ model, best }) => `${model} took ${duration(best.wallMs)}`

/** @param {string} name */
function numberField(name) {
  return element('input', { type: 'number', name, required: true, step: '1', inputMode: 'numeric' })
}
