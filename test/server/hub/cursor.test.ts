import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { CursorTopic } from '../../../server/hub/cursor.ts'
import { positionIn } from '../../../server/hub/cursor.ts'
import type { Cursor, Position } from '../../../server/hub/index.ts'
import { decodeCursor, encodeCursor } from '../../../server/hub/index.ts'
import { earliest, lost, unborn } from '../../../server/hub/position.ts'

type Entry = [topic: CursorTopic, position: Position]

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const name = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 1n, 255n, 2n ** 32n, 2n ** 64n - 1n),
)
const offset = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 49 - 1 }),
  fc.constantFrom(0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, 2 ** 42, 2 ** 49 - 1),
)
const position = fc.oneof(
  fc.record({
    epoch: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    tag: fc.integer({ min: 0, max: 2 ** 24 - 1 }),
    offset,
  }),
  fc.constantFrom(unborn, earliest, lost),
)
/** In the order of a cursor: by name, going around from somewhere. */
const entries = fc
  .tuple(fc.uniqueArray(fc.tuple(name, position), { maxLength: 12, selector: ([key]) => key }), fc.nat())
  .map(([list, turn]) => rotated(list, turn))

function rotated(list: readonly [bigint, Position][], turn: number): Entry[] {
  const sorted = list.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, at]): Entry => [topicOf(key), at])
  const first = sorted.length === 0 ? 0 : turn % sorted.length
  return [...sorted.slice(first), ...sorted.slice(0, first)]
}

/** A topic whose name has the hash `key`. */
function topicOf(key: bigint | number, topic = `topic/${key}`): CursorTopic {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(key))
  return { topic, name: bytes.toString('latin1') }
}

function someEntries(count: number, offset = 2 ** 35 - 1): Entry[] {
  return Array.from({ length: count }, (_, index) => [topicOf(index * 2 ** 20), { epoch: index + 1, tag: 7, offset }])
}

/** What was read, as it would be written. */
function entriesOf({ positions }: Cursor): Entry[] {
  return [...positions].map(([name, at]) => [{ topic: '?', name }, at])
}

function expectPositions(cursor: Cursor, list: readonly Entry[]): void {
  expect([...cursor.positions.values()]).toEqual(list.map(([, at]) => at))
  for (const [topic, at] of list) expect(positionIn(cursor, topic)).toEqual(at)
}

function textOf(bytes: readonly number[]): string {
  return Uint8Array.from(bytes).toBase64({ alphabet: 'base64url', omitPadding: true })
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
      expectPositions(decodeCursor(encodeCursor(list)), list)
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
          if (decoded?.by === 'hash') expect(encodeCursor(entriesOf(decoded))).toBe(changed)
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
        fc.string({ unit: fc.constantFrom(...alphabet) }).map((rest) => `Ag${rest}`),
      ),
      (text) => {
        const decoded = decodedOrUndefined(text)
        if (decoded?.by === 'hash') expect(encodeCursor(entriesOf(decoded))).toBe(text)
      },
    ),
    { numRuns: 500 },
  )
})

it('padding, white space, the other alphabet and stray bits are refused', () => {
  const text = encodeCursor([[topicOf(0xfbffbf), { epoch: 0xffffffff, tag: 0xfbefbe, offset: 100 }]])
  expect(text).toHaveLength(23)
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

it('an offset cut short or longer than it need be, or too long, is refused', () => {
  const head = [2, ...Array.from({ length: 15 }, () => 9)]
  const offsetOf = (...bytes: number[]) =>
    decodeCursor(textOf([...head, ...bytes])).positions.get('\t'.repeat(8))?.offset
  const seven = Array.from({ length: 6 }, () => 0xff)
  expect([offsetOf(5), offsetOf(0x80, 1), offsetOf(...seven, 0x7f)]).toEqual([5, 128, 2 ** 49 - 1])
  for (const wrong of [
    [],
    head,
    [...head, 0x80],
    [...head, 0x85, 0],
    [...head, ...seven, 0xff, 1],
    [...head, ...seven, 0xff],
    [...head, 5, 1],
  ]) {
    expect(() => decodeCursor(textOf(wrong)), `${wrong}`).toThrow('cursor must be')
  }
})

it('a position of no epoch that no server gives out is refused', () => {
  for (const rest of [
    [0, 0, 5, 0],
    [1, 0, 0, 0],
    [0, 0, 0, 1],
    [0, 0, 1, 7],
  ]) {
    const text = textOf([2, ...Array.from({ length: 8 }, () => 9), 0, 0, 0, 0, ...rest])
    expect(() => decodeCursor(text), text).toThrow('cursor must be')
  }
})

it('one of an earlier version, or of a later one, is no mistake: every topic it is sent for is lost', () => {
  const first = [1, ...Array.from({ length: 13 }, () => 9), 5]
  for (const bytes of [[1], first, [4], [15, 1, 2, 3]]) {
    expect(positionIn(decodeCursor(textOf(bytes)), topicOf(1))).toBe(lost)
  }
  for (const wrong of [
    [0, ...first.slice(1)],
    [16, ...first.slice(1)],
    [0x69, 0xb7],
    first.slice(0, -1),
    [...first, 1],
  ]) {
    expect(() => decodeCursor(textOf(wrong)), `${wrong}`).toThrow('cursor must be')
  }
})

it('topics whose names have the same hash are told apart by their names', () => {
  const at = (offset: number) => ({ epoch: 1, tag: 2, offset })
  const [one, other, third] = [topicOf(7, 'one'), topicOf(7, 'other'), topicOf(9, 'third')]
  for (const list of [
    [
      [one, at(1)],
      [other, at(2)],
    ],
    [
      [other, at(2)],
      [third, at(3)],
      [one, at(1)],
    ],
  ] as Entry[][]) {
    const cursor = decodeCursor(encodeCursor(list))
    expectPositions(cursor, list)
    expect([...cursor.positions.keys()]).toEqual(list.map(([{ topic }]) => topic))
  }
  expect(decodeCursor(encodeCursor([[one, at(1)]])).by).toBe('hash')
})

it('a topic that stands in it twice is refused as repeated', () => {
  const at = (offset: number) => ({ epoch: 1, tag: 2, offset })
  const [one, other] = [topicOf(1), topicOf(2)]
  const joined = (...list: Entry[]) =>
    textOf([2, ...list.flatMap((entry) => [...Buffer.from(encodeCursor([entry]), 'base64url').subarray(1)])])
  for (const text of [
    joined([one, at(1)], [one, at(1)]),
    joined([one, at(1)], [other, at(1)], [one, at(5)]),
    encodeCursor([
      [one, at(1)],
      [one, at(5)],
    ]),
  ]) {
    expect(() => decodeCursor(text)).toThrow(expect.objectContaining({ code: 'ENCKE_ERR_CURSOR_REPEATED' }))
  }
})

it('topics in another order than going around once are refused', () => {
  const at = { epoch: 1, tag: 2, offset: 3 }
  const cursorOf = (...names: number[]) => encodeCursor(names.map((key) => [topicOf(key), at] as const))
  for (const names of [[1], [1, 2], [2, 1], [1, 2, 3], [2, 3, 1], [3, 1, 2]]) {
    expect([...decodeCursor(cursorOf(...names)).positions.keys()]).toEqual(names.map((key) => topicOf(key).name))
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

it('a topic takes at most 28 characters below offset 2^35, and at most 31 from there on', () => {
  expect(encodeCursor(someEntries(1))).toHaveLength(28)
  expect(encodeCursor(someEntries(1, 2 ** 49 - 1))).toHaveLength(31)
})

it('as many topics are read as may be asked for, and a thousand in any case', () => {
  const thousand = encodeCursor(someEntries(1_000))
  expect(thousand.length).toBeLessThanOrEqual(28 * 1_000)
  for (const most of [undefined, 10, 1_000]) {
    expectPositions(decodeCursor(thousand, most), someEntries(1_000))
    expect(() => decodeCursor(encodeCursor(someEntries(1_001)), most)).toThrow('cursor must be')
  }
  expectPositions(decodeCursor(encodeCursor(someEntries(2_000)), 2_000), someEntries(2_000))
  expect(() => decodeCursor(encodeCursor(someEntries(2_001)), 2_000)).toThrow('cursor must be')
})

it('a cursor without any topic, as a poll gets that ends before the broker has answered, is read again', () => {
  expect(decodeCursor(encodeCursor([])).positions.size).toBe(0)
})

it('a complaint repeats no more than the beginning of what was given', () => {
  expect(() => decodeCursor('x'.repeat(100_000))).toThrow(/^.{1,250}$/)
})
