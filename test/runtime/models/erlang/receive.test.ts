import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Waiter } from '../../../../runtime/index.ts'
import { after, Channel, checkpoint, moveOn, scope, select, sleep, VirtualHost } from '../../../../runtime/index.ts'
import type { Pid, Process } from '../../../../runtime/models/erlang/index.ts'
import { anyOf, runNode } from '../../../../runtime/models/erlang/index.ts'
import { Mailbox, Receive } from '../../../../runtime/models/erlang/mailbox.ts'
import { mailboxOf, onNode } from './on-node.ts'

type Fruit = { readonly type: 'apple'; readonly weight: number } | { readonly type: 'pear'; readonly from: string }

const apple = (weight: number): Fruit => ({ type: 'apple', weight })
const pear = (from: string): Fruit => ({ type: 'pear', from })

function* deliverLater<M>(self: Process, to: Pid<M>, messages: readonly NoInfer<M>[]) {
  for (const message of messages) {
    yield* sleep(1)
    self.send(to, message)
  }
}

describe('a receive', () => {
  it('takes messages in the order in which they came', () => {
    const got = onNode(function* (self: Process<number>) {
      for (const message of [3, 1, 2]) self.send(self, message)
      return [yield* self.receive(), yield* self.receive(), yield* self.receive()]
    })
    expect(got).toEqual([3, 1, 2])
  })

  it('waits while there is none', () => {
    const got = onNode(function* (self: Process<string>) {
      self.spawn(deliverLater<string>, self, ['at last'])
      return yield* self.receive()
    })
    expect(got).toBe('at last')
  })

  it('with a pattern takes the first that fits, and leaves the others in order', () => {
    const got = onNode(function* (self: Process<Fruit>) {
      for (const fruit of [apple(1), pear('Conference'), apple(2), pear('Williams')]) self.send(self, fruit)
      const second = yield* self.receive({ type: 'apple', weight: 2 })
      const pears = [yield* self.receive({ type: 'pear' }), yield* self.receive({ type: 'pear' })]
      return [second, ...pears, yield* self.receive()]
    })
    expect(got).toEqual([apple(2), pear('Conference'), pear('Williams'), apple(1)])
  })

  it('with a pattern waits beside messages that do not fit, and looks at each that comes', () => {
    const got = onNode(function* (self: Process<number>) {
      self.send(self, 1)
      self.spawn(deliverLater<number>, self, [2, 3, 4, 5])
      const big = yield* self.receive((message) => message > 3)
      yield* sleep(10)
      const rest: number[] = []
      while (self.messageQueueLength > 0) rest.push(yield* self.receive())
      return { big, rest }
    })
    expect(got).toEqual({ big: 4, rest: [1, 2, 3, 5] })
  })

  it('with several clauses takes the first message that fits any, not the first clause that has one', () => {
    const got = onNode(function* (self: Process<Fruit | 'stone'>) {
      for (const message of ['stone', pear('Williams'), apple(7)] as const) self.send(self, message)
      return yield* self.receive(anyOf({ type: 'apple' }, { type: 'pear' }))
    })
    expect(got).toEqual(pear('Williams'))
  })

  it('can be one case of a select, which takes nothing when it loses', () => {
    const got = onNode(function* (self: Process<string>) {
      const channel = new Channel<number>(1)
      yield* channel.send(5)
      self.send(self, 'kept')
      const first = yield* select({ number: channel.receive(), mail: self.receive() }, { order: 'first' })
      const second = yield* select({ number: channel.receive(), mail: self.receive() }, { order: 'first' })
      return [first, second, self.messageQueueLength]
    })
    expect(got).toEqual([{ case: 'number', value: 5 }, { case: 'mail', value: 'kept' }, 0])
  })

  it('takes nothing when it is cancelled while it waits, so the next one gets the message', () => {
    const got = onNode(function* (self: Process<string>) {
      self.spawn(deliverLater<string>, self, ['later'])
      const tooShort = yield* moveOn(0.5, function* () {
        return yield* self.receive()
      })
      mailboxOf(self).validate()
      return [tooShort, yield* self.receive()]
    })
    expect(got).toEqual([{ done: false }, 'later'])
  })

  it('in a coroutine of the process shares its mailbox, first come first served', () => {
    const got = onNode(function* (self: Process<number>) {
      const order: string[] = []
      self.spawn(deliverLater<number>, self, [1, 2, 3])
      yield* scope(function* (here) {
        for (const name of ['first', 'second', 'third']) {
          here.spawn(function* () {
            order.push(`${name} got ${yield* self.receive()}`)
          })
        }
      })
      return order
    })
    expect(got).toEqual(['first got 1', 'second got 2', 'third got 3'])
  })

  it('says in a dump that it waits for a message', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler({ deadlock: 'ignore' })
    const task = scheduler.run(() =>
      runNode(function* (self: Process<string>) {
        self.spawn(function* picky(other: Process<string>) {
          yield* other.receive('a rare one')
        })
        yield* self.receive()
      }),
    )
    host.settle()
    expect(scheduler.dump()).toMatch(/parked .* on a message$/m)
    expect(scheduler.dump()).toMatch(/picky#2 +parked .* on a message that fits a pattern$/m)
    task.cancel()
    host.settle()
    expect(scheduler.statistics().coroutines).toBe(0)
  })
})

describe('a receive with a predicate that throws', () => {
  const broken = () => {
    throw new Error('cannot tell')
  }

  it('throws that where it waits, not in the sender, and the message stays', () => {
    const got = onNode(function* (self: Process<number>) {
      const sent: number[] = []
      self.spawn(function* (other: Process) {
        yield* sleep(1)
        other.send(self, 1)
        sent.push(1)
      })
      let caught: unknown
      try {
        yield* self.receive(broken)
      } catch (error) {
        caught = error
      }
      mailboxOf(self).validate()
      return { caught, sent, kept: yield* self.receive() }
    })
    expect(got).toEqual({ caught: new Error('cannot tell'), sent: [1], kept: 1 })
  })

  it('throws also for a message that is there already', () => {
    const got = onNode(function* (self: Process<number>) {
      self.send(self, 1)
      try {
        yield* self.receive(broken)
      } catch (error) {
        return [error, yield* self.receive()]
      }
      return expect.unreachable('nothing was thrown')
    })
    expect(got).toEqual([new Error('cannot tell'), 1])
  })

  it('lets the others who wait have the message, also when it takes cases of its select with it', () => {
    const mailbox = new Mailbox()
    const woken: string[] = []
    const failing = new Receive<number>(mailbox, broken)
    const sibling = new Receive<number>(mailbox, 9)
    const other = new Receive<number>(mailbox, undefined)
    const selection: Waiter = {
      wake() {
        woken.push('the select')
        sibling.withdraw(selection)
      },
    }
    failing.register(selection)
    sibling.register(selection)
    other.register({ wake: () => void woken.push('the other') })
    mailbox.deliver(1)
    expect(woken).toEqual(['the select', 'the other'])
    expect(() => failing.take()).toThrow('cannot tell')
    expect(other.take()).toBe(1)
    expect(mailbox.isEmpty).toBe(true)
    mailbox.validate()
  })
})

describe('a receive with a time', () => {
  it('of 0 takes a message that is there, and does not wait for one that is not', () => {
    const got = onNode(function* (self: Process<string>) {
      self.send(self, 'here')
      return [yield* self.receiveWithin(0), yield* self.receiveWithin(0)]
    })
    expect(got).toEqual([{ case: 'message', value: 'here' }, { case: 'after' }])
  })

  it('of 0 and a pattern leaves what does not fit', () => {
    const got = onNode(function* (self: Process<string>) {
      self.send(self, 'b')
      return [yield* self.receiveWithin(0, 'a'), yield* self.receiveWithin(0)]
    })
    expect(got).toEqual([{ case: 'after' }, { case: 'message', value: 'b' }])
  })

  it('goes on after so many milliseconds, whatever came in between that does not fit', () => {
    const got = onNode(function* (self: Process<string>) {
      self.spawn(deliverLater<string>, self, ['no', 'no', 'no', 'yes'])
      const slow = yield* self.receiveWithin(2.5, 'yes')
      const rest = yield* self.receiveWithin(100, 'yes')
      return [slow.case, rest.case, self.messageQueueLength]
    })
    expect(got).toEqual(['after', 'message', 3])
  })

  it('of Infinity waits for ever, and leaves no timer', () => {
    const got = onNode(function* (self: Process<string>) {
      self.spawn(deliverLater<string>, self, ['came'])
      return (yield* self.receiveWithin(Number.POSITIVE_INFINITY)).value
    })
    expect(got).toBe('came')
  })

  it('leaves neither timer nor receive behind, whichever came first', () => {
    onNode(function* (self: Process<string>) {
      self.spawn(deliverLater<string>, self, ['message'])
      yield* self.receiveWithin(60_000)
      yield* self.receiveWithin(1)
      expect(mailboxOf(self).isEmpty).toBe(true)
      const woken = yield* select({ mail: self.receive(), quiet: after(1) })
      expect(woken.case).toBe('quiet')
      expect(mailboxOf(self).isEmpty).toBe(true)
    })
  })
})

describe('selective receive, whatever is sent and wanted', () => {
  const tags = ['a', 'b', 'c', 'd'] as const
  type Message = { readonly tag: (typeof tags)[number]; readonly number: number }
  const someTags = fc.subarray([...tags], { minLength: 1 })

  /** For each wish the first message that fits it and that no wish before it took, and what is left. */
  function expected(sent: readonly Message[], wishes: readonly (readonly string[])[]) {
    const left = [...sent]
    const taken: Message[] = []
    for (const wish of wishes) {
      const at = left.findIndex(({ tag }) => wish.includes(tag))
      if (at < 0) break
      taken.push(...left.splice(at, 1))
    }
    return { taken, left }
  }

  it('takes the oldest message that fits and keeps the rest in order, under every schedule', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...tags), { maxLength: 30 }),
        fc.array(someTags, { maxLength: 30 }),
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1 }),
        fc.nat(),
        (sequence, allWishes, pauses, seed) => {
          const sent = sequence.map((tag, number) => ({ tag, number }))
          const { taken, left } = expected(sent, allWishes)
          const wishes = allWishes.slice(0, taken.length)
          const host = new VirtualHost()
          const task = host.scheduler({ order: 'shuffle', seed }).run(() =>
            runNode(function* (self: Process<Message>) {
              self.spawn(function* (sender: Process) {
                for (const [at, message] of sent.entries()) {
                  const pause = pauses[at % pauses.length] as number
                  if (pause === 1) yield* checkpoint()
                  else if (pause > 1) yield* sleep(pause)
                  sender.send(self, message)
                  mailboxOf(self).validate()
                }
              })
              const got: Message[] = []
              for (const [at, wish] of wishes.entries()) {
                if ((pauses[at % pauses.length] as number) === 3) yield* sleep(2)
                got.push(yield* self.receive(({ tag }) => wish.includes(tag)))
                mailboxOf(self).validate()
              }
              yield* sleep(1_000)
              const rest: Message[] = []
              while (self.messageQueueLength > 0) rest.push(yield* self.receive())
              expect({ got, rest }).toEqual({ got: taken, rest: left })
            }),
          )
          task.promise.catch(() => {})
          host.finish()
          expect({ status: task.status, reported: host.reported }).toEqual({ status: 'done', reported: [] })
        },
      ),
      { numRuns: 300, seed: 25 },
    )
  })

  // Many receives at one mailbox, against a list of messages and a list of those who wait.
  type Step =
    | { readonly kind: 'deliver'; readonly tag: string }
    | { readonly kind: 'wait'; readonly wish: readonly string[] }
    | { readonly kind: 'withdraw'; readonly which: number }
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('deliver'), tag: fc.constantFrom(...tags) }),
      fc.record({ kind: fc.constant('wait'), wish: someTags }),
      fc.record({ kind: fc.constant('withdraw'), which: fc.nat() }),
    ) as fc.Arbitrary<Step>,
    { maxLength: 60 },
  )

  it('gives each message to one receive, the oldest to the one that has waited longest of those that want it', () => {
    fc.assert(
      fc.property(steps, (program) => {
        const mailbox = new Mailbox()
        const messages: { tag: string; number: number }[] = []
        let waiting: { number: number; receive: Receive<unknown>; wish: readonly string[] }[] = []
        const got = new Map<number, unknown>()
        const shouldGet = new Map<number, unknown>()
        const nobody: Waiter = { wake() {} }
        for (const [number, step] of program.entries()) {
          if (step.kind === 'deliver') {
            const message = { tag: step.tag, number }
            const taker = waiting.find(({ wish }) => wish.includes(step.tag))
            if (taker === undefined) messages.push(message)
            else shouldGet.set(taker.number, message)
            waiting = waiting.filter((other) => other !== taker)
            mailbox.deliver(message)
          } else if (step.kind === 'wait') {
            const { wish } = step
            const receive = new Receive<unknown>(mailbox, (message: { tag: string }) => wish.includes(message.tag))
            const at = messages.findIndex(({ tag }) => wish.includes(tag))
            if (at < 0) waiting.push({ number, receive, wish })
            else shouldGet.set(number, messages.splice(at, 1)[0])
            if (receive.poll()) got.set(number, receive.take())
            else receive.register({ wake: () => void got.set(number, receive.take()) })
          } else if (waiting.length > 0) {
            const [leaver] = waiting.splice(step.which % waiting.length, 1)
            leaver?.receive.withdraw(nobody)
          }
          mailbox.validate()
          expect(mailbox.length).toBe(messages.length)
          expect(got).toEqual(shouldGet)
        }
      }),
      { numRuns: 300, seed: 26 },
    )
  })
})
