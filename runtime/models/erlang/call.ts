// A call: a request to another process, and the wait for its reply or its end. What `gen:call` is in Erlang.

import type { Coroutine } from '../../index.ts'
import type { DownMessage, Monitor } from './exit.ts'
import { Exit } from './exit.ts'
import { anyOf } from './pattern.ts'
import type { Pid, Process } from './process.ts'

export interface CallMessage<Request> {
  readonly type: 'call'
  readonly from: Pid<ReplyMessage>
  /** The caller's monitor on the callee tells its calls apart. */
  readonly reference: Monitor
  readonly request: Request
}

interface ReplyMessage {
  readonly type: 'reply'
  readonly reference: Monitor
  readonly outcome: Outcome
}

export type Outcome = { readonly value: unknown } | { readonly error: unknown }

/**
 * Ask `server`, and wait for the reply.
 *
 * @throws the error that it replies; Exit with its reason if it ends before, 'noproc' if it had
 */
export function* call<M, Request>(
  self: Process<M>,
  server: Pid<CallMessage<Request>>,
  request: Request,
): Coroutine<unknown> {
  const caller = self as unknown as Process<ReplyMessage | DownMessage>
  const reference = caller.monitor(server)
  caller.send(server, { type: 'call', from: caller, reference, request })
  const answer = yield* caller.receive(anyOf({ type: 'reply', reference }, { type: 'DOWN', monitor: reference }))
  if (answer.type === 'DOWN') throw new Exit(answer.reason)
  caller.demonitor(reference, { flush: true })
  if ('error' in answer.outcome) throw answer.outcome.error
  return answer.outcome.value
}
