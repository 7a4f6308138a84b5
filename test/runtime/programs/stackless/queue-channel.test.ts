import { expect, it } from 'vitest'
import { VirtualHost } from '../../../../runtime/index.ts'
import { stackless } from '../../../../runtime/models/stackless.ts'
import { QueueChannel } from '../../../../runtime/programs/stackless/queue-channel.ts'
import { running } from '../../outcomes.ts'

it('a queue channel takes every send without blocking, and gives the values in order', () => {
  new VirtualHost().run(() =>
    running(
      stackless(function* (thread) {
        const channel = new QueueChannel<number>()
        const received: number[] = []
        const receive = thread.tasklet(function* () {
          received.push(yield* channel.receive())
        })
        receive()
        receive()
        yield* thread.run()
        for (const value of [1, 2, 3, 4]) yield* channel.send(value)
        // The receivers that waited have theirs, but the sender goes on first.
        expect([received, channel.length]).toEqual([[], 2])
        yield* thread.run()
        receive()
        receive()
        yield* thread.run()
        expect([received, channel.length]).toEqual([[1, 2, 3, 4], 0])
      }),
    ),
  )
})
