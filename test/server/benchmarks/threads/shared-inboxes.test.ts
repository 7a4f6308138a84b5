import { describe, expect, it } from 'vitest'
import type { Coroutine } from '../../../../runtime/index.ts'
import { run } from '../../../../runtime/index.ts'
import { handedOver, received } from '../../../../server/benchmarks/threads/main-thread.ts'
import { SharedInboxes } from '../../../../server/benchmarks/threads/shared-inboxes.ts'

describe('inboxes in shared memory', () => {
  it('give messages in the order in which they were put, each inbox its own', () => {
    const inboxes = new SharedInboxes(SharedInboxes.allocate(3))
    for (const message of [5, 0, -7]) inboxes.put(1, message)
    inboxes.put(2, 9)
    expect([inboxes.receive(1), inboxes.receive(1), inboxes.receive(1), inboxes.receive(2)]).toEqual([5, 0, -7, 9])
    expect(inboxes.tryReceive(0)).toBeUndefined()
    expect(inboxes.tryReceive(1)).toBeUndefined()
  })

  it('are the same to everybody who has the memory', () => {
    const memory = SharedInboxes.allocate(1)
    new SharedInboxes(memory).put(0, 3)
    expect(new SharedInboxes(memory).receive(0)).toBe(3)
    expect(new SharedInboxes(memory).progress(0)).toEqual({ sent: 1, taken: 1 })
  })

  it('go round their few slots for ever, and refuse what has no room', () => {
    const inboxes = new SharedInboxes(SharedInboxes.allocate(1))
    for (let message = 0; message < 1_000; message += 1) {
      inboxes.put(0, message)
      expect(inboxes.receive(0)).toBe(message)
    }
    for (let message = 0; message < 4; message += 1) inboxes.put(0, message)
    expect(() => inboxes.put(0, 4)).toThrow('inbox 0 is full')
  })
})

describe('the main thread', () => {
  it('waits for a message without blocking', async () => {
    const inboxes = new SharedInboxes(SharedInboxes.allocate(1))
    const task = run(received, inboxes, 0)
    const other = run(function* () {
      inboxes.put(0, 42)
    })
    await other.promise
    expect(await task.promise).toBe(42)
  })

  it('waits until its message is taken', async () => {
    const inboxes = new SharedInboxes(SharedInboxes.allocate(1))
    const order: string[] = []
    const task = run(function* () {
      yield* handedOver(inboxes, 0, 1)
      order.push('handed over')
    })
    await new Promise((resolve) => setImmediate(resolve))
    order.push(`took ${inboxes.receive(0)}`)
    await task.promise
    expect(order).toEqual(['took 1', 'handed over'])
  })

  const waits: [what: string, wait: (inboxes: SharedInboxes) => Coroutine<unknown>][] = [
    ['a message', (inboxes) => received(inboxes, 0)],
    ['its message to be taken', (inboxes) => handedOver(inboxes, 0, 1)],
  ]
  it.each(waits)('lets go of the memory when it is cancelled while it waits for %s', async (_, wait) => {
    const inboxes = new SharedInboxes(SharedInboxes.allocate(1))
    const task = run(wait, inboxes)
    await new Promise((resolve) => setImmediate(resolve))
    expect(task.status).toBe('parked')
    const mine = [inboxes.nextSend(0, inboxes.progress(0).sent), inboxes.nextTake(0, 0)]
    task.cancel()
    await expect(task.promise).rejects.toMatchObject({ code: 'TASK_CANCELLED' })
    // Whoever waits is stirred, the one that has lost interest too.
    await Promise.all(mine)
  })
})
