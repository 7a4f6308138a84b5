import { expect, it } from 'vitest'
import { entityTag, isKnown } from '../../../../server/protocols/streams/conditions.ts'
import { nextTurn } from '../../../../server/protocols/streams/turn.ts'

const now = 1_796_000_000_000

it('the cursor is above the one that was sent, and the same for all who come within 20 s', () => {
  const first = nextTurn(undefined, 0, now)
  expect(nextTurn(undefined, 0, now + 15_000)).toBe(first)
  expect(Number(nextTurn(first, 0, now))).toBe(Number(first) + 1)
  expect(Number(nextTurn(nextTurn(first, 0, now), 0, now))).toBe(Number(first) + 2)
  expect(nextTurn('5', 0, now)).toBe(first)
})

it('readers who are told the same news go on with one cursor, whatever theirs were before', () => {
  const publishedAt = now + 1_234
  const sent = [undefined, '7', `${now}`, `${now + 1_000}`]
  expect(new Set(sent.map((turn) => nextTurn(turn, publishedAt, now + 2_000)))).toEqual(new Set([`${publishedAt}`]))
  expect(nextTurn(`${publishedAt}`, publishedAt, now)).toBe(`${publishedAt + 1}`)
})

it('the cursor rises also for those whose own lies far ahead, in however many digits, or is none', () => {
  const nines = '9'.repeat(900)
  const far = ['900000000000000', '999999999999999', '1000000000000000', '9007199254740993', nines]
  for (const sent of far) expect(nextTurn(sent, 0, now)).toBe(`${BigInt(sent) + 1n}`)
  for (const sent of ['', '-1', '1.5', 'x', '0'.repeat(900), '9'.repeat(1_001)])
    expect(nextTurn(sent, 0, now)).toBe(nextTurn(undefined, 0, now))
})

it('a reply that is known is found in any list of tags, and another is not', () => {
  const tag = entityTag('1_0', '1_2', false)
  expect([tag, `W/${tag}`, `"x", ${tag}`, '*'].map((sent) => isKnown(sent, tag))).toEqual([true, true, true, true])
  expect([undefined, '', '"x"', tag.slice(1)].map((sent) => isKnown(sent, tag))).toEqual([false, false, false, false])
  expect(new Set([tag, entityTag('1_0', '1_2', true), entityTag('1_0', '1_3', false)]).size).toBe(3)
})
