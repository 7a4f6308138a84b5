// Draws the plots of the page that it is put into. uPlot is there already, as a global.

const scenarios = JSON.parse(document.getElementById('plots').textContent)
const height = 260
const font = '12px system-ui, sans-serif'
/** @type {{ destroy(): void, setSize(size: { width: number, height: number }): void, root: HTMLElement }[]} */
let drawn = []

drawAll()
// Colours are those of the scheme in which it was drawn.
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll)
addEventListener('resize', () => {
  for (const chart of drawn) chart.setSize({ width: chart.root.parentElement.clientWidth, height })
})

function drawAll() {
  for (const chart of drawn) chart.destroy()
  drawn = [...document.querySelectorAll('figure')].map((figure) => {
    const { plots } = scenarios.find(({ name }) => name === figure.dataset.scenario)
    return draw(figure.querySelector('.plot'), plots[Number(figure.dataset.plot)])
  })
}

function draw(place, plot) {
  const options = {
    width: place.clientWidth,
    height,
    // Room for the last label, which stands under the end of its axis.
    padding: [12, 32, 0, 0],
    scales: { x: { time: false, ...spanOf(plot) }, y: scaleOf(plot) },
    axes: [axis(plot.x, plot.x.names === undefined ? 36 : 64), axis(plot.y, 62)],
    series: [{ label: plot.x.label, value: reading(plot.x) }, ...plot.series.map((_, at) => seriesOf(plot, at))],
  }
  // All series over one list of x: where one has no value it has none, and its line goes on.
  return new uPlot(options, uPlot.join(plot.series.map(({ x, y }) => [x, y])), place)
}

/** The last bar is as wide as the others; and on powers of ten the outermost points stand clear of the edge. */
function spanOf({ kind, x: { scale }, series }) {
  const all = series.flatMap((one) => one.x)
  if (kind === 'bars') return { range: [0, all.at(-1) + all[0]] }
  return scale === 'logarithmic' ? { distr: 3, range: [Math.min(...all) / 1.3, Math.max(...all) * 1.3] } : {}
}

function scaleOf({ y, series }) {
  const all = series.flatMap((one) => one.y).filter((value) => value > 0)
  const most = Math.max(...all, 1e-3)
  if (y.scale !== 'logarithmic') return { range: [0, most * 1.08] }
  const least = Math.min(...all, most)
  return { distr: 3, range: [10 ** Math.floor(Math.log10(least)), 10 ** Math.ceil(Math.log10(most) + 1e-9)] }
}

function seriesOf({ kind, y, series }, at) {
  const stroke = colourOf(`--series-${at + 1}`)
  const { label, x } = series[at]
  const common = { label, stroke, spanGaps: true, value: reading(y) }
  if (kind === 'bars') {
    return { ...common, fill: stroke, width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.9, 60] }) }
  }
  // A line over a few values looks as if it knew what is between them.
  return { ...common, width: 2, points: { show: x.length <= 24, size: 6, fill: stroke } }
}

function axis({ label, unit, scale, isCount, names }, size) {
  const grid = { stroke: colourOf('--line'), width: 1 }
  const inEnglish = (_chart, all) => all.map((value) => value.toLocaleString('en-US'))
  const ofScale = {
    linear: { values: inEnglish },
    logarithmic: { splits: powersOfTen, values: inEnglish },
    nines: { splits: ninesSplits, values: (_chart, all) => all.map(percentText) },
  }
  return {
    label: unit === '' || scale === 'nines' ? label : `${label}, ${unit}`,
    labelSize: 20,
    labelFont: font,
    font,
    size,
    stroke: colourOf('--quiet'),
    grid,
    ...ofScale[scale],
    // There is nothing between one and the next.
    ...(isCount && { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500] }),
    ...(names && { splits: names.map((_, at) => at + 1), values: () => names, rotate: -35, grid: { show: false } }),
  }
}

function ninesSplits(_chart, _axis, _least, most) {
  return [Math.log10(2), ...Array.from({ length: Math.floor(most + 1e-9) }, (_, at) => at + 1)]
}

function powersOfTen(_chart, _axis, least, most) {
  const [from, to] = [least, most].map((value) => Math.round(Math.log10(value)))
  return Array.from({ length: to - from + 1 }, (_, at) => 10 ** (from + at))
}

function percentText(nines) {
  return `${((1 - 10 ** -nines) * 100).toFixed(Math.max(0, Math.ceil(nines) - 2))} %`
}

function reading({ unit, scale, names }) {
  return (_chart, value) => {
    if (value === null || value === undefined) return '–'
    if (names !== undefined) return names[value - 1]
    if (scale === 'nines') return percentText(value)
    return `${value.toLocaleString('en-US', { maximumSignificantDigits: 4 })} ${unit}`.trimEnd()
  }
}

function colourOf(name) {
  // light-dark() is resolved where a colour is used, so it is used.
  const probe = document.body.appendChild(document.createElement('span'))
  probe.style.color = `var(${name})`
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
