// A colour for each name. Only its hue comes from the name: lightness and chroma stand in the style sheet, one pair for
// light and one for dark, so that every hue has the same contrast.

/** Told apart by the eye; the style sheet's lightness is the same for all. */
export const hues = 24

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** From one choice to the next: far apart, and all hues are tried before one comes again. */
const stride = 7

/**
 * The hue of a name, in degrees.
 *
 * @param {string} name
 * @param {number} choice the how-many-th, from 0, where others have those before
 */
export function hueOf(name, choice = 0) {
  let hash = 0x811c9dc5
  for (const character of name.toLowerCase()) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  }
  // The low bits of this hash are poor in short names.
  hash ^= hash >>> 15
  return (((hash >>> 0) + choice * stride) % hues) * (360 / hues)
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
