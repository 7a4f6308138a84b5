// Tables and numbers as a terminal shows them.

/** Columns as wide as what is in them, under a row of headings; a column of numbers is aligned on the right. */
export function table([headings = [], ...rows]: readonly string[][]): string {
  const columns = headings.map((heading, column) => {
    const cells = rows.map((row) => row[column] ?? '')
    const width = Math.max(heading.length, ...cells.map((cell) => cell.length))
    const isNumeric = cells.every((cell) => cell === '' || /^\d/.test(cell))
    return [heading, ...cells].map((cell) => (isNumeric ? cell.padStart(width) : cell.padEnd(width)))
  })
  const lines = [headings, ...rows].map((_, line) => columns.map((column) => column[line]).join('  '))
  return lines.map((line) => line.trimEnd()).join('\n')
}

/** A number with its thousands apart. */
export function count(value: number): string {
  return value.toLocaleString('en-US')
}

/** Bytes in the unit that suits them. */
export function size(bytes: number): string {
  const kibibytes = bytes / 1024
  if (Math.abs(kibibytes) < 1024) return `${kibibytes.toFixed(1)} KiB`
  const mebibytes = kibibytes / 1024
  return Math.abs(mebibytes) < 1024 ? `${mebibytes.toFixed(1)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`
}
