import { expect, it } from 'vitest'
import { Batch, Message } from '../../../server/hub/index.ts'
import { draftOf } from '../brokers/conformance.ts'

const rest = { cursor: 'AQx', more: true, positions: [], start: 0 }

it('is written with the data of its messages as given, digit by digit', () => {
  const messages = ['12345678901234567890', '1e400', '"\\u0041"'].map(
    (data, index) => new Message('a', index + 1, `id${index}`, 5, draftOf(data)),
  )
  const verdicts = [
    { topic: 'a', verdict: 'gap', missed: 3 },
    { topic: 'b/c', verdict: 'reset', missed: null },
  ] as const
  expect(new Batch({ ...rest, messages, verdicts }).json).toBe(
    '{"messages":[{"topic":"a","offset":1,"id":"id0","time":5,"data":12345678901234567890},' +
      '{"topic":"a","offset":2,"id":"id1","time":5,"data":1e400},' +
      '{"topic":"a","offset":3,"id":"id2","time":5,"data":"\\u0041"}],' +
      '"cursor":"AQx","more":true,"topics":{"a":{"verdict":"gap","missed":3},"b/c":{"verdict":"reset","missed":null}}}',
  )
})

it('is JSON also when it is empty', () => {
  expect(JSON.parse(new Batch({ ...rest, messages: [], verdicts: [] }).json)).toEqual({
    messages: [],
    cursor: 'AQx',
    more: true,
    topics: {},
  })
})

it('is written once', () => {
  let written = 0
  const message = {
    get json() {
      written += 1
      return '{}'
    },
  } as unknown as Message
  const batch = new Batch({ ...rest, messages: [message], verdicts: [] })
  expect(batch.json).toBe(batch.json)
  expect(written).toBe(1)
})
