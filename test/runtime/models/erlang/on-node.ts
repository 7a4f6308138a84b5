// Runs a node on a virtual host to its end, with nothing left behind.

import { expect } from 'vitest'
import { VirtualHost } from '../../../../runtime/index.ts'
import type { ProcessBody } from '../../../../runtime/models/erlang/index.ts'
import { runNode } from '../../../../runtime/models/erlang/index.ts'
import type { Mailbox } from '../../../../runtime/models/erlang/mailbox.ts'
import type { Pid } from '../../../../runtime/models/erlang/process.ts'

export interface Expected {
  /** The messages of the failures that must be reported to the host, in order. Default none. */
  readonly reported?: readonly string[]
}

/** Give what `body` gives as the first process of a node. @throws what the node throws */
export function onNode<M, T>(body: ProcessBody<M, [], T>, { reported = [] }: Expected = {}): T {
  const host = new VirtualHost()
  const scheduler = host.scheduler()
  let outcome: (() => T) | undefined
  scheduler.run(function* program() {
    try {
      const value = yield* runNode(body)
      outcome = () => value
    } catch (error) {
      outcome = () => {
        throw error
      }
    }
  })
  host.finish()
  expect(host.reported.map((error) => (error as Error).message)).toEqual(reported)
  expect(host.pending).toBe(0)
  expect(scheduler.statistics()).toMatchObject({ coroutines: 0, timers: 0 })
  scheduler.validate()
  if (outcome === undefined) throw new Error('the node has not ended')
  return outcome()
}

/** The mailbox of a process, to have its invariants asserted. */
export function mailboxOf(pid: Pid): Mailbox {
  return (pid as unknown as { readonly mailbox: Mailbox }).mailbox
}
