// One connection to one Redis server. It ends once and never comes back: who wants another opens another, so that nothing
// is sent twice and nobody is surprised by what an earlier server knew.
//
// Always true:
//   - replies come in the order of the commands; while something is in flight, a connection that has not answered for
//     `silenceMs` is ended, because a server that is paused or cut off ends nothing by itself;
//   - what is in flight is bounded, in number and in bytes.

import { createHash } from 'node:crypto'
import { ClientClosedError, ClientOfflineError, createClient, RESP_TYPES } from '@redis/client'
import type { Credentials, Endpoint } from './address.ts'
import { endpointText } from './address.ts'

export interface ConnectionOptions {
  readonly credentials: Credentials
  readonly database: number
  /** Undefined without TLS. */
  readonly tls: TlsOptions | undefined
  /** How long a server may take to connect, and to answer while something is in flight, in milliseconds. */
  readonly silenceMs: number
}

export interface TlsOptions {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** The command was not sent: it has certainly had no effect. */
export class NotSent extends Error {
  override readonly name = 'NotSent'
}

/** The connection ended before the answer came: whether the command had an effect is unknown. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

/** A script, and the name by which a server knows it. */
export class Script {
  readonly text: string
  readonly digest: string

  constructor(text: string) {
    this.text = text
    this.digest = createHash('sha1').update(text).digest('hex')
  }
}

export type Argument = string | Buffer
/** What a server answers: bytes, numbers, lists. */
export type Reply = Buffer | string | number | null | Reply[]

type Listener = (message: Buffer, channel: Buffer) => void

const mostInFlight = 20_000
const mostBytesInFlight = 128 * 1024 * 1024

/** How long a server may take to let us in: one that is paused must not hold up the search for another. */
const longestOpenMs = 2_000

/** How often it is looked whether a server still answers, in milliseconds. */
const watchMs = 500

export class Connection {
  readonly endpoint: Endpoint
  /** Called once, when it has ended by itself. */
  onEnd: (reason: Error) => void = () => {}
  readonly #client: ReturnType<typeof makeClient>
  readonly #silenceMs: number
  readonly #watch: ReturnType<typeof setInterval>
  #ended: Error | undefined
  #inFlight = 0
  #bytesInFlight = 0
  #answeredAt = 0

  private constructor(endpoint: Endpoint, options: ConnectionOptions) {
    this.endpoint = endpoint
    this.#silenceMs = options.silenceMs
    this.#client = makeClient(endpoint, options)
    this.#client.on('error', (error: Error) => this.#end(error))
    this.#client.on('end', () => this.#end(new Error('it was closed')))
    this.#client.on('sharded-channel-moved', () => this.#end(new Error('a slot has moved')))
    this.#watch = setInterval(() => this.#lookAtSilence(), watchMs)
    this.#watch.unref()
  }

  /** Connect, or fail within the time that a server may take. */
  static async open(endpoint: Endpoint, options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(endpoint, options)
    const openMs = Math.min(options.silenceMs, longestOpenMs)
    const late = setTimeout(() => connection.#end(new Error(`it has not answered for ${openMs} ms`)), openMs)
    try {
      await Promise.race([
        connection.#client.connect(),
        new Promise((_, reject) => {
          connection.onEnd = reject
        }),
      ])
      connection.onEnd = () => {}
      return connection
    } catch (error) {
      connection.close()
      throw new NotSent(`${endpointText(endpoint)} cannot be reached: ${reasonOf(error)}`, { cause: error })
    } finally {
      clearTimeout(late)
    }
  }

  get isOpen(): boolean {
    return this.#ended === undefined
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Whether another command has room. */
  get hasRoom(): boolean {
    return this.#inFlight < mostInFlight && this.#bytesInFlight < mostBytesInFlight
  }

  /** How long it is kept if nothing more is answered, on the clock of `performance.now()`. */
  get keptUntil(): number {
    return (this.#inFlight === 0 ? performance.now() : this.#answeredAt) + this.#silenceMs
  }

  /** Send a command. @throws NotSent, ConnectionLost, or what the server complains about */
  async call(args: readonly Argument[], bytes = 0): Promise<Reply> {
    if (this.#ended !== undefined) throw new NotSent(`${endpointText(this.endpoint)} is gone: ${this.#ended.message}`)
    this.#begin()
    this.#bytesInFlight += bytes
    try {
      return (await this.#client.sendCommand(args as Argument[])) as Reply
    } catch (error) {
      if (isComplaint(error)) throw error
      if (error instanceof ClientOfflineError || error instanceof ClientClosedError) {
        throw new NotSent(`${endpointText(this.endpoint)} is gone`, { cause: error })
      }
      throw this.#lost(error)
    } finally {
      this.#inFlight -= 1
      this.#bytesInFlight -= bytes
      this.#answeredAt = performance.now()
    }
  }

  /** Run a script; a server that does not know it is told it. */
  async run(script: Script, keys: readonly string[], args: readonly Argument[], bytes = 0): Promise<Reply> {
    const rest = [String(keys.length), ...keys, ...args]
    try {
      return await this.call(['EVALSHA', script.digest, ...rest], bytes)
    } catch (error) {
      if (!isComplaint(error) || !error.message.startsWith('NOSCRIPT')) throw error
      return await this.call(['EVAL', script.text, ...rest], bytes)
    }
  }

  async subscribe(channel: string, listener: Listener): Promise<void> {
    await this.#subscribing(this.#client.sSubscribe(channel, listener, true))
  }

  async unsubscribe(channel: string, listener: Listener): Promise<void> {
    await this.#subscribing(this.#client.sUnsubscribe(channel, listener, true))
  }

  close(): void {
    this.onEnd = () => {}
    this.#end(new Error('it was closed'))
  }

  /** End it because of what was seen of it. */
  fail(reason: Error): void {
    this.#end(reason)
  }

  async #subscribing(under: Promise<unknown>): Promise<void> {
    this.#begin()
    try {
      await under
    } catch (error) {
      if (isComplaint(error)) throw error
      throw this.#lost(error)
    } finally {
      this.#inFlight -= 1
      this.#answeredAt = performance.now()
    }
  }

  /** Nothing was due while nothing was in flight: it is silent from now on. */
  #begin(): void {
    if (this.#inFlight === 0) this.#answeredAt = performance.now()
    this.#inFlight += 1
  }

  #lost(error: unknown): ConnectionLost {
    return new ConnectionLost(`${endpointText(this.endpoint)} has gone: ${reasonOf(this.#ended ?? error)}`)
  }

  #lookAtSilence(): void {
    if (this.#inFlight === 0 || performance.now() - this.#answeredAt < this.#silenceMs) return
    this.#end(new Error(`it has not answered for ${this.#silenceMs} ms`))
  }

  #end(reason: Error): void {
    if (this.#ended !== undefined) return
    this.#ended = reason
    clearInterval(this.#watch)
    this.#client.destroy()
    this.onEnd(reason)
  }
}

/** Whether a server has answered with an error: then the command was refused, unless the error says something else. */
export function isComplaint(error: unknown): error is Error {
  return error instanceof Error && /^[A-Z]{2,} /.test(error.message) && !(error instanceof ConnectionLost)
}

function makeClient({ host, port }: Endpoint, { credentials, database, tls, silenceMs }: ConnectionOptions) {
  const socket = { host, port, connectTimeout: silenceMs, reconnectStrategy: false as const }
  return createClient({
    ...credentials,
    database,
    RESP: 3,
    socket: tls === undefined ? socket : { ...socket, tls: true, ...nameOf(host), ...tls },
    // Nothing waits for a connection that is not there.
    disableOfflineQueue: true,
    // They are of one vendor's service, and would reconnect behind our back.
    maintNotifications: 'disabled',
    // Silence is watched for here: a signal with a timer for each command costs as much as sending it.
    commandOptions: { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  })
}

/** An address is no name that TLS could ask for. */
function nameOf(host: string): { servername?: string } {
  return /^[\d.]+$|:/.test(host) ? {} : { servername: host }
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return error instanceof Error ? error.message || error.name : String(error)
}
