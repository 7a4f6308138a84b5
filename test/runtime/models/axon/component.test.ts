import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Coroutine } from '../../../../runtime/index.ts'
import { explore, scope } from '../../../../runtime/index.ts'
import type { Boxes } from '../../../../runtime/models/axon/index.ts'
import { AxonError, Component, ProducerFinished, ShutdownMicroprocess } from '../../../../runtime/models/axon/index.ts'
import { Acting, runInScope, Sink, Source } from './components.ts'

/** A component that nobody activates: something with boxes. */
class Boxed extends Component {
  static override readonly inboxes: Boxes = { ...Component.inboxes, extra: 'one more' }
  static override readonly outboxes: Boxes = { ...Component.outboxes, errors: 'what went wrong' }

  protected *main(): Coroutine<void> {}
}

/** Take out all that waits in an inbox. */
function drain(component: Component, boxName = 'inbox'): unknown[] {
  const messages: unknown[] = []
  while (component.dataReady(boxName)) messages.push(component.recv(boxName))
  return messages
}

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof AxonError) return error.code
    throw error
  }
  return expect.unreachable('nothing was thrown')
}

function linked(): [source: Boxed, sink: Boxed] {
  const [source, sink] = [new Boxed(), new Boxed()]
  source.link([source, 'outbox'], [sink, 'inbox'])
  return [source, sink]
}

describe('boxes', () => {
  it('take a message from an outbox to the inbox that it is linked to, at once and in order', () => {
    const [source, sink] = linked()
    expect(sink.dataReady()).toBe(false)
    for (const message of ['a', undefined, 'c']) source.send(message)
    expect(sink.waitingIn()).toBe(3)
    expect(drain(sink)).toEqual(['a', undefined, 'c'])
    expect(source.anyReady()).toBe(false)
  })

  it('are found by name, and kept apart', () => {
    const [source, sink] = linked()
    source.link([source, 'errors'], [sink, 'extra'])
    source.send('data')
    source.send('trouble', 'errors')
    expect(sink.dataReady('control')).toBe(false)
    expect(sink.recv('extra')).toBe('trouble')
    expect(sink.anyReady()).toBe(true)
    expect(sink.recv()).toBe('data')
    expect(sink.anyReady()).toBe(false)
  })

  it('do not take a message that leads nowhere: an unlinked outbox is an error', () => {
    const source = new Boxed()
    expect(codeOf(() => source.send('lost'))).toBe('UNLINKED_OUTBOX')
    expect(() => source.send('lost', 'signal')).toThrow(
      'Boxed\'s outbox "signal" leads nowhere: link it to an inbox, or use sendIfLinked',
    )
  })

  it('do not take one either where the links end at an outbox', () => {
    const [source, around] = [new Boxed(), new Boxed()]
    around.link([source, 'outbox'], [around, 'errors'], 'outbox')
    expect(() => source.send('lost')).toThrow('outbox "outbox" leads to Boxed\'s outbox "errors", which leads nowhere')
    expect(source.sendIfLinked('lost')).toBe(false)
  })

  it('take one that need not be heard only where somebody hears it', () => {
    const [source, sink] = linked()
    expect(source.sendIfLinked('unheard', 'signal')).toBe(false)
    expect(source.sendIfLinked('heard')).toBe(true)
    expect(drain(sink)).toEqual(['heard'])
  })

  it('do not give what is not there', () => {
    const component = new Boxed()
    expect(codeOf(() => component.recv())).toBe('EMPTY_INBOX')
    component.deliver('a')
    component.recv()
    expect(codeOf(() => component.recv())).toBe('EMPTY_INBOX')
  })

  it('must be listed by the class', () => {
    const component = new Boxed()
    for (const name of ['outbox', 'toString', '']) expect(codeOf(() => component.recv(name))).toBe('NO_SUCH_BOX')
    expect(codeOf(() => component.send('a', 'inbox'))).toBe('NO_SUCH_BOX')
    expect(codeOf(() => component.dataReady('inbocks'))).toBe('NO_SUCH_BOX')
    expect(() => component.deliver('a', 'inbocks')).toThrow(
      'Boxed has no inbox "inbocks": list it among the inboxes of its class',
    )
    expect(codeOf(() => component.link([component, 'inbox'], [component, 'inbox']))).toBe('NO_SUCH_BOX')
  })

  it('take messages from outside, without a link', () => {
    const component = new Boxed()
    component.deliver('a')
    component.deliver('b', 'extra')
    expect([component.recv(), component.recv('extra')]).toEqual(['a', 'b'])
  })
})

describe('a link', () => {
  it('is one of many to an inbox: messages are in the order in which they were sent', () => {
    const sink = new Boxed()
    const sources = [new Boxed(), new Boxed(), new Boxed()]
    for (const source of sources) source.link([source, 'outbox'], [sink, 'inbox'])
    for (const turn of [2, 0, 1, 1, 0]) sources[turn]?.send(turn)
    expect(drain(sink)).toEqual([2, 0, 1, 1, 0])
  })

  it('is the only one away from a box', () => {
    const [source, sink] = linked()
    expect(codeOf(() => source.link([source, 'outbox'], [sink, 'extra']))).toBe('BAD_LINK')
    expect(() => source.link([source, 'outbox'], [sink, 'inbox'])).toThrow('leads from Boxed\'s outbox "outbox" to')
    source.send('a')
    expect(sink.waitingIn()).toBe(1)
  })

  it('passes through an inbox to another one, any number of times, and only the last one has the message', () => {
    const boxed = Array.from({ length: 1_000 }, () => new Boxed())
    for (const [index, component] of boxed.entries()) {
      const next = boxed[index + 1]
      if (next !== undefined) component.link([component, 'inbox'], [next, 'inbox'], 'inbox')
    }
    boxed[0]?.deliver('through')
    expect(boxed.filter((component) => component.dataReady())).toEqual([boxed.at(-1)])
    expect(boxed.at(-1)?.recv()).toBe('through')
  })

  it('passes out through the outbox of a component around it', () => {
    const [inner, around, sink] = [new Boxed(), new Boxed(), new Boxed()]
    around.link([inner, 'outbox'], [around, 'outbox'], 'outbox')
    sink.link([around, 'outbox'], [sink, 'inbox'])
    inner.send('from within')
    expect(drain(sink)).toEqual(['from within'])
  })

  it('takes along what waits where it begins, before anything new', () => {
    const [outer, inner] = [new Boxed(), new Boxed()]
    inner.deliver(0)
    outer.deliver(1)
    outer.deliver(2)
    outer.link([outer, 'inbox'], [inner, 'inbox'], 'inbox')
    outer.deliver(3)
    expect(outer.anyReady()).toBe(false)
    expect(drain(inner)).toEqual([0, 1, 2, 3])
  })

  it('never leads in a circle', () => {
    const [one, two, three] = [new Boxed(), new Boxed(), new Boxed()]
    one.link([one, 'inbox'], [two, 'inbox'], 'inbox')
    two.link([two, 'inbox'], [three, 'inbox'], 'inbox')
    expect(codeOf(() => three.link([three, 'inbox'], [one, 'inbox'], 'inbox'))).toBe('BAD_LINK')
    expect(codeOf(() => three.link([three, 'extra'], [three, 'extra'], 'inbox'))).toBe('BAD_LINK')
    one.deliver('arrives')
    expect(drain(three)).toEqual(['arrives'])
  })

  it('is undone by disposing of it, after which the outbox leads nowhere again', () => {
    const [source, sink] = [new Boxed(), new Boxed()]
    {
      using _link = source.link([source, 'outbox'], [sink, 'inbox'])
      source.send('a')
    }
    expect(codeOf(() => source.send('b'))).toBe('UNLINKED_OUTBOX')
    expect(drain(sink)).toEqual(['a'])
  })

  it('that is undone late leaves alone the one that has taken its place', () => {
    const [source, first, second] = [new Boxed(), new Boxed(), new Boxed()]
    const link = source.link([source, 'outbox'], [first, 'inbox'])
    link[Symbol.dispose]()
    source.link([source, 'outbox'], [second, 'inbox'])
    link[Symbol.dispose]()
    source.send('a')
    expect(drain(second)).toEqual(['a'])
  })
})

describe('an inbox with a size', () => {
  it('refuses one message more, whichever way it comes', () => {
    const [source, sink] = linked()
    const around = new Boxed()
    around.link([around, 'inbox'], [sink, 'inbox'], 'inbox')
    sink.setInboxSize('inbox', 2)
    source.send('a')
    around.deliver('b')
    expect(codeOf(() => source.send('c'))).toBe('NO_SPACE_IN_BOX')
    expect(codeOf(() => source.sendIfLinked('c'))).toBe('NO_SPACE_IN_BOX')
    expect(() => around.deliver('c')).toThrow(
      'Boxed\'s inbox "inbox" holds the 2 that it may: pause until there is room',
    )
    expect(sink.recv()).toBe('a')
    source.send('c')
    expect(drain(sink)).toEqual(['b', 'c'])
  })

  it('keeps what it has when it becomes smaller, and takes more when it becomes larger', () => {
    const sink = new Boxed()
    for (const message of [1, 2, 3]) sink.deliver(message)
    sink.setInboxSize('inbox', 1)
    expect(codeOf(() => sink.deliver(4))).toBe('NO_SPACE_IN_BOX')
    sink.setInboxSize('inbox', Number.POSITIVE_INFINITY)
    sink.deliver(4)
    expect(drain(sink)).toEqual([1, 2, 3, 4])
  })

  it('refuses a link that would bring it too much, and leaves everything as it was', () => {
    const [outer, inner] = [new Boxed(), new Boxed()]
    for (const message of [1, 2]) outer.deliver(message)
    inner.setInboxSize('inbox', 1)
    expect(codeOf(() => outer.link([outer, 'inbox'], [inner, 'inbox'], 'inbox'))).toBe('NO_SPACE_IN_BOX')
    expect(drain(outer)).toEqual([1, 2])
    expect(drain(inner)).toEqual([])
  })

  it('that has more than it may can still be linked to by whoever has nothing for it', () => {
    const [outer, inner] = [new Boxed(), new Boxed()]
    for (const message of [1, 2]) inner.deliver(message)
    inner.setInboxSize('inbox', 1)
    outer.link([outer, 'inbox'], [inner, 'inbox'], 'inbox')
    expect(drain(inner)).toEqual([1, 2])
    outer.deliver(3)
    expect(drain(inner)).toEqual([3])
  })

  it.each([0, -1, 1.5, Number.NaN])('cannot have the size %d', (size) => {
    expect(() => new Boxed().setInboxSize('inbox', size)).toThrow(
      new RangeError(`an inbox's size is a whole number from 1, or Infinity (got ${size})`),
    )
  })

  it('wakes whom it has refused once there is room, so that nothing is lost in whatever order they run', () => {
    const explored = explore(
      function* ({ afterwards }) {
        const got: unknown[] = []
        yield* scope(function* (s) {
          const sink = new Acting(function* (self) {
            while (got.length < 6) {
              if (self.dataReady()) got.push(self.recv())
              else yield* self.pause()
            }
          })
          sink.setInboxSize('inbox', 1)
          sink.activate(s)
          for (const name of ['a', 'b']) {
            const sender = new Acting((self) => sendingAll(self, [`${name}1`, `${name}2`, `${name}3`]))
            sender.link([sender, 'outbox'], [sink, 'inbox'])
            sender.activate(s)
          }
        })
        afterwards(() => {
          expect(got.toSorted()).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'b3'])
          expect(got.filter((message) => String(message).startsWith('a'))).toEqual(['a1', 'a2', 'a3'])
        })
      },
      { exhaustive: true },
    )
    expect(explored.complete).toBe(true)
  })

  /** What a component does whose neighbour may be full. */
  function* sendingAll(self: Component, messages: string[]): Coroutine<void> {
    for (const message of messages) {
      while (!sends(self, message)) yield* self.pause()
    }
  }

  function sends(self: Component, message: string): boolean {
    try {
      self.send(message)
      return true
    } catch (error) {
      if (error instanceof AxonError && error.code === 'NO_SPACE_IN_BOX') return false
      throw error
    }
  }
})

describe('messages on any set of links', () => {
  /** Each component but the last sends to one behind it, so that no circle can be: a tree of links. */
  const trees = fc
    .integer({ min: 2, max: 12 })
    .chain((size) =>
      fc.tuple(
        fc.tuple(...Array.from({ length: size - 1 }, (_, index) => fc.integer({ min: index + 1, max: size - 1 }))),
        fc.array(fc.integer({ min: 0, max: size - 2 }), { maxLength: 30 }),
      ),
    )

  it('all arrive at the end of the links, once and in the order in which they were sent', () => {
    fc.assert(
      fc.property(trees, ([sinks, sends]) => {
        const boxed = Array.from({ length: sinks.length + 1 }, () => new Boxed())
        for (const [index, sink] of sinks.entries()) {
          const [from, to] = [boxed[index] as Boxed, boxed[sink] as Boxed]
          from.link([from, 'inbox'], [to, 'inbox'], 'inbox')
        }
        for (const [number, sender] of sends.entries()) boxed[sender]?.deliver(number)
        expect(drain(boxed.at(-1) as Boxed)).toEqual(sends.map((_, number) => number))
        expect(boxed.some((component) => component.anyReady())).toBe(false)
      }),
    )
  })
})

describe('a request to shut down', () => {
  it('is a message of a kind of its own, and says who it is from; other messages in control are dropped', () => {
    const sink = new Sink()
    const asking = new Boxed()
    runInScope(function* (s) {
      sink.activate(s)
      sink.deliver('by the way', 'control')
      sink.deliver(new ShutdownMicroprocess(asking), 'control')
    })
    expect(sink.shutdown).toBeInstanceOf(ShutdownMicroprocess)
    expect((sink.shutdown as ShutdownMicroprocess).caller).toBe(asking)
    expect(sink.dataReady('control')).toBe(false)
  })

  it('follows the data from a producer that has finished', () => {
    const [source, sink] = [new Source(1, 2, 3), new Sink()]
    source.link([source, 'outbox'], [sink, 'inbox'])
    source.link([source, 'signal'], [sink, 'control'])
    runInScope(function* (s) {
      sink.activate(s)
      source.activate(s)
    })
    expect(sink.got).toEqual([1, 2, 3])
    expect(sink.shutdown).toBeInstanceOf(ProducerFinished)
    expect((sink.shutdown as ProducerFinished).caller).toBe(source)
  })
})
