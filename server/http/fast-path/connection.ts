// A connection whose requests repeat. It reads the bytes of a client before Node's HTTP does, and answers those requests
// itself that are known; all else it hands to Node's HTTP.
//
// Invariants:
//   - while it is idle, Node's HTTP has read whole requests only, bodies and all, and has answered them;
//   - while a request waits here, Node's HTTP is given nothing; when more comes, or the reply is none for this way, Node's
//     HTTP is given the bytes of that request first, and Fastify goes on with the coroutine that waits: it is neither begun
//     anew nor asked for its admission again;
//   - once the connection has left HTTP nothing is read here, and Node's parser, which another connection may have by
//     then, is given nothing.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Coroutine, Operation, Scheduler, Task } from '../../../runtime/index.ts'
import { Cancelled } from '../../../runtime/index.ts'
import type { Admission, Admissions } from '../../access/admission.ts'
import { longestLabel } from '../coroutine-handler.ts'
import { type MessageShape, type MessageValues, mostMessageBytes } from './message-template.ts'
import type { PreparedHead, PreparedReply } from './prepared-reply.ts'
import { bytesOf } from './request-template.ts'
import type { Template } from './template.ts'
import type { Templates } from './templates.ts'
import { Failure, type Outcome, UnderWay } from './under-way.ts'

/** What is known of a request, to answer it when it comes again. */
export interface Known<Values = unknown> {
  readonly template: Template<Values>
  readonly admission: Admission
  /** Begin it with other values; null when they do not fit, which Fastify then says. */
  begin(values: Values): Operation<PreparedReply> | null
  /** Of the last reply. */
  readonly head: PreparedHead
}

/** A request that was recognised in the bytes that it came in. */
export interface Recognised<Values> {
  readonly template: Template<Values>
  /** How many chunks Node's HTTP had been given then. */
  readonly chunks: number
}

type ServedSocket = Socket & { readonly parser?: unknown }

/** What a connection needs of the fast path that it belongs to. */
export interface RepeatingPath {
  readonly options: {
    readonly scheduler: Scheduler
    readonly admissions: Pick<Admissions, 'repeat'>
    readonly isOff: () => boolean
  }
  readonly templates: Templates
  pass(connection: RepeatingConnection, toHttp: () => void): void
  forget(socket: Socket): void
  sendSoon(connection: RepeatingConnection): void
}

export class RepeatingConnection {
  readonly #path: RepeatingPath
  readonly #socket: ServedSocket
  /** Node's own, which it has given to this connection for as long as that speaks HTTP. */
  readonly #parser: unknown
  readonly #toHttp: (chunk: Buffer) => void
  readonly #onData = (chunk: Buffer) => this.#read(chunk)
  /** How many chunks Node's HTTP has been given; the last of them, and the last request that began by it. */
  #chunks = 0
  #given: Buffer | null = null
  #begun: IncomingMessage | null = null
  #isIdle = false
  #known: Known | null = null
  /** The request that was started last, what differs in it, and whether its answer is awaited here. */
  #task: Task<Outcome> | null = null
  #values: unknown = null
  #isWaiting = false
  #reply: PreparedReply | null = null
  /** The request that Fastify is about to go on with. */
  #goesOn: UnderWay | null = null
  readonly #label = () => {
    const [target = ''] = this.#request().split(' HTTP/', 1)
    return `${target.slice(0, longestLabel)} for ${this.#known?.admission.client}`
  }

  private constructor(socket: ServedSocket, path: RepeatingPath, toHttp: (chunk: Buffer) => void) {
    this.#socket = socket
    this.#parser = socket.parser
    this.#path = path
    this.#toHttp = toHttp
  }

  /** Read `socket` before Node's HTTP does. Undefined when that does not read it as it should. */
  static on(socket: ServedSocket, path: RepeatingPath): RepeatingConnection | undefined {
    const [toHttp, ...others] = socket.listeners('data') as ((chunk: Buffer) => void)[]
    if (toHttp === undefined || others.length > 0 || !socket.parser) return undefined
    const connection = new RepeatingConnection(socket, path, toHttp)
    socket.on('data', connection.#onData)
    socket.removeListener('data', toHttp)
    return connection
  }

  get isWaiting(): boolean {
    return this.#isWaiting
  }

  /** Note a request that begins by what Node's HTTP is being given. */
  begins(request: IncomingMessage, response: ServerResponse): void {
    const { method, url } = request
    this.#begun = null
    if (method !== 'POST' && (method !== 'GET' || !url?.includes('?'))) return
    this.#begun = request
    // Whoever refuses it does not ask for its bytes.
    response.once('close', () => this.#bytesThatBegan(request))
  }

  /** What goes on in Fastify with the request that begins now. */
  goOn(): UnderWay | null {
    const goesOn = this.#goesOn
    this.#goesOn = null
    return goesOn
  }

  /** Know `request` by its bytes, but for `parameters`, if it is the last that has come and came by itself in these very bytes. */
  recognise(
    request: IncomingMessage,
    parameters: Readonly<Record<string, string>>,
  ): Recognised<readonly string[]> | undefined {
    const bytes = this.#bytesThatBegan(request)
    const text = bytes?.toString('latin1')
    if (text === undefined || text !== bytesOf(request)) return undefined
    const template = this.#path.templates.ofPoll(text, parameters)
    return template && { template, chunks: this.#chunks }
  }

  /** The same for one that publishes to `topic`, with its body. */
  recogniseMessage(
    request: IncomingMessage,
    topic: string,
    shape: MessageShape,
  ): Recognised<MessageValues> | undefined {
    const bytes = this.#bytesThatBegan(request)
    const head = bytesOf(request)
    const length = head.length + Number(request.headers['content-length'])
    if (bytes?.length !== length || bytes.toString('latin1', 0, head.length) !== head) return undefined
    const template = this.#path.templates.ofMessage(head, topic, shape)
    return template && { template, chunks: this.#chunks }
  }

  /** What Node's HTTP was given, if `request` is the last that began, and nothing has come since. From then on it is not held here. */
  #bytesThatBegan(request: IncomingMessage): Buffer | null {
    if (this.#begun !== request) return null
    const bytes = this.#given
    this.#begun = null
    this.#given = null
    return bytes
  }

  /** It has been answered, with a head that others can have. */
  answered<Values>({ chunks }: Recognised<Values>, known: Known<Values>): void {
    // Something has come meanwhile: what, only Node's HTTP knows.
    if (chunks !== this.#chunks) return
    this.#task = null
    this.#known = known
    this.#isIdle = true
  }

  close(): void {
    this.#task?.cancel('the client went away')
  }

  /** The request has its outcome. What is no reply for this way Fastify sends: an error, or the last of its connection. */
  settle(outcome: Outcome): void {
    if (!this.#isWaiting || this.#socket.destroyed) return
    const head =
      outcome instanceof Failure || outcome.isLast ? undefined : outcome.headLike((this.#known as Known).head)
    if (head === undefined) {
      this.#handOver()
      return
    }
    if (head !== this.#known?.head) this.#known = { ...(this.#known as Known), head }
    this.#reply = outcome as PreparedReply
    this.#path.sendSoon(this)
  }

  /** Send the reply, unless it has been sent already. */
  send(): void {
    const reply = this.#reply
    if (reply === null || this.#socket.destroyed) return
    this.#reply = null
    this.#task = null
    this.#values = null
    this.#isWaiting = false
    reply.writeTo(this.#socket, (this.#known as Known).head)
  }

  #read(chunk: Buffer): void {
    // More has come before the reply: Node's HTTP knows how to answer several requests in their order.
    if (this.#reply !== null) this.send()
    else if (this.#isWaiting) this.#handOver()
    if (!this.#isIdle || !this.#start(chunk)) this.#pass(chunk)
  }

  #handOver(): void {
    const { admission } = this.#known as Known
    this.#isWaiting = false
    this.#goesOn = new UnderWay(this.#task as Task<Outcome>, admission)
    this.#pass(Buffer.from(this.#request(), 'latin1'))
    this.goOn()?.cancel()
  }

  #pass(chunk: Buffer): void {
    if (this.#socket.destroyed) return
    this.#isIdle = false
    this.#chunks += 1
    // One whose body is in this chunk began by another: these are not its bytes, however much they look like them.
    this.#begun = null
    this.#given = chunk
    this.#path.pass(this, () => this.#toHttp(chunk))
    // An idle connection should not hold much.
    if (this.#begun === null || chunk.length > mostMessageBytes) this.#given = null
    if (this.#socket.parser !== this.#parser) this.#leave()
  }

  // An upgrade or CONNECT: who took the connection over reads it now.
  #leave(): void {
    this.#socket.removeListener('data', this.#onData)
    this.#path.forget(this.#socket)
  }

  #start(chunk: Buffer): boolean {
    const { template, admission } = this.#known as Known
    const values = template.valuesIn(chunk)
    if (values === undefined || this.#socket.writableLength > 0 || this.#path.options.isOff()) return false
    const operation = (this.#known as Known).begin(values)
    if (operation === null || !this.#path.options.admissions.repeat(admission)) return false
    this.#values = values
    this.#isWaiting = true
    this.#task = this.#path.options.scheduler.run(serve, this, operation)
    this.#task.label = this.#label
    return true
  }

  #request(): string {
    return this.#values === null ? '' : (this.#known as Known).template.with(this.#values)
  }
}

function* serve(connection: RepeatingConnection, operation: Operation<PreparedReply>): Coroutine<Outcome> {
  let outcome: Outcome
  try {
    outcome = yield* operation
  } catch (error) {
    if (error instanceof Cancelled) throw error
    outcome = new Failure(error)
  }
  connection.settle(outcome)
  return outcome
}
