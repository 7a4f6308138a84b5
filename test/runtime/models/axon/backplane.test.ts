import { describe, expect, it } from 'vitest'
import type { Scope } from '../../../../runtime/index.ts'
import { explore, scope, sleep } from '../../../../runtime/index.ts'
import {
  AxonError,
  Backplane,
  Pipeline,
  ProducerFinished,
  PublishTo,
  ShutdownMicroprocess,
  SubscribeTo,
} from '../../../../runtime/models/axon/index.ts'
import { runInScope, Sink, Source } from './components.ts'

/** Start a subscriber, and give what collects for it. */
function subscribe(s: Scope, backplane: Backplane): { subscriber: SubscribeTo; sink: Sink } {
  const [subscriber, sink] = [new SubscribeTo(backplane), new Sink()]
  new Pipeline(subscriber, sink).activate(s)
  return { subscriber, sink }
}

describe('a backplane', () => {
  it('shows everybody who has subscribed all that is published, in order', () => {
    const got = runInScope(function* (s) {
      const backplane = new Backplane().activate(s)
      const sinks = [subscribe(s, backplane).sink, subscribe(s, backplane).sink, subscribe(s, backplane).sink]
      yield* sleep(1)
      new Pipeline(new Source('a', 'b', 'c'), new PublishTo(backplane)).activate(s)
      yield* sleep(1)
      backplane.deliver(new ProducerFinished(backplane), 'control')
      yield* sleep(1)
      return sinks.map((sink) => sink.got)
    })
    expect(got).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ])
  })

  it('shows a subscriber what is published after it has started, until it has ended', () => {
    const { sink, subscribed } = runInScope(function* (s) {
      const backplane = new Backplane().activate(s)
      const publisher = new PublishTo(backplane).activate(s)
      yield* sleep(1)
      publisher.deliver('before')
      yield* sleep(1)
      const subscribed = subscribe(s, backplane)
      yield* sleep(1)
      publisher.deliver('meanwhile')
      yield* sleep(1)
      subscribed.subscriber.deliver(new ShutdownMicroprocess(backplane), 'control')
      yield* sleep(1)
      publisher.deliver('after')
      yield* sleep(1)
      publisher.deliver(new ShutdownMicroprocess(backplane), 'control')
      backplane.deliver(new ShutdownMicroprocess(backplane), 'control')
      return { sink: subscribed.sink, subscribed: subscribed.subscriber }
    })
    expect(sink.got).toEqual(['meanwhile'])
    expect(sink.shutdown).toBeInstanceOf(ShutdownMicroprocess)
    expect(subscribed.waitingIn()).toBe(0)
  })

  it('outlives its publishers', () => {
    const got = runInScope(function* (s) {
      const backplane = new Backplane().activate(s)
      const { sink } = subscribe(s, backplane)
      yield* sleep(1)
      for (const message of ['first', 'second']) {
        const publisher = new PublishTo(backplane)
        const pipeline = new Pipeline(new Source(message), publisher).activate(s)
        yield* sleep(1)
        expect(pipeline.isStopped).toBe(true)
        publisher.deliver('no more published')
        expect(publisher.waitingIn()).toBe(1)
      }
      expect(backplane.isStopped).toBe(false)
      backplane.deliver(new ShutdownMicroprocess(backplane), 'control')
      return sink.got
    })
    expect(got).toEqual(['first', 'second'])
  })

  it('that shuts down takes its subscribers with it, and tells whoever comes after it', () => {
    const request = new ProducerFinished(new Sink())
    const told = runInScope(function* (s) {
      const [backplane, after] = [new Backplane(), new Sink()]
      new Pipeline(backplane, after).activate(s)
      const { sink } = subscribe(s, backplane)
      yield* sleep(1)
      // What was published before the request still comes out.
      backplane.deliver('last')
      backplane.deliver(request, 'control')
      yield* sleep(1)
      return [after.shutdown, sink.shutdown, sink.got]
    })
    expect(told).toEqual([request, request, ['last']])
  })

  it.each([
    ['published', (backplane: Backplane) => new PublishTo(backplane)],
    ['subscribed', (backplane: Backplane) => new SubscribeTo(backplane)],
  ])('that has ended cannot be %s to', (_, make) => {
    const late = function* (s: Scope) {
      const backplane = new Backplane().activate(s)
      backplane.deliver(new ShutdownMicroprocess(backplane), 'control')
      yield* sleep(1)
      make(backplane).activate(s)
    }
    expect(() => runInScope(late)).toThrow(AxonError)
    expect(() => runInScope(late)).toThrow('the backplane has ended')
  })

  it('shows each publisher in its order to every subscriber, and all of them the same, however they run', () => {
    explore(
      function* ({ afterwards }) {
        const sinks: Sink[] = []
        yield* scope(function* (s) {
          const backplane = new Backplane().activate(s)
          for (let count = 0; count < 3; count += 1) sinks.push(subscribe(s, backplane).sink)
          yield* sleep(1)
          for (const name of ['a', 'b']) {
            new Pipeline(new Source(`${name}1`, `${name}2`), new PublishTo(backplane)).activate(s)
          }
          yield* sleep(1)
          backplane.deliver(new ShutdownMicroprocess(backplane), 'control')
        })
        afterwards(() => {
          const [first, ...others] = sinks.map(({ got }) => got)
          expect(first?.filter((message) => String(message).startsWith('a'))).toEqual(['a1', 'a2'])
          expect(first?.filter((message) => String(message).startsWith('b'))).toEqual(['b1', 'b2'])
          for (const other of others) expect(other).toEqual(first)
        })
      },
      // It sleeps until all have subscribed, and all have been served.
      { seeds: 300, timers: 'idle' },
    )
  })
})
