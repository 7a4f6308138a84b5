// The prices as a table in Markdown, as runtime/README.md has it.

import { spreadOf } from '../peers/measured.ts'
import { figureText } from '../report/numbers.ts'
import type { Price } from './prices.ts'
import type { Figures } from './rounds.ts'

/**
 * The first price is what the others are compared with, which is called `base`. A figure is a median, with the quartiles in
 * brackets; a ratio the median of the ratios round by round, with theirs.
 */
export function priceTable(prices: readonly Price[], base: string): string {
  const first = prices[0] as Price
  const of = `of ${base}`
  const headings = ['', 'chain, ns a link', of, 'ping-pong, ns a round trip', of, 'bytes parked', of]
  const rows = prices.map((price) => [
    price.title,
    ...pair(price.chain, first.chain),
    ...pair(price.pingPong, first.pingPong),
    ...pair(price.parked, first.parked),
  ])
  return [headings, ['---', ...headings.slice(1).map(() => '--:')], ...rows].map(line).join('\n')
}

function pair(figures: Figures, base: Figures): [string, string] {
  const ratios = figures.map((figure, round) => figure && figure / (base[round] as number))
  return [spreadText(figures, (figure) => figureText(Math.round(figure))), spreadText(ratios, (one) => one.toFixed(2))]
}

function spreadText(figures: Figures, text: (figure: number) => string): string {
  const spread = spreadOf(figures)
  if (spread === undefined) return '–'
  const [median, least, most] = [spread.median, ...spread.quartiles].map(text) as [string, string, string]
  return least === most ? median : `${median} (${least}–${most})`
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}
