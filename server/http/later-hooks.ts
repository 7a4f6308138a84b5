// Hooks that are added to an app once it is built: they want to see every request, with its headers, so from the first of
// them on nothing passes them by.

import type { FastifyInstance } from 'fastify'

/** Hooks that see requests; the others see the app. */
const seeing = new Set([
  'onRequest',
  'preParsing',
  'preValidation',
  'preHandler',
  'preSerialization',
  'onSend',
  'onResponse',
  'onError',
  'onTimeout',
  'onRequestAbort',
])

export class LaterHooks {
  readonly #names: string[] = []

  /** Count the hooks that are added to `app`, or to an app within it, from now on; the log says so once. */
  watch(app: FastifyInstance): void {
    const { addHook } = app
    const names = this.#names
    app.addHook('onReady', (done) => {
      if (names.length > 0) app.log.info(this.#notice())
      done()
    })
    app.addHook = function (this: FastifyInstance, ...hook: unknown[]) {
      if (seeing.has(String(hook[0]))) names.push(String(hook[0]))
      return Reflect.apply(addHook, this, hook)
    }
  }

  get any(): boolean {
    return this.#names.length > 0
  }

  #notice(): string {
    const hooks = this.#names.length === 1 ? '1 hook was' : `${this.#names.length} hooks were`
    return `${hooks} added to the server (${[...new Set(this.#names)].join(', ')}): the fast path is off, so that every request is seen`
  }
}
