import { expect, it } from 'vitest'
import type { Draft } from '../../../../server/hub/index.ts'
import { Batch, Message } from '../../../../server/hub/index.ts'
import { encodeBatch, encodeShared } from '../../../../server/protocols/encke/encoding.ts'

const open = { isClosed: false, isRemoved: false, contentType: 'application/json', segment: 1 }
const rest = { cursor: 'AQx', more: true, verdicts: [], positions: [], start: 0 }

function message(data: Draft['data'], { topic = 'a', offset = 1, id = 'id0' } = {}): Message {
  return new Message(topic, offset, id, 5, { data, bytes: 1 }, 0)
}

it('a batch is written with the data of its messages as given, digit by digit', () => {
  const messages = ['12345678901234567890', '1e400', '"\\u0041"'].map((data, index) =>
    message(data, { offset: index + 1, id: `id${index}` }),
  )
  const verdicts = [
    { ...open, topic: 'a', verdict: 'gap', missed: 3 },
    { ...open, topic: 'b/c', verdict: 'reset', missed: null },
  ] as const
  expect(encodeBatch(new Batch({ ...rest, messages, verdicts }))).toBe(
    '{"messages":[{"topic":"a","offset":1,"id":"id0","time":5,"data":12345678901234567890},' +
      '{"topic":"a","offset":2,"id":"id1","time":5,"data":1e400},' +
      '{"topic":"a","offset":3,"id":"id2","time":5,"data":"\\u0041"}],' +
      '"cursor":"AQx","more":true,"topics":{"a":{"verdict":"gap","missed":3},"b/c":{"verdict":"reset","missed":null}}}',
  )
})

it('a batch is JSON also when it is empty', () => {
  expect(JSON.parse(encodeBatch(new Batch({ ...rest, messages: [] })))).toEqual({
    messages: [],
    cursor: 'AQx',
    more: true,
    topics: {},
  })
})

it('bytes are written as text where their topic holds text, and as base64 otherwise, or where a character is cut', () => {
  const write = (contentType: string | null, data: Uint8Array) => {
    const verdicts = [{ ...open, contentType, topic: 'a', verdict: 'ok', missed: 0 }] as const
    const { messages } = JSON.parse(encodeBatch(new Batch({ ...rest, messages: [message(data)], verdicts })))
    return [messages[0].data, messages[0].encoding]
  }
  const text = new TextEncoder().encode('gr\u00fcn "\n')
  expect(write('text/plain', text)).toEqual(['gr\u00fcn "\n', undefined])
  expect(write('text/plain', text.subarray(0, 3))).toEqual(['Z3LD', 'base64'])
  expect(write('application/octet-stream', Uint8Array.from([0, 255, 10]))).toEqual(['AP8K', 'base64'])
  expect(write(null, Uint8Array.from([0, 255, 10]))).toEqual(['AP8K', 'base64'])
})

it('that a topic is closed, or was removed, stands beside its verdict', () => {
  const verdicts = [
    { ...open, topic: 'a', verdict: 'ok', missed: 0, isClosed: true },
    { ...open, topic: 'b', verdict: 'reset', missed: null, isRemoved: true },
  ] as const
  expect(JSON.parse(encodeBatch(new Batch({ ...rest, messages: [], verdicts }))).topics).toEqual({
    a: { verdict: 'ok', missed: 0, closed: true },
    b: { verdict: 'reset', missed: null, removed: true },
  })
})

it('names and ids that a broker has had from somewhere cannot break out of their strings', () => {
  const [topic, id] = ['a"},{"x', 'i"\\\n\u2028']
  const batch = new Batch({
    ...rest,
    messages: [message('1', { topic, id })],
    verdicts: [{ ...open, topic, verdict: 'ok', missed: 0 }],
  })
  const read = JSON.parse(encodeBatch(batch))
  expect(read.messages).toEqual([{ topic, offset: 1, id, time: 5, data: 1 }])
  expect(read.topics).toEqual({ [topic]: { verdict: 'ok', missed: 0 } })
})

it('a batch that is shared is written once', () => {
  let written = 0
  const counted = Object.defineProperty(message('1'), 'data', {
    get() {
      written += 1
      return '1'
    },
  })
  const batch = new Batch({ ...rest, messages: [counted] })
  expect(encodeShared(batch)).toBe(encodeShared(batch))
  expect(encodeShared(batch)).toBe(encodeBatch(new Batch({ ...rest, messages: [message('1')] })))
  expect(written).toBe(1)
})
