// The nearest name: what somebody who mistyped a name may have meant.

/** The name among `candidates` that the fewest slips turn `word` into, unless too many are needed to have been meant. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let fewest = Math.max(2, Math.floor(word.length / 4)) + 1
  for (const candidate of candidates) {
    const slips = countSlips(word.toLowerCase(), candidate.toLowerCase())
    if (slips < fewest) [best, fewest] = [candidate, slips]
  }
  return best
}

/** Levenshtein's distance: how many letters to add, drop or replace. */
function countSlips(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let y = 0; y < from.length; y++) {
    const next = [y + 1]
    for (let x = 0; x < to.length; x++) {
      const replaced = row[x]! + (from[y] === to[x] ? 0 : 1)
      next.push(Math.min(replaced, row[x + 1]! + 1, next[x]! + 1))
    }
    row = next
  }
  return row[to.length]!
}
