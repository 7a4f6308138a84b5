// How the main thread waits for shared memory: in a coroutine, because a server lives on it and must not sleep.

import type { Coroutine } from '../../../runtime/index.ts'
import { until } from '../../../runtime/index.ts'
import type { SharedInboxes } from './shared-inboxes.ts'

/** Take a message from an inbox, waiting while there is none. */
export function* received(inboxes: SharedInboxes, inbox: number): Coroutine<number> {
  try {
    for (;;) {
      const message = inboxes.tryReceive(inbox)
      if (message !== undefined) return message
      yield* until(inboxes.nextSend(inbox, inboxes.progress(inbox).taken))
    }
  } finally {
    inboxes.stir(inbox)
  }
}

/** Send a message, and wait until the receiver has taken it. */
export function* handedOver(inboxes: SharedInboxes, inbox: number, message: number): Coroutine<void> {
  inboxes.put(inbox, message)
  try {
    for (let state = inboxes.progress(inbox); state.taken < state.sent; state = inboxes.progress(inbox)) {
      yield* until(inboxes.nextTake(inbox, state.taken))
    }
  } finally {
    inboxes.stir(inbox)
  }
}
