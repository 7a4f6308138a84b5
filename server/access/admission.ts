// An admission says that a request was let in: whose it is, and until when. Every way into the server asks it.

import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import type { ClientIdentity } from './client-identity.ts'

declare module 'fastify' {
  interface FastifyRequest {
    admission: Admission
    /** What goes on here when the request was let in before Fastify saw it: no guard is asked again. */
    readmission: Readmission | null
  }
}

/** A request that was let in elsewhere and goes on in Fastify. */
export interface Readmission {
  readonly admission: Admission
}

export class Admission {
  /** Whose request it is, for limits. */
  readonly client: string
  /** When it ends, in milliseconds of the monotonic clock; Infinity when it does not. */
  readonly until: number
  readonly #clock: () => number

  constructor(client: string, until: number, clock: () => number) {
    this.client = client
    this.until = until
    this.#clock = clock
  }

  /** For how long it still holds, in milliseconds. */
  get leftMs(): number {
    return this.until === Number.POSITIVE_INFINITY ? this.until : Math.max(this.until - this.#clock(), 0)
  }

  /** Whether it holds still. */
  holds(): boolean {
    return this.leftMs > 0
  }
}

/** What lets requests in, or refuses them. */
export interface Guard {
  /** Judge a request that has come: an error given to `done` refuses it. Left out when it has nothing to say to the first. */
  readonly onRequest?: (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => void
  /** Whether a request is let in that is the same, byte for byte, as one that was. Left out where the bytes decide. */
  readonly mayRepeat?: (admission: Admission) => boolean
  /** Count such a request, once all guards have let it in. */
  readonly countRepeat?: (admission: Admission) => void
}

export interface AdmissionsOptions {
  readonly identity: ClientIdentity
  /** The monotonic clock, in milliseconds. */
  readonly clock: () => number
  /** What was let in elsewhere, and goes on with the request that begins now in Fastify; null for any other. */
  readonly readmit: () => Readmission | null
}

/** The guards of a server, in their order, each listed once. */
export class Admissions {
  readonly #app: FastifyInstance
  readonly #options: AdmissionsOptions
  readonly #guards: Guard[] = []
  #last: Admission

  /** From here on every request of `app` has an admission. */
  constructor(app: FastifyInstance, options: AdmissionsOptions) {
    this.#app = app
    this.#options = options
    this.#last = new Admission('unknown', Number.POSITIVE_INFINITY, options.clock)
    app.decorateRequest<Admission | null>('admission', null)
    app.decorateRequest('readmission', null)
    app.addHook('onRequest', (request, _reply, done) => {
      request.readmission = options.readmit()
      request.admission = request.readmission?.admission ?? this.#admissionOf(request)
      done()
    })
  }

  /** Have `guard` asked of every request, after the guards that are there already. */
  add(guard: Guard): void {
    this.#guards.push(guard)
    const { onRequest } = guard
    if (onRequest === undefined) return
    this.#app.addHook('onRequest', (request, reply, done) => {
      if (request.readmission === null) onRequest(request, reply, done)
      else done()
    })
  }

  /** Whether a request that was let in with `admission` may come again in the same bytes; if so, it is counted. */
  repeat(admission: Admission): boolean {
    if (!admission.holds()) return false
    for (const guard of this.#guards) if (guard.mayRepeat?.(admission) === false) return false
    for (const guard of this.#guards) guard.countRepeat?.(admission)
    return true
  }

  // One for all requests of a client in a row: a herd shares it, and thousands of them wait.
  #admissionOf({ raw }: FastifyRequest): Admission {
    const { identity, clock } = this.#options
    const client = identity.of(raw)
    if (client !== this.#last.client) this.#last = new Admission(client, Number.POSITIVE_INFINITY, clock)
    return this.#last
  }
}
