// Quoting: what was given, as a message may repeat it.

/** How much of a given value a message repeats. */
const CLIP_LENGTH = 60

// Control and format characters, lone surrogates, line separators: they would forge log lines, steer a terminal or hide.
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u

/**
 * Quote a given value for a message: as JSON, on one line, printable, cut after about 60 characters.
 *
 * Takes anything and never throws. A string that was cut is followed by its length.
 */
export function clip(value: unknown): string {
  try {
    return typeof value === 'string' ? clipString(value) : clipOther(value)
  } catch {
    return 'a value that cannot be shown'
  }
}

function clipString(text: string): string {
  const { kept, isWhole } = cut(text, quoteCharacter)
  return isWhole ? `"${kept}"` : `"${kept}"… (${text.length} characters)`
}

function clipOther(value: unknown): string {
  const { kept, isWhole } = cut(showOther(value))
  return isWhole ? kept : `${kept}…`
}

function showOther(value: unknown): string {
  if (typeof value === 'object') return JSON.stringify(prune(value, { left: CLIP_LENGTH + 1 })) ?? 'undefined'
  return typeof value === 'function' ? 'a function' : String(value)
}

/**
 * Copy as much of a value as the beginning of its JSON can show: each part takes at least one character of it. A body may hold
 * hundreds of thousands of parts, or be nested as deeply.
 */
function prune(value: unknown, parts: { left: number }): unknown {
  parts.left -= 1
  if (typeof value === 'string') return value.slice(0, CLIP_LENGTH + 1)
  if (Array.isArray(value)) return value.slice(0, CLIP_LENGTH).map((item) => (parts.left > 0 ? prune(item, parts) : 0))
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value
  const copy: Record<string, unknown> = { __proto__: null }
  for (const name in value) {
    if (parts.left <= 0) break
    copy[name.slice(0, CLIP_LENGTH + 1)] = prune((value as Record<string, unknown>)[name], parts)
  }
  return copy
}

function quoteCharacter(character: string): string {
  return character === '"' || character === '\\' ? `\\${character}` : escapeUnprintable(character)
}

function escapeUnprintable(character: string): string {
  if (!UNPRINTABLE.test(character)) return character
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}

/** Write characters of `text` until the next one would not fit: an escape or a surrogate pair is never cut in two. */
function cut(text: string, write = escapeUnprintable): { kept: string; isWhole: boolean } {
  let kept = ''
  for (const character of text) {
    const written = write(character)
    if (kept.length + written.length > CLIP_LENGTH) return { kept, isWhole: false }
    kept += written
  }
  return { kept, isWhole: true }
}
