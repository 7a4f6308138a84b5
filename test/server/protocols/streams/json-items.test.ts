import fc from 'fast-check'
import { expect, it } from 'vitest'
import { itemsOf } from '../../../../server/protocols/streams/json-items.ts'

it('an array is so many messages, as they are written; anything else is one', () => {
  expect(itemsOf(' [ 1.10 , "a,]\\"[" ,{"b":[1,[2]],"c":"}"}, [3,4] ,null ] ', 9)).toEqual([
    '1.10',
    '"a,]\\"["',
    '{"b":[1,[2]],"c":"}"}',
    '[3,4]',
    'null',
  ])
  expect(itemsOf(' {"a":[1]} ', 9)).toEqual(['{"a":[1]}'])
  expect(itemsOf('"[1]"', 9)).toEqual(['"[1]"'])
  expect(itemsOf('[]', 9)).toEqual([])
  expect(itemsOf(' [ ] ', 9)).toEqual([])
  expect(itemsOf('["\\\\"]', 9)).toEqual(['"\\\\"'])
})

it('whatever JSON holds, its items are those of the array', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.nat(2), (values, indent) => {
      const items = itemsOf(JSON.stringify(values, null, indent), Number.POSITIVE_INFINITY)
      expect(items?.map((item) => JSON.parse(item))).toEqual(JSON.parse(JSON.stringify(values)))
    }),
  )
})

it('counts no further than it may', () => {
  expect(itemsOf('[1,2,3]', 3)).toHaveLength(3)
  expect(itemsOf('[1,2,3]', 2)).toBeUndefined()
})
