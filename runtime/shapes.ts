// Keeps V8 from forgetting the shapes of the runtime's objects.
//
// With the last instance of a class V8 drops its shape (hidden class), and with the shape what it has learned and compiled
// for it: a process that was idle over a full collection would start again from interpreted code, and a chain of 100,000
// takes twice its time then. So a few coroutines live for ever, parked on one of everything. They have to have run: a
// shape changes with what the fields of its instances have held.
//
// Nothing is made on import: `run` does it with the default scheduler, a process that makes its own schedulers by a call.

import { Channel } from './channel.ts'
import { checkpoint } from './checkpoint.ts'
import { defaultHost } from './core/host.ts'
import type { Coroutine } from './core/operation.ts'
import { Scheduler } from './core/scheduler.ts'
import { Latch } from './latch.ts'
import { moveOn, scope, shield } from './scope.ts'
import { select } from './select.ts'
import { after } from './timing.ts'

// The scheduler holds its coroutines, and they hold the rest.
let kept: Scheduler | undefined

/**
 * Keep what V8 has compiled for the runtime also while nothing runs. For a process that makes its own schedulers and
 * idles in between, as a server does; call it once where the process starts. `run` does it by itself. Idempotent.
 */
export function keepShapes(): void {
  if (kept !== undefined) return
  kept = new Scheduler({ host: stillHost() })
  for (let round = 0; round < 3; round += 1) kept.run(shapes)
}

function* shapes(): Coroutine<void> {
  yield* scope(function* (parked) {
    const buffered = new Channel<number>(1)
    yield* buffered.send(1)
    const passed = checkpoint()
    yield* passed
    parked.spawn(receiver, new Channel<number>())
    parked.spawn(sender, new Channel<number>())
    parked.spawn(sender, buffered)
    parked.spawn(chooser, new Channel<number>())
    parked.spawn(inScopes, new Channel<number>())
    yield* parked.spawn(receiver, new Channel<number>()).join()
    return passed // which is kept until then, and then never comes
  })
}

function* receiver(channel: Channel<number>): Coroutine<void> {
  yield* channel.receive()
}

function* sender(channel: Channel<number>): Coroutine<void> {
  yield* channel.send(1)
}

function* chooser(channel: Channel<number>): Coroutine<void> {
  yield* select({ next: channel.next(), late: after(1), open: new Latch().wait() }, { order: 'first' })
}

function* inScopes(channel: Channel<number>): Coroutine<void> {
  yield* moveOn(1, function* () {
    yield* shield(() => receiver(channel))
  })
}

/** A host whose timers never fire and whose turns come at once: nobody is kept waiting, and no process kept alive. */
function stillHost(): ReturnType<typeof defaultHost> {
  const now = (callback: () => void) => callback()
  return Object.assign(defaultHost(), { soon: now, later: now, setTimer: () => () => {} })
}
