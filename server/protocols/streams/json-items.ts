// A JSON array is so many messages, anything else is one. Items are cut out of the text as they are written: a value that is
// parsed and written again loses digits.

const [quote, backslash, comma] = [34, 92, 44]
const isOpening = (code: number) => code === 91 || code === 123
const isClosing = (code: number) => code === 93 || code === 125

/** The items of `json`, which must be JSON, if they are at most `most`; undefined otherwise. */
export function itemsOf(json: string, most: number): readonly string[] | undefined {
  const text = json.trim()
  if (!text.startsWith('[')) return [text]
  const items: string[] = []
  let start = 1
  let depth = 0
  for (let at = 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === quote) at = endOfString(text, at)
    else if (isOpening(code)) depth += 1
    else if (depth > 0 && isClosing(code)) depth -= 1
    else if (depth === 0 && (code === comma || isClosing(code))) {
      const item = text.slice(start, at).trim()
      // Only an empty array has an empty item.
      if (item !== '' && items.push(item) > most) return undefined
      start = at + 1
    }
  }
  return items
}

/** Where the string ends that begins at `start`. */
function endOfString(text: string, start: number): number {
  let end = start + 1
  while (text.charCodeAt(end) !== quote) end += text.charCodeAt(end) === backslash ? 2 : 1
  return end
}
