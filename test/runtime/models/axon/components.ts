// Components that tests put together.

import type { Coroutine, Scope } from '../../../../runtime/index.ts'
import { scope, VirtualHost } from '../../../../runtime/index.ts'
import { Component, ProducerFinished } from '../../../../runtime/models/axon/index.ts'

/** A component whose main is given, with itself. */
export class Acting extends Component {
  readonly #act: (self: Acting) => Coroutine<void>

  constructor(act: (self: Acting) => Coroutine<void>) {
    super()
    this.#act = act
  }

  protected main(): Coroutine<void> {
    return this.#act(this)
  }
}

/** Sends what it was given, then that it has finished. */
export class Source extends Component {
  readonly #messages: readonly unknown[]

  constructor(...messages: unknown[]) {
    super()
    this.#messages = messages
  }

  protected *main(): Coroutine<void> {
    for (const message of this.#messages) {
      this.send(message)
      yield* this.turn()
    }
    this.sendIfLinked(new ProducerFinished(this), 'signal')
  }
}

/** Sends on what it makes of each message, until it is told to shut down. */
export class Transform extends Component {
  readonly #change: (message: unknown) => unknown

  constructor(change: (message: unknown) => unknown) {
    super()
    this.#change = change
  }

  protected *main(): Coroutine<void> {
    for (;;) {
      while (this.dataReady()) this.send(this.#change(this.recv()))
      const shutdown = this.receiveShutdown()
      if (shutdown !== null) {
        this.sendIfLinked(shutdown, 'signal')
        return
      }
      yield* this.pause()
    }
  }
}

/** Keeps what it gets, until it is told to shut down. */
export class Sink extends Component {
  readonly got: unknown[] = []
  shutdown: unknown = null

  protected *main(): Coroutine<void> {
    while (this.shutdown === null) {
      while (this.dataReady()) this.got.push(this.recv())
      this.shutdown = this.receiveShutdown()
      if (this.shutdown === null) yield* this.pause()
    }
    this.sendIfLinked(this.shutdown, 'signal')
  }
}

/** Run `body` in a scope, until everything that it has activated there has ended. */
export function runInScope<T>(body: (s: Scope) => Coroutine<T>): T {
  return new VirtualHost().run(function* main() {
    return yield* scope(body)
  })
}
