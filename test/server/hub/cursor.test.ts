import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Position } from '../../../server/hub/index.ts'
import { decodeCursor, encodeCursor } from '../../../server/hub/index.ts'

type Entry = [name: number, position: Position]

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const name = fc.oneof(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.constantFrom(0, 1, 255, 256, 2 ** 32, 2 ** 48 - 1))
const offset = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 49 - 1 }),
  fc.constantFrom(0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, 2 ** 42, 2 ** 49 - 1),
)
const position = fc.record({
  epoch: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  tag: fc.integer({ min: 0, max: 2 ** 24 - 1 }),
  offset,
})
/** In the order of a cursor: by name, going around from somewhere. */
const entries = fc
  .tuple(fc.uniqueArray(fc.tuple(name, position), { maxLength: 12, selector: ([key]) => key }), fc.nat())
  .map(([list, turn]) => rotated(list as Entry[], turn))

function rotated(list: readonly Entry[], turn: number): Entry[] {
  const sorted = list.toSorted(([a], [b]) => a - b)
  const first = sorted.length === 0 ? 0 : turn % sorted.length
  return [...sorted.slice(first), ...sorted.slice(0, first)]
}

function someEntries(count: number): Entry[] {
  return Array.from({ length: count }, (_, index) => [index * 2 ** 20, { epoch: index, tag: 7, offset: 2 ** 49 - 1 }])
}

function decodedOrUndefined(text: string) {
  try {
    return decodeCursor(text)
  } catch (error) {
    expect(error).toMatchObject({ statusCode: 400, code: expect.stringMatching(/^ENCKE_ERR_CURSOR_/) })
    return undefined
  }
}

it('what was encoded is decoded, in the same order', () => {
  fc.assert(
    fc.property(entries, (list) => {
      expect([...decodeCursor(encodeCursor(list))]).toEqual(list)
    }),
  )
})

it('a cursor has one spelling: any other text is refused, or means something else', () => {
  fc.assert(
    fc.property(
      entries,
      fc.nat(),
      fc.constantFrom(...alphabet, '=', ' ', '\n', '+', '/', 'é', ''),
      (list, at, other) => {
        const text = encodeCursor(list)
        const place = at % (text.length + 1)
        for (const changed of [
          text.slice(0, place) + other + text.slice(place + 1),
          text.slice(0, place) + other + text.slice(place),
        ]) {
          const decoded = decodedOrUndefined(changed)
          if (decoded !== undefined) expect(encodeCursor([...decoded])).toBe(changed)
        }
      },
    ),
    { numRuns: 500 },
  )
})

it('any text whatever is refused or is the spelling of what it means', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string({ unit: fc.constantFrom(...alphabet) }).map((rest) => `A${rest}`),
      ),
      (text) => {
        const decoded = decodedOrUndefined(text)
        if (decoded !== undefined) expect(encodeCursor([...decoded])).toBe(text)
      },
    ),
    { numRuns: 500 },
  )
})

it('padding, white space, the other alphabet and stray bits are refused', () => {
  const text = encodeCursor([[0xfbffbf, { epoch: 0xffffffff, tag: 0xfbefbe, offset: 200 }]])
  expect(text).toHaveLength(22)
  expect(text).toMatch(/[-_]/)
  const stray = `${text.slice(0, -1)}${alphabet[alphabet.indexOf(text.at(-1) as string) + 1]}`
  const standard = text.replaceAll('-', '+').replaceAll('_', '/')
  for (const wrong of [
    `${text}=`,
    `${text} `,
    ` ${text}`,
    `${text}\n`,
    stray,
    standard,
    `${text}A`,
    text.slice(0, -1),
  ]) {
    expect(() => decodeCursor(wrong), wrong).toThrow('cursor must be one that this server gave out')
  }
})

it('another version, an offset cut short or longer than it need be, or too long, is refused', () => {
  const head = [1, ...Array.from({ length: 13 }, () => 9)]
  const text = (bytes: number[]) => Uint8Array.from(bytes).toBase64({ alphabet: 'base64url', omitPadding: true })
  expect(decodeCursor(text([...head, 5])).get(0x090909090909)).toMatchObject({ offset: 5 })
  expect(decodeCursor(text([...head, 0x80, 1])).get(0x090909090909)).toMatchObject({ offset: 128 })
  const seven = Array.from({ length: 6 }, () => 0xff)
  expect(decodeCursor(text([...head, ...seven, 0x7f])).get(0x090909090909)).toMatchObject({ offset: 2 ** 49 - 1 })
  for (const wrong of [
    [],
    [2, ...head.slice(1), 5],
    head,
    [...head, 0x80],
    [...head, 0x85, 0],
    [...head, ...seven, 0xff, 1],
    [...head, ...seven, 0xff],
    [...head, 5, 1],
  ]) {
    expect(() => decodeCursor(text(wrong)), `${wrong}`).toThrow('cursor must be')
  }
})

it('a topic that stands in it twice is refused as repeated', () => {
  const at = (offset: number) => ({ epoch: 1, tag: 2, offset })
  for (const list of [
    [
      [1, at(1)],
      [1, at(1)],
    ],
    [
      [1, at(1)],
      [2, at(1)],
      [1, at(5)],
    ],
  ] as Entry[][]) {
    expect(() => decodeCursor(encodeCursor(list))).toThrow(
      expect.objectContaining({ code: 'ENCKE_ERR_CURSOR_REPEATED' }),
    )
  }
})

it('topics in another order than going around once are refused', () => {
  const at = { epoch: 1, tag: 2, offset: 3 }
  const cursorOf = (...names: number[]) => encodeCursor(names.map((key) => [key, at] as const))
  for (const names of [[1], [1, 2], [2, 1], [1, 2, 3], [2, 3, 1], [3, 1, 2]]) {
    expect([...decodeCursor(cursorOf(...names)).keys()]).toEqual(names)
  }
  for (const names of [
    [2, 1, 3],
    [3, 2, 1],
    [1, 3, 2],
    [3, 1, 4, 2],
  ]) {
    expect(() => decodeCursor(cursorOf(...names))).toThrow('cursor must be')
  }
})

it('a topic takes at most 28 characters, up to a thousand of them, and no more are read', () => {
  expect(encodeCursor(someEntries(1))).toHaveLength(28)
  const thousand = encodeCursor(someEntries(1_000))
  expect(thousand.length).toBeLessThanOrEqual(28 * 1_000)
  expect([...decodeCursor(thousand)]).toEqual(someEntries(1_000))
  expect(() => decodeCursor(encodeCursor(someEntries(1_001)))).toThrow('cursor must be')
})

it('a cursor without any topic, as a poll gets that ends before the broker has answered, is read again', () => {
  expect([...decodeCursor(encodeCursor([]))]).toEqual([])
})

it('a complaint repeats no more than the beginning of what was given', () => {
  expect(() => decodeCursor('x'.repeat(100_000))).toThrow(/^.{1,250}$/)
})
