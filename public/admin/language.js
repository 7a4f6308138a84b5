// uPlot writes numbers in the browser's language as it loads, and fails where that is none: a Chromium that was started under
// LANG=C calls it `en-US@posix`. The dashboard is in English.

try {
  new Intl.NumberFormat(navigator.language)
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US' })
}
