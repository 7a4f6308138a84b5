import fc from 'fast-check'
import { expect, it } from 'vitest'
import { History, Message } from '../../../server/hub/index.ts'

function message(offset: number, bytes = 1): Message {
  return new Message('a', offset, `id${offset}`, 0, { data: '1'.repeat(bytes), bytes }, 0)
}

it('does what an array does, for any pushes, shifts and slices', () => {
  const action = fc.oneof(
    fc.record({ do: fc.constant('push' as const), bytes: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ do: fc.constant('shift' as const) }),
  )
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.array(action, { maxLength: 300 }),
      fc.nat(60),
      fc.nat(9),
      (first, actions, from, limit) => {
        const history = new History(first)
        const model: Message[] = []
        let next = first
        for (const step of actions) {
          if (step.do === 'shift') expect(history.shift()).toBe(model.shift())
          else {
            const pushed = message(next, step.bytes)
            next += 1
            history.push(pushed)
            model.push(pushed)
          }
          history.validate()
        }
        expect([history.length, history.end, history.first, history.last]).toEqual([
          model.length,
          next,
          model[0],
          model.at(-1),
        ])
        expect(history.bytes).toBe(model.reduce((sum, { bytes }) => sum + bytes, 0))
        expect(history.oldest).toBe(model[0]?.offset ?? next)
        expect(history.slice(from, limit)).toEqual(model.filter(({ offset }) => offset >= from).slice(0, limit))
        expect(history.at(from)).toBe(model.find(({ offset }) => offset === from))
      },
    ),
  )
})

it('refuses a message that does not follow its last', () => {
  const history = new History(5)
  expect(() => history.push(message(4))).toThrow('does not follow')
  history.push(message(5))
  expect(() => history.push(message(5))).toThrow('does not follow')
  expect(() => history.push(message(7))).toThrow('does not follow')
})

it('exceeds a bound in messages or in bytes, but a single message never does', () => {
  const history = new History()
  history.push(message(1, 100))
  expect(history.exceeds({ messages: 0, bytes: 10 })).toBe(false)
  history.push(message(2, 1))
  expect(history.exceeds({ messages: 2, bytes: 101 })).toBe(false)
  expect(history.exceeds({ messages: 1, bytes: 101 })).toBe(true)
  expect(history.exceeds({ messages: 2, bytes: 100 })).toBe(true)
})

it('lets go of the messages that it drops', () => {
  const history = new History()
  for (let offset = 1; offset <= 10_000; offset += 1) {
    history.push(message(offset))
    if (history.length > 3) history.shift()
  }
  expect(history.slice(1, 1_000).map(({ offset }) => offset)).toEqual([9_998, 9_999, 10_000])
})
