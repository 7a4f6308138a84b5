import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkOffset, offsetIn, positionOf, writeOffset } from '../../../../server/protocols/streams/offsets.ts'

/** A stream that lost its messages 9 and 10, and has had 9' to 12' since. */
const places = {
  head: 12,
  oldest: 1,
  segments: [
    { number: 100, first: 1 },
    { number: 200, first: 9 },
  ],
}

it('an offset that was given out leads back to its place, wherever that is', () => {
  for (let position = 0; position <= places.head; position += 1) {
    const offset = offsetIn(places, position)
    expect(positionOf(offset, places)).toBe(position)
  }
})

it('offsets sort as text like what they name', () => {
  const number = fc.integer({ min: 0, max: 9_007_199_254_740_991 })
  const place = fc.tuple(number, number)
  fc.assert(
    fc.property(place, place, (a, b) => {
      const isBefore = a[0] < b[0] || (a[0] === b[0] && a[1] < b[1])
      expect(writeOffset(...a) < writeOffset(...b)).toBe(isBefore)
    }),
  )
})

it('begins at the oldest message kept, at the end, or at the offset that every stream begins with', () => {
  const trimmed = { ...places, oldest: 5 }
  const start = writeOffset(0, 0)
  expect([undefined, '-1', start, 'now'].map((text) => positionOf(text, trimmed))).toEqual([4, 4, 4, 12])
})

it('an offset of what was lost is gone, also when other messages have its number now', () => {
  expect(positionOf(writeOffset(100, 8), places)).toBe(8)
  for (const position of [9, 10, 12]) {
    expect(() => positionOf(writeOffset(100, position), places)).toThrow(
      expect.objectContaining({ code: 'ENCKE_ERR_STREAM_OFFSET_GONE', statusCode: 410 }),
    )
  }
})

it.each([
  ['of a segment that there is not', writeOffset(150, 3)],
  ['past the end', writeOffset(200, 13)],
  ['before its segment', writeOffset(200, 3)],
])('an offset %s is gone', (_, text) => {
  expect(() => positionOf(text, places)).toThrow(expect.objectContaining({ code: 'ENCKE_ERR_STREAM_OFFSET_GONE' }))
})

it('an offset of what was trimmed is gone', () => {
  expect(() => positionOf(writeOffset(100, 3), { ...places, oldest: 5 })).toThrow(
    expect.objectContaining({ code: 'ENCKE_ERR_STREAM_OFFSET_GONE' }),
  )
  expect(positionOf(writeOffset(100, 4), { ...places, oldest: 5 })).toBe(4)
})

describe('what is no offset is refused', () => {
  it.each([
    '',
    '0',
    '-2',
    'NOW',
    '1_1',
    `${writeOffset(1, 1)} `,
    ` ${writeOffset(1, 1)}`,
    `${writeOffset(1, 1)}\n`,
    '..',
  ])('%j', (text) => {
    expect(() => checkOffset(text)).toThrow(expect.objectContaining({ code: 'ENCKE_ERR_STREAM_OFFSET' }))
  })
})
