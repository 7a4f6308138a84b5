import { describe, expect, it } from 'vitest'
import { Misuse } from '../../../../runtime/index.ts'
import {
  AxonError,
  Component,
  Graphline,
  Pipeline,
  ProducerFinished,
  ShutdownMicroprocess,
} from '../../../../runtime/models/axon/index.ts'
import { Acting, runInScope, Sink, Source, Transform } from './components.ts'

/** Sends odd numbers one way and even ones another. */
class Sorter extends Component {
  static override readonly outboxes = { ...Component.outboxes, odd: 'odd numbers', even: 'even numbers' }

  protected *main() {
    for (;;) {
      while (this.dataReady()) {
        const number = this.recv() as number
        this.send(number, number % 2 === 0 ? 'even' : 'odd')
      }
      const shutdown = this.receiveShutdown()
      if (shutdown !== null) {
        this.sendIfLinked(shutdown, 'signal')
        return
      }
      yield* this.pause()
    }
  }
}

/** Waits for a request to shut down, and says nothing when it gets one. */
function waiter(): Acting {
  return new Acting(function* (self) {
    while (!self.dataReady('control')) yield* self.pause()
  })
}

describe('a graphline', () => {
  it('is linked as it is drawn, to its own components and to what is around it', () => {
    const [odd, all] = [new Sink(), new Sink()]
    const graphline = new Graphline(
      { SORTER: new Sorter(), DOUBLE: new Transform((number) => (number as number) * 2), ODD: odd },
      {
        'self.inbox': 'SORTER.inbox',
        'SORTER.even': 'DOUBLE.inbox',
        'SORTER.odd': 'ODD.inbox',
        'DOUBLE.outbox': 'self.outbox',
      },
    )
    runInScope(() => new Pipeline(new Source(1, 2, 3, 4), graphline, all).run())
    expect(odd.got).toEqual([1, 3])
    expect(all.got).toEqual([4, 8])
  })

  it('has every box that is drawn for it, beside the four that all have', () => {
    const sink = new Sink()
    const graphline = new Graphline(
      { A: new Source('out of the side'), B: sink },
      { 'A.outbox': 'self.side.way', 'self.lid': 'B.inbox' },
    )
    const outside = new Sink()
    outside.link([graphline, 'side.way'], [outside, 'inbox'])
    graphline.deliver('in from above', 'lid')
    runInScope(function* (s) {
      graphline.activate(s)
      graphline.deliver(new ShutdownMicroprocess(outside), 'control')
    })
    expect(sink.got).toEqual(['in from above'])
    expect(outside.recv()).toBe('out of the side')
    expect(() => graphline.deliver('nowhere', 'side.way')).toThrow(AxonError)
    expect(() => graphline.recv('unknown')).toThrow('Graphline has no inbox "unknown"')
  })

  it('tells everybody to shut down whom the drawing leaves out, and then whoever comes after it', () => {
    const after = new Sink()
    const graphline = new Graphline({ A: waiter(), B: waiter(), C: waiter() }, {})
    const request = new ShutdownMicroprocess(after)
    runInScope(function* (s) {
      new Pipeline(graphline, after).activate(s)
      graphline.deliver(request, 'control')
    })
    expect(after.shutdown).toBe(request)
  })

  it('hears a request to shut down that came before it was activated', () => {
    const graphline = new Graphline({ A: waiter() }, {})
    graphline.deliver(new ShutdownMicroprocess(graphline), 'control')
    runInScope(() => graphline.run())
    expect(graphline.isStopped).toBe(true)
  })

  it('says that it has finished when nobody told it to, and nothing in it does', () => {
    const after = new Sink()
    const graphline = new Graphline({ A: new Source('a') }, { 'A.outbox': 'self.outbox' })
    runInScope(() => new Pipeline(graphline, after).run())
    expect(after.got).toEqual(['a'])
    expect(after.shutdown).toBeInstanceOf(ProducerFinished)
    expect((after.shutdown as ProducerFinished).caller).toBe(graphline)
  })

  it('leaves the requests to shut down alone that are drawn', () => {
    const [source, after, unlinked] = [new Source(), new Sink(), new Sink()]
    const graphline = new Graphline(
      { A: source, B: new Sink(), C: unlinked },
      { 'A.signal': 'B.control', 'B.signal': 'self.signal' },
    )
    const request = new ShutdownMicroprocess(graphline)
    runInScope(function* (s) {
      new Pipeline(graphline, after).activate(s)
      graphline.deliver(request, 'control')
    })
    // B has it from A, and the graphline keeps silent; C, to which nothing leads, has it from the graphline.
    expect((after.shutdown as ProducerFinished).caller).toBe(source)
    expect(after.waitingIn('control')).toBe(0)
    expect(unlinked.shutdown).toBe(request)
  })

  it('passes its control on where that is drawn, and nowhere else', () => {
    const [first, second] = [new Sink(), new Sink()]
    const graphline = new Graphline({ A: first, B: second }, { 'self.control': 'A.control', 'A.signal': 'B.control' })
    const request = new ShutdownMicroprocess(graphline)
    runInScope(function* (s) {
      graphline.activate(s)
      graphline.deliver(request, 'control')
    })
    expect([first.shutdown, second.shutdown]).toEqual([request, request])
    expect([first.waitingIn('control'), second.waitingIn('control')]).toEqual([0, 0])
  })

  it('need not have components', () => {
    const graphline = new Graphline({}, {})
    runInScope(() => graphline.run())
    expect(graphline.isStopped).toBe(true)
  })

  it.each(['C.inbox', 'inbox', '.inbox', 'A.', ''])('refuses to end a linkage at %j', (end) => {
    const draw = () => new Graphline({ A: new Source(), B: new Sink() }, { 'A.outbox': end })
    expect(draw).toThrow(Misuse)
    expect(draw).toThrow(`with one of self, A, B for the component (got '${end}')`)
  })

  it('cannot be linked to itself', () => {
    expect(() => new Graphline({}, { 'self.inbox': 'self.outbox' })).toThrow(
      "a graphline cannot link itself to itself ('self.inbox' to 'self.outbox'): put a component between",
    )
  })
})
