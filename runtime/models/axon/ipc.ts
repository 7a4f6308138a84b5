// The messages by which components tell one another to stop.

import type { Component } from './component.ts'

/**
 * "No more data will come": a component finishes what waits in its inboxes, and passes it on.
 *
 * @see Kamaelia, "Axon.Ipc"
 */
export class ProducerFinished {
  /** Who has finished. */
  readonly caller: Component

  constructor(caller: Component) {
    this.caller = caller
  }
}

/** "Stop at once": a component drops what waits in its inboxes, and passes it on. */
export class ShutdownMicroprocess {
  /** Who wants it. */
  readonly caller: Component

  constructor(caller: Component) {
    this.caller = caller
  }
}

export type Shutdown = ProducerFinished | ShutdownMicroprocess

export function isShutdown(message: unknown): message is Shutdown {
  return message instanceof ProducerFinished || message instanceof ShutdownMicroprocess
}
