// A colour for each name. Only its hue comes from the name: lightness and chroma stand in the style sheet, one pair for
// light and one for dark, so that every hue has the same contrast.

/** Told apart by the eye; the style sheet's lightness is the same for all. */
const hues = 24

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/**
 * The hue of a name, in degrees.
 *
 * @param {string} name
 */
export function hueOf(name) {
  let hash = 0x811c9dc5
  for (const character of name.toLowerCase()) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  }
  // The low bits of this hash are poor in short names.
  hash ^= hash >>> 15
  return ((hash >>> 0) % hues) * (360 / hues)
}

/**
 * The letter that stands for a name.
 *
 * @param {string} name
 */
export function initialOf(name) {
  const letter = [...graphemes.segment(name)][0]?.segment ?? '?'
  return letter.toLocaleUpperCase()
}
