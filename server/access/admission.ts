// An admission says that a request was let in: whose it is, what it may do, and until when. Every way into the server asks
// it.

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import type { Latch, Selectable } from '../../runtime/index.ts'
import { after } from '../../runtime/index.ts'
import type { ClientIdentity } from './client-identity.ts'
import type { Keyring } from './keyring.ts'
import { Over } from './over.ts'
import type { Rights } from './rights.ts'

declare module 'fastify' {
  interface FastifyRequest {
    admission: Admission
  }
}

export class Admission {
  /** Whose request it is, for limits: an address, or the subject of a token. */
  readonly client: string
  readonly rights: Rights
  /** When it ends, in milliseconds of the monotonic clock; Infinity when it does not. */
  readonly until: number
  /** The monotonic clock, in milliseconds. */
  readonly clock: () => number
  /** Who it is, as a token or the application says; null when neither does. Idempotency keys and names are its own. */
  readonly subject: string | null
  /** Opens when it is withdrawn before its time; null where it cannot be. */
  readonly withdrawn: Latch | null

  constructor(
    client: string,
    rights: Rights,
    until: number,
    clock: () => number,
    subject: string | null = null,
    withdrawn: Latch | null = null,
  ) {
    this.client = client
    this.rights = rights
    this.until = until
    this.clock = clock
    this.subject = subject
    this.withdrawn = withdrawn
  }

  /** Whether it holds still. */
  holds(): boolean {
    return (this.until === Number.POSITIVE_INFINITY || this.clock() < this.until) && this.withdrawn?.isOpen !== true
  }

  /** A wait of so many milliseconds, which ends when the admission does. */
  shorten(waitMs: number): number {
    return this.until === Number.POSITIVE_INFINITY ? waitMs : Math.max(Math.min(waitMs, this.until - this.clock()), 0)
  }

  /** Wait for so many milliseconds, or until the admission ends. */
  over(waitMs: number): Selectable<void> {
    return this.withdrawn === null ? after(this.shorten(waitMs)) : new Over(this.shorten(waitMs), this.withdrawn)
  }

  /** Wait until the admission ends; null when it does not, which switches off a case of a select. */
  ended(): Selectable<void> | null {
    const isEndless = this.until === Number.POSITIVE_INFINITY && this.withdrawn === null
    return isEndless ? null : this.over(Number.POSITIVE_INFINITY)
  }
}

/** That of a request which was let in before Fastify saw it, and goes on there: no guard is asked again, nor counts it. */
export abstract class Readmission extends Admission {}

/** What lets requests in, or refuses them. */
export interface Guard {
  /** Judge a request that has come: an error given to `done` refuses it. */
  readonly onRequest: (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => void
  /** Whether a request is let in that is the same, byte for byte, as one that was. Left out where the bytes decide. */
  readonly mayRepeat?: (admission: Admission) => boolean
  /** Count such a request, once all guards have let it in. */
  readonly countRepeat?: (admission: Admission) => void
}

/** What observes exchanges, whichever way they come. */
export interface ExchangeObserver {
  /** A request begins that no other way into the server has seen. */
  began(): void
  /** A request begins on the fast path, in the same bytes as one before. */
  repeated(): void
}

/** Admits those who present tokens. */
export interface BearerAdmissions {
  /**
   * Give the admission of who presents a token and comes from `client`; undefined when there is no token, or when it would
   * have to be verified and `mayVerify` says no.
   */
  admit(
    headers: IncomingHttpHeaders,
    client: string,
    mayVerify: (client: string) => boolean,
  ): Admission | undefined | Promise<Admission | undefined>
}

export interface AdmissionsOptions {
  readonly identity: ClientIdentity
  readonly keyring: Keyring
  /** Who admits those that present tokens. Default: nobody wants any. */
  readonly bearers?: BearerAdmissions | null
  /** Makes the rights of a request where an application decides on them. Default: none does. */
  readonly askedRights?: ((request: FastifyRequest) => Rights) | null
  /** Whether a client that has been wrong may ask for another token to be verified. Default: always. */
  readonly mayVerify?: (client: string) => boolean
  readonly observer: ExchangeObserver
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
    this.#last = new Admission('unknown', options.keyring.rightsOf({}), Number.POSITIVE_INFINITY, options.clock)
    app.decorateRequest<Admission | null>('admission', null)
    app.addHook('onRequest', (request, _reply, done) => {
      const readmission = options.readmit()
      request.admission = readmission ?? this.#admissionOf(request.raw)
      if (readmission !== null) return done()
      options.observer.began()
      const { bearers = null, askedRights = null } = options
      if (askedRights !== null) this.#admitAsking(request, askedRights)
      if (bearers === null) done()
      else this.#admitBearer(request, bearers, done)
    })
  }

  /** Have `guard` asked of every request, after the guards that are there already. */
  add(guard: Guard): void {
    this.#guards.push(guard)
    const { onRequest } = guard
    this.#app.addHook('onRequest', (request, reply, done) => {
      if (request.admission instanceof Readmission) done()
      else onRequest(request, reply, done)
    })
  }

  /** Whether a request that was let in with `admission` may come again in the same bytes; if so, it is counted. */
  repeat(admission: Admission): boolean {
    if (!admission.holds()) return false
    for (const guard of this.#guards) if (guard.mayRepeat?.(admission) === false) return false
    for (const guard of this.#guards) guard.countRepeat?.(admission)
    this.#options.observer.repeated()
    return true
  }

  // One for all requests of a client in a row: a herd shares it, and thousands of them wait.
  #admissionOf(raw: IncomingMessage): Admission {
    const { identity, keyring, clock } = this.#options
    const client = identity.of(raw)
    const rights = keyring.rightsOf(raw.headers)
    if (client !== this.#last.client || rights !== this.#last.rights) {
      this.#last = new Admission(client, rights, Number.POSITIVE_INFINITY, clock)
    }
    return this.#last
  }

  #admitAsking(request: FastifyRequest, rightsOf: (request: FastifyRequest) => Rights): void {
    const { client } = request.admission
    request.admission = new Admission(client, rightsOf(request), Number.POSITIVE_INFINITY, this.#options.clock)
  }

  /** The admission of a request that presents a token is that of its bearer. */
  #admitBearer(request: FastifyRequest, bearers: BearerAdmissions, done: HookHandlerDoneFunction): void {
    const { mayVerify = () => true } = this.#options
    const admitted = bearers.admit(request.raw.headers, request.admission.client, mayVerify)
    const admit = (admission: Admission | undefined) => {
      if (admission !== undefined) request.admission = admission
      done()
    }
    if (admitted instanceof Promise) void admitted.then(admit, done)
    else admit(admitted)
  }
}
