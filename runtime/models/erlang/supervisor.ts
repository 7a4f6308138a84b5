// A supervisor: a process that starts others, and starts them again when they end.

import type { Coroutine } from '../../index.ts'
import { Cancelled } from '../../index.ts'
import type { CallMessage, Outcome } from './call.ts'
import { call } from './call.ts'
import type { CheckedOptions, CheckedSpec, ChildSpec, SupervisorOptions } from './child-spec.ts'
import { checkOptions, checkSpec } from './child-spec.ts'
import type { ExitMessage } from './exit.ts'
import { Exit } from './exit.ts'
import type { TryAgain } from './family.ts'
import { Family } from './family.ts'
import { anyOf } from './pattern.ts'
import type { Pid, Process } from './process.ts'

/** A child as `whichChildren` shows it: without a pid it has ended, or waits for one more attempt to start it. */
export interface ChildDescription {
  readonly id: string
  readonly pid: Pid | null
  readonly isRestarting: boolean
}

type Request =
  | { readonly about: 'which' }
  | { readonly about: 'start'; readonly spec: CheckedSpec }
  | { readonly about: 'terminate'; readonly id: string }

/** What can be sent to a supervisor: what the functions below send. */
export type SupervisorMessage = CallMessage<Request>

/**
 * Start a supervisor, linked to `self`, and wait until it has started its children, in order.
 *
 * When the process that started it ends, it stops its children and ends for the same reason.
 *
 * @throws Exit if a child does not start, and `self` traps exits: otherwise the link ends it; BadArgument for options that
 *   cannot be
 * @see OTP Design Principles, "Supervisor Behaviour"
 */
export function* startSupervisor<M>(self: Process<M>, options: SupervisorOptions): Coroutine<Pid<SupervisorMessage>> {
  const checked = checkOptions(options)
  const parent = self as unknown as Process<Ready | ExitMessage>
  const pid: Pid<SupervisorMessage> = parent.spawnLink(supervisor, parent, checked)
  const answer = yield* parent.receive(anyOf({ type: 'ready', supervisor: pid }, { type: 'EXIT', from: pid }))
  if (answer.type === 'EXIT') throw new Exit(answer.reason)
  return pid
}

/** Ask a supervisor for its children, in the order in which they are started. @throws Exit if it has ended */
export function* whichChildren<M>(
  self: Process<M>,
  supervisor: Pid<SupervisorMessage>,
): Coroutine<readonly ChildDescription[]> {
  return (yield* call<M, Request>(self, supervisor, { about: 'which' })) as readonly ChildDescription[]
}

/**
 * Have a supervisor start one more child, and wait for its pid.
 *
 * @throws BadArgument if it has a child by that id; Exit if that does not start, or the supervisor has ended
 */
export function* startChild<M>(self: Process<M>, supervisor: Pid<SupervisorMessage>, spec: ChildSpec): Coroutine<Pid> {
  return (yield* call<M, Request>(self, supervisor, { about: 'start', spec: checkSpec(spec) })) as Pid
}

/**
 * Have a supervisor stop a child, and wait until it has ended. Unless it is temporary it stays known, without a pid.
 *
 * @throws BadArgument if it has no such child; Exit if the supervisor has ended
 */
export function* terminateChild<M>(self: Process<M>, supervisor: Pid<SupervisorMessage>, id: string): Coroutine<void> {
  yield* call<M, Request>(self, supervisor, { about: 'terminate', id })
}

interface Ready {
  readonly type: 'ready'
  readonly supervisor: Pid
}

type Incoming = SupervisorMessage | ExitMessage | TryAgain

function* supervisor(self: Process<Incoming>, parent: Pid<Ready>, options: CheckedOptions): Coroutine<void> {
  self.trapExit = true
  const family = new Family(self, options)
  yield* family.start()
  self.send(parent, { type: 'ready', supervisor: self })
  for (;;) {
    const message = yield* self.receive()
    if (message.type === 'EXIT') {
      if (message.from === parent) yield* family.giveUp(message.reason)
      yield* family.ended(message.from, message.reason)
    } else if (message.type === 'tryAgain') {
      // In the meantime it may have been stopped, or started along with another.
      if (message.child.isRestarting) yield* family.restart(message.child)
    } else if (message.type === 'call') {
      const { from, reference, request } = message
      self.send(from, { type: 'reply', reference, outcome: yield* answer(family, request) })
    }
  }
}

function* answer(family: Family, request: Request): Coroutine<Outcome> {
  try {
    return { value: yield* comply(family, request) }
  } catch (error) {
    if (error instanceof Cancelled) throw error
    return { error }
  }
}

function* comply(family: Family, request: Request): Coroutine<unknown> {
  if (request.about === 'start') return yield* family.add(request.spec)
  if (request.about === 'terminate') return yield* family.terminate(request.id)
  return family.children.map(({ spec: { id }, pid, isRestarting }): ChildDescription => ({ id, pid, isRestarting }))
}
