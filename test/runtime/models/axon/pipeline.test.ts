import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Explorable } from '../../../../runtime/index.ts'
import { explore, scope, sleep, VirtualHost } from '../../../../runtime/index.ts'
import { Pipeline, ProducerFinished, ShutdownMicroprocess } from '../../../../runtime/models/axon/index.ts'
import { Acting, runInScope, Sink, Source, Transform } from './components.ts'

function plus(addend: number): Transform {
  return new Transform((message) => (message as number) + addend)
}

describe('a pipeline', () => {
  it('leads from each outbox to the next inbox, and from signal to control', () => {
    const [source, sink] = [new Source(1, 2, 3), new Sink()]
    const pipeline = new Pipeline(source, plus(10), plus(100), sink)
    runInScope(() => pipeline.run())
    expect(sink.got).toEqual([111, 112, 113])
    expect(sink.shutdown).toBeInstanceOf(ProducerFinished)
    expect((sink.shutdown as ProducerFinished).caller).toBe(source)
  })

  it('is a component itself: its own boxes are the first inboxes and the last outboxes', () => {
    const sink = new Sink()
    const inner = new Pipeline(new Pipeline(plus(1)), new Pipeline(plus(10), new Pipeline(plus(100))))
    runInScope(() => new Pipeline(new Source(1, 2), inner, sink).run())
    expect(sink.got).toEqual([112, 113])
    expect(inner.isStopped).toBe(true)
  })

  it('takes along what it was sent before it was activated', () => {
    const sink = new Sink()
    const pipeline = new Pipeline(plus(1), sink)
    pipeline.deliver(1)
    runInScope(function* (s) {
      pipeline.activate(s)
      pipeline.deliver(2)
      yield* sleep(1)
      pipeline.deliver(3)
      pipeline.deliver(new ShutdownMicroprocess(pipeline), 'control')
    })
    expect(sink.got).toEqual([2, 3, 4])
  })

  it('ends when all of its components have, not before', () => {
    const host = new VirtualHost()
    const lingering = new Acting(function* () {
      yield* sleep(500)
    })
    const pipeline = new Pipeline(new Source(), lingering)
    host.run(() => pipeline.run())
    expect(host.now()).toBe(500)
  })

  it('does not swallow what comes out at its end: without a link from there, that is an error', () => {
    const pipeline = new Pipeline(new Source('lost'), plus(1))
    expect(() => runInScope(() => pipeline.run())).toThrow(
      'Transform\'s outbox "outbox" leads to Pipeline\'s outbox "outbox", which leads nowhere',
    )
  })

  it('is not linked any more when it has ended', () => {
    const [first, last] = [new Source(), new Source()]
    const pipeline = new Pipeline(first, last)
    runInScope(() => pipeline.run())
    pipeline.deliver('late')
    expect(pipeline.waitingIn()).toBe(1)
    const sink = new Sink()
    first.link([first, 'outbox'], [sink, 'inbox'])
    first.send('elsewhere')
    expect(sink.recv()).toBe('elsewhere')
  })

  it('of 1,000 components ends within the time that a few resumes for each take', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const sink = new Sink()
    const middle = Array.from({ length: 1_000 }, () => plus(1))
    scheduler.run(() => new Pipeline(new Source(0), ...middle, sink).run())
    host.finish()
    expect(sink.got).toEqual([1_000])
    expect(scheduler.statistics().resumes).toBeLessThan(5 * 1_000)
  })

  it('gives the same in whatever order its components run, for any messages and any transformations', () => {
    const messages = fc.array(fc.integer(), { maxLength: 8 })
    const addends = fc.array(fc.integer({ min: -100, max: 100 }), { maxLength: 5 })
    fc.assert(
      fc.property(messages, addends, fc.integer({ min: 1 }), (sent, added, seed) => {
        const program: Explorable = function* ({ afterwards }) {
          const sink = new Sink()
          const pipeline = new Pipeline(new Source(...sent), ...added.map(plus), sink)
          yield* scope(function* (s) {
            pipeline.activate(s)
          })
          const sum = added.reduce((total, addend) => total + addend, 0)
          afterwards(() => expect(sink.got).toEqual(sent.map((message) => message + sum)))
        }
        explore(program, { seed })
      }),
    )
  })
})
