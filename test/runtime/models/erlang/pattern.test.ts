import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Operation, Selectable } from '../../../../runtime/index.ts'
import type {
  DownMessage,
  ExitMessage,
  Matched,
  Monitor,
  Pattern,
  Process,
  WithinTime,
} from '../../../../runtime/models/erlang/index.ts'
import { anyOf } from '../../../../runtime/models/erlang/index.ts'
import { fits } from '../../../../runtime/models/erlang/pattern.ts'

class Token {
  readonly number = 1
}

describe('a pattern', () => {
  const token = new Token()
  const cases: [pattern: unknown, fitting: unknown[], others: unknown[]][] = [
    ['go', ['go'], ['gone', ['go'], null, undefined]],
    [0, [0], [-0, '0', false]],
    [Number.NaN, [Number.NaN], [0]],
    [null, [null], [undefined, {}]],
    [{}, [{}, { any: 1 }, [], token], [null, undefined, 'text', 5]],
    [{ type: 'ball' }, [{ type: 'ball' }, { type: 'ball', by: 1 }], [{ type: 'exit' }, {}, 'ball', null]],
    [{ at: { x: 1 } }, [{ at: { x: 1, y: 2 } }], [{ at: null }, { at: { y: 1 } }, { x: 1 }]],
    [['pair', 1], [['pair', 1]], [['pair'], ['pair', 1, 2], ['pair', 2], { 0: 'pair', 1: 1 }]],
    [{ by: token }, [{ by: token }], [{ by: new Token() }, { by: { number: 1 } }]],
    [(message: unknown) => Number(message) > 3, [4, '5'], [3, undefined]],
    [{ weight: (weight: unknown) => Number(weight) > 3 }, [{ weight: 4 }], [{ weight: 3 }, {}]],
    [anyOf('a', { type: 'b' }), ['a', { type: 'b' }], ['b', { type: 'a' }]],
    [anyOf(), [], ['a', {}]],
  ]
  it.each(cases)('%o fits what it is like, and nothing else', (pattern, fitting, others) => {
    expect(fitting.filter((message) => !fits(pattern, message))).toEqual([])
    expect(others.filter((message) => fits(pattern, message))).toEqual([])
  })

  it('says in its type what comes through', () => {
    type Fruit = { readonly type: 'apple'; readonly weight: number } | { readonly type: 'pear'; readonly from: string }
    type Apple = Extract<Fruit, { type: 'apple' }>
    const types = (self: Process<Fruit | 'stone'>) => {
      expectTypeOf(self.receive()).toEqualTypeOf<Selectable<Fruit | 'stone'>>()
      expectTypeOf(self.receive({ type: 'apple' })).toEqualTypeOf<Selectable<Apple>>()
      expectTypeOf(self.receive('stone')).toEqualTypeOf<Selectable<'stone'>>()
      expectTypeOf(self.receive(anyOf({ type: 'apple' }, 'stone'))).toEqualTypeOf<Selectable<Apple | 'stone'>>()
      expectTypeOf(self.receive((fruit) => fruit !== 'stone')).toEqualTypeOf<Selectable<Fruit>>()
      expectTypeOf(self.receive(() => true)).toEqualTypeOf<Selectable<Fruit | 'stone'>>()
      expectTypeOf(self.receiveWithin(1, 'stone')).toEqualTypeOf<Operation<WithinTime<'stone'>>>()
      expectTypeOf<Matched<Fruit, { type: 'apple' }>>().toEqualTypeOf<Apple>()
      const wish: Pattern<Fruit | 'stone'> = { type: 'pear', from: 'Anjou' }
      expectTypeOf(self.receive(wish)).toExtend<Selectable<Fruit | 'stone'>>()
      // @ts-expect-error there is no such fruit
      self.receive({ type: 'plum' })
      // @ts-expect-error what an apple weighs is a number
      self.receive({ type: 'apple', weight: '3' })
    }
    const system = (self: Process<ExitMessage | DownMessage>, monitor: Monitor) => {
      expectTypeOf(self.receive({ type: 'DOWN', monitor })).toEqualTypeOf<Selectable<DownMessage>>()
      expectTypeOf(self.receive({ from: self })).toEqualTypeOf<Selectable<ExitMessage>>()
    }
    const sends = (self: Process, numbers: Process<number>) => {
      self.send(numbers, 5)
      // @ts-expect-error it takes numbers
      self.send(numbers, 'five')
      self.send('by name', 'anything')
    }
    expect([types, system, sends]).toHaveLength(3)
  })
})
