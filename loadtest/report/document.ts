// A report as one HTML page that needs nothing beside itself: uPlot, styles, script and figures are in it, and its policy
// keeps it from loading anything.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Plot } from './plots.ts'

export interface Page {
  /** Of the browser's window. */
  readonly title: string
  readonly kicker: string
  readonly headline: string
  readonly facts: readonly (readonly [name: string, value: string])[]
  /** HTML. What comes from outside has gone through `asText`. */
  readonly main: string
  readonly footer: string
  /** Drawn into the figures that `plotFigures` has made under the same name. */
  readonly plots: readonly { readonly name: string; readonly plots: readonly Plot[] }[]
}

const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

/**
 * uPlot writes numbers in the browser's language as it loads, and fails where that is none: a Chromium that was started under LANG=C
 * calls it `en-US@posix`. The page is in English.
 */
const englishNumbers = "Object.defineProperty(navigator, 'language', { value: 'en-US' })"

export function htmlDocument({ title, kicker, headline, facts, main, footer, plots }: Page): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${asText(title)}</title>
<style>${fileAt(import.meta.resolve('uplot/dist/uPlot.min.css'))}</style>
<style>${fileAt(import.meta.resolve('./page.css'))}</style>
<body>
<header>
  <p class="kicker">${asText(kicker)}</p>
  <h1>${asText(headline)}</h1>
  <dl class="facts">${facts.map(([name, value]) => `<div><dt>${asText(name)}</dt><dd>${asText(value)}</dd></div>`).join('')}</dl>
</header>
<main>
  ${main}
</main>
<footer><p>${footer}</p></footer>
<script type="application/json" id="plots">${inScript(plots)}</script>
<script>${englishNumbers};${fileAt(import.meta.resolve('uplot/dist/uPlot.iife.min.js'))}</script>
<script>${fileAt(import.meta.resolve('./page.js'))}</script>
</html>
`
}

/** Places for the plots of `name`, in their order. */
export function plotFigures(name: string, plots: readonly Plot[]): string {
  const figures = plots.map(
    (plot, at) =>
      `<figure data-scenario="${asText(name)}" data-plot="${at}"><figcaption>${asText(plot.title)}</figcaption><div class="plot"></div></figure>`,
  )
  return `<div class="plots">${figures.join('')}</div>`
}

export function asText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** JSON that no `</script>` in it can end. */
function inScript(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}

function fileAt(url: string): string {
  return readFileSync(fileURLToPath(url), 'utf8').trim()
}
