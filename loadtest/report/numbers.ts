// Numbers as people read them.

export function countText(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Three digits that mean something, and no more behind the point than they need. */
export function figureText(value: number): string {
  if (Math.abs(value) >= 100) return countText(value)
  const digits = Math.abs(value) >= 10 ? 1 : 2
  return Number.isInteger(value) ? String(value) : value.toFixed(digits)
}

/** A share of one core. */
export function shareText(share: number | undefined): string {
  return share === undefined ? '–' : `${Math.round(share * 100)} %`
}
