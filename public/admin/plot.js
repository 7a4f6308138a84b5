// One plot of the last ten minutes, with its current values, and a table behind it. All plots of the page share their axis
// and their crosshair: what is pointed at in one is read in each.

import { element } from '../chat/element.js'
import { clock } from './format.js'
import { columns, roundAbove, spanOf, thinned } from './samples.js'

/** @typedef {import('./samples.js').Sample} Sample */
/** @typedef {import('./samples.js').Measure} Measure */
/** @typedef {typeof import('uplot')} UPlot */
/** @typedef {InstanceType<UPlot>} Chart */
/**
 * @typedef {object} Line
 * @property {Measure} measure
 * @property {string} label
 * @property {(value: number) => string} format
 * @property {'left' | 'right'} [side] whose axis it is drawn on
 */
/**
 * @typedef {object} PlotOptions
 * @property {string} title
 * @property {string} unit what all values are, in words
 * @property {Line[]} lines
 * @property {(value: number) => string} axis
 * @property {(value: number) => string} [rightAxis]
 * @property {number} least the smallest range of the left axis, so that a quiet server does not look busy
 * @property {number} [leastRight]
 * @property {(most: number, least: number) => number} [end] where the left axis ends
 */

const { uPlot } = /** @type {{ uPlot: UPlot }} */ (/** @type {unknown} */ (globalThis))

const rowSeconds = 10

/** The charts of the page, whose crosshairs move together. */
const together = () => uPlot.sync('encke')

export class Plot {
  root
  #options
  /** @type {Chart | undefined} */
  #chart
  /** @type {readonly Sample[]} */
  #samples = []
  /** @type {number | null} */
  #pointedAt = null
  #canvas
  #table = element('div', { className: 'plot-table', hidden: true, tabIndex: 0, role: 'region' })
  #values
  #time = element('span', { className: 'plot-time' })
  #toggle

  /** @param {PlotOptions} options */
  constructor(options) {
    this.#options = options
    this.#canvas = element('div', { className: 'plot-canvas', tabIndex: 0, role: 'img', 'aria-label': options.title })
    this.#toggle = element('button', { type: 'button', className: 'small', 'aria-pressed': 'false' }, 'Table')
    this.#toggle.setAttribute('aria-label', `${options.title} as a table`)
    this.#table.setAttribute('aria-label', `${options.title}, ${options.unit}, the last ten minutes`)
    this.#values = options.lines.map(() => element('b'))
    const legend = options.lines.map(({ label }, at) =>
      element('span', { className: `legend series-${at + 1}` }, this.#values[at] ?? '', ` ${label}`),
    )
    this.root = element(
      'section',
      { className: 'card plot' },
      element('header', {}, element('h2', {}, options.title), this.#time, this.#toggle),
      element('p', { className: 'legends' }, ...legend),
      this.#canvas,
      this.#table,
    )
    this.#toggle.addEventListener('click', () => this.#turn(this.#table.hidden === true))
    this.#canvas.addEventListener('keydown', (event) => this.#press(event))
    this.#canvas.addEventListener('blur', () => this.#point(-10))
    new ResizeObserver(() => this.#draw()).observe(this.#canvas)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#redraw())
  }

  /** @param {readonly Sample[]} samples */
  show(samples) {
    this.#samples = samples
    if (this.#table.hidden === true) this.#chart?.setData(this.#data())
    else this.#fillTable()
    this.#read()
  }

  #data() {
    return /** @type {import('uplot').AlignedData} */ (
      columns(
        this.#samples,
        this.#options.lines.map(({ measure }) => measure),
      )
    )
  }

  /** @param {boolean} toTable */
  #turn(toTable) {
    this.#toggle.setAttribute('aria-pressed', String(toTable))
    this.#canvas.hidden = toTable
    this.#table.hidden = !toTable
    this.show(this.#samples)
  }

  #redraw() {
    this.#chart?.destroy()
    this.#chart = undefined
    this.#draw()
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas
    if (width === 0 || height === 0) return
    if (this.#chart !== undefined) return this.#chart.setSize({ width, height })
    const parts = {
      size: { width, height },
      follow: () => this.#follow(),
      span: () => spanOf(this.#samples, Date.now()),
    }
    this.#chart = new uPlot(chartOptions(this.#options, parts), this.#data(), this.#canvas)
  }

  /** The crosshair has moved, here or in another plot. */
  #follow() {
    const at = this.#chart?.cursor.idx ?? null
    this.#pointedAt = at === null ? null : (this.#chart?.data[0][at] ?? 0) * 1_000
    this.#read()
  }

  /** Write the values at the crosshair, or the latest. */
  #read() {
    const { lines } = this.#options
    const at = this.#pointedAt
    const sample = at === null ? this.#samples.at(-1) : this.#samples.find(({ time }) => Math.abs(time - at) < 1)
    this.#time.textContent = at === null ? '' : clock(at)
    for (const [index, { measure, format }] of lines.entries()) {
      const value = sample?.[measure] ?? null
      const place = this.#values[index]
      if (place !== undefined) place.textContent = value === null ? '–' : format(value)
    }
    const said = lines.map(({ label }, index) => `${label} ${this.#values[index]?.textContent}`)
    this.#canvas.setAttribute('aria-label', `${this.#options.title}: ${said.join(', ')}`)
  }

  #fillTable() {
    const { lines } = this.#options
    const head = element(
      'tr',
      {},
      element('th', { scope: 'col' }, 'Time'),
      ...lines.map(({ label }) => element('th', { scope: 'col' }, label)),
    )
    const rows = thinned(
      this.#samples,
      lines.map(({ measure }) => measure),
      rowSeconds,
    ).map(({ time, values }) =>
      element(
        'tr',
        {},
        element('td', {}, clock(time)),
        ...values.map((value, at) => element('td', {}, value === null ? '–' : (lines[at]?.format(value) ?? ''))),
      ),
    )
    this.#table.replaceChildren(element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows)))
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const chart = this.#chart
    const length = chart?.data[0].length ?? 0
    if (chart === undefined || length === 0) return
    const at = chart.cursor.idx ?? length
    /** @type {Record<string, number>} */
    const moves = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      PageUp: at - 60,
      PageDown: at + 60,
      Home: 0,
      End: length - 1,
    }
    const to = moves[event.key]
    if (event.key === 'Escape') this.#point(-10)
    else if (to === undefined) return
    else this.#point(chart.valToPos(chart.data[0][Math.max(0, Math.min(to, length - 1))] ?? 0, 'x'))
    event.preventDefault()
  }

  /** Move the crosshair of all plots. @param {number} left in pixels; negative takes it away */
  #point(left) {
    this.#chart?.setCursor({ left, top: left < 0 ? -10 : 10 })
    for (const chart of together().plots) if (chart !== this.#chart) chart.setCursor({ left, top: left < 0 ? -10 : 10 })
  }
}

/**
 * @param {PlotOptions} options
 * @param {{ size: { width: number, height: number }, follow: () => void, span: () => [number, number] }} parts
 * @returns {import('uplot').Options}
 */
function chartOptions(options, { size, follow, span }) {
  const { lines, axis, rightAxis, least, leastRight = 1, end = roundAbove } = options
  const quiet = colour('--quiet')
  const grid = { stroke: colour('--line'), width: 1 }
  const look = { stroke: quiet, font: `11px ${fonts()}`, ticks: { show: false } }
  /** @type {(values: (value: number) => string) => import('uplot').Axis.DynamicValues} */
  const inWords = (values) => (_chart, splits) => splits.map(values)
  return {
    ...size,
    padding: [8, rightAxis === undefined ? 28 : 4, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: 'encke', setSeries: false, scales: ['x', null] },
      y: false,
      drag: { setScale: false, x: false, y: false },
      points: { size: 7 },
    },
    scales: {
      x: { time: true, range: () => inSeconds(span()) },
      left: { range: (_chart, _least, most) => [0, end(most ?? 0, least)] },
      right: { range: (_chart, _least, most) => [0, roundAbove(most ?? 0, leastRight)] },
    },
    axes: [
      {
        ...look,
        grid: { show: false },
        space: 70,
        size: 26,
        values: (_chart, splits, _axis, _space, step) =>
          splits.map((seconds) => clock(seconds * 1_000).slice(0, step < 60 ? 8 : 5)),
        incrs: [30, 60, 120, 300],
      },
      { ...look, scale: 'left', grid, space: 34, size: 56, splits: inQuarters, values: inWords(axis) },
      ...(rightAxis === undefined
        ? []
        : [
            {
              ...look,
              scale: 'right',
              side: 1,
              grid: { show: false },
              size: 52,
              splits: inQuarters,
              values: inWords(rightAxis),
            },
          ]),
    ],
    series: [
      {},
      ...lines.map(({ side = 'left' }, at) => {
        const stroke = colour(`--series-${at + 1}`)
        const fill = at === 0 ? { fill: faint(stroke) } : {}
        return { scale: side, stroke, width: 1.75, points: { show: false }, spanGaps: false, ...fill }
      }),
    ],
    hooks: { setCursor: [follow] },
  }
}

/** @param {[number, number]} span in milliseconds @returns {[number, number]} */
const inSeconds = ([from, to]) => [from / 1_000, to / 1_000]

/**
 * Both axes of a plot have their lines at the same heights.
 *
 * @param {Chart} _chart @param {number} _axis @param {number} _least @param {number} most
 */
const inQuarters = (_chart, _axis, _least, most) => [0, 0.25, 0.5, 0.75, 1].map((share) => share * most)

/** light-dark() is resolved where a colour is used, so it is used. @param {string} name */
function colour(name) {
  const probe = document.body.appendChild(document.createElement('span'))
  probe.style.color = `var(${name})`
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

/** @param {string} stroke rgb(…) */
const faint = (stroke) => stroke.replace(/^rgb\((.*)\)$/, 'rgb($1, 0.12)')

const fonts = () => getComputedStyle(document.body).fontFamily
