// A backplane: whatever is published to it comes out of everybody who has subscribed by then.
//
// Publishers and subscribers are components that come and go; a subscriber gets what is published after it has started,
// all of it and in order, and each subscriber gets the same.

import type { Coroutine } from '../../index.ts'
import { checkpoint } from '../../index.ts'
import { Component } from './component.ts'
import { AxonError } from './errors.ts'

/**
 * The board that the others plug into. A request to shut down in its `control` ends it, and all its subscribers.
 *
 * @see Kamaelia, "Publishing and Subscribing with Backplanes"
 */
export class Backplane extends Component {
  readonly #subscribers = new Set<SubscribeTo>()

  /** For SubscribeTo. @throws AxonError NO_BACKPLANE once it has ended */
  plugIn(subscriber: SubscribeTo): Disposable {
    this.assertThere()
    this.#subscribers.add(subscriber)
    return { [Symbol.dispose]: () => this.#subscribers.delete(subscriber) }
  }

  /** @throws AxonError NO_BACKPLANE once it has ended */
  assertThere(): void {
    if (this.isStopped)
      throw new AxonError('NO_BACKPLANE', 'the backplane has ended: publish and subscribe before that')
  }

  protected *main(): Coroutine<void> {
    for (;;) {
      while (this.dataReady()) {
        this.#toAll(this.recv(), 'inbox')
        yield* checkpoint()
      }
      const shutdown = this.receiveShutdown()
      if (shutdown !== null) {
        this.#toAll(shutdown, 'control')
        this.sendIfLinked(shutdown, 'signal')
        return
      }
      yield* this.pause()
    }
  }

  #toAll(message: unknown, boxName: string): void {
    for (const subscriber of this.#subscribers) subscriber.deliver(message, boxName)
  }
}

/** Publishes what arrives in its inbox. A request to shut down ends it, and passes out of `signal`; the backplane stays. */
export class PublishTo extends Component {
  readonly #backplane: Backplane

  constructor(backplane: Backplane) {
    super()
    this.#backplane = backplane
  }

  protected *main(): Coroutine<void> {
    this.#backplane.assertThere()
    using _link = this.link([this, 'inbox'], [this.#backplane, 'inbox'], 'inbox')
    let shutdown = this.receiveShutdown()
    while (shutdown === null) {
      yield* this.pause()
      shutdown = this.receiveShutdown()
    }
    this.sendIfLinked(shutdown, 'signal')
  }
}

/** Sends out what is published. A request to shut down ends it, once it has sent what waits, and passes out of `signal`. */
export class SubscribeTo extends Component {
  readonly #backplane: Backplane

  constructor(backplane: Backplane) {
    super()
    this.#backplane = backplane
  }

  protected *main(): Coroutine<void> {
    using _plug = this.#backplane.plugIn(this)
    for (;;) {
      while (this.dataReady()) this.send(this.recv())
      const shutdown = this.receiveShutdown()
      if (shutdown !== null) {
        this.sendIfLinked(shutdown, 'signal')
        return
      }
      yield* this.pause()
    }
  }
}
