// A colour for each name. Only its hue comes from the name: lightness and chroma stand in the style sheet, one pair for
// light and one for dark, so that every hue has the same contrast.

/** Told apart by the eye; the style sheet's lightness is the same for all. */
const hues = 24

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** From one namesake's hue to the next one's: far apart, and all hues are used before one comes again. */
const namesakeStep = 7

/**
 * The hue of a name, in degrees.
 *
 * @param {string} name
 * @param {number} namesake the how-many-th of those who have this name, from 0: the first 24 have a hue each
 */
export function hueOf(name, namesake = 0) {
  let hash = 0x811c9dc5
  for (const character of name.toLowerCase()) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  }
  // The low bits of this hash are poor in short names.
  hash ^= hash >>> 15
  return (((hash >>> 0) + namesake * namesakeStep) % hues) * (360 / hues)
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
