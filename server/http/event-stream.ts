// One event stream: a reply that stays open, into which a coroutine writes Server-Sent Events.
//
// What it holds for a client that does not read is bounded: what the connection takes without asking to wait, and the one
// text after that. So whatever writes looks whether there is room first (`isFull`), and waits for it (`drained`), or lets
// go of what may be missed (`offer`). A stream without room gets no heartbeat either.

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import type { Selectable } from '../../runtime/index.ts'
import { Latch } from '../../runtime/index.ts'
import { heartbeatText } from './event-text.ts'
import { bytesTaken } from './pipelining.ts'

/** How often a stream is looked at, and what it may do until then. */
export interface Watch {
  readonly stepMs: number
  readonly heartbeatMs: number
  readonly stalledReplyMs: number
}

/** Bytes as a chunk of HTTP/1.1, by the bytes themselves. */
const frames = new WeakMap<Uint8Array, Buffer>()

function framed(bytes: Uint8Array): Buffer {
  let frame = frames.get(bytes)
  if (frame === undefined) {
    frame = Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
    frames.set(bytes, frame)
  }
  return frame
}

const isDrained = new Latch('room in an event stream')
isDrained.open()

export class EventStream {
  readonly #response: ServerResponse
  readonly #out: Writable
  #drain: Latch | null = null
  #quietMs = 0
  #stalledMs = 0
  #taken = 0

  /** Into `out`: the response, or what a hook of the application has put before it. */
  constructor(response: ServerResponse, out: Writable) {
    this.#response = response
    this.#out = out
  }

  /** Whether the client has yet to read what was written: nothing more should be. */
  get isFull(): boolean {
    return this.#out.writableNeedDrain || this.#response.socket?.writableNeedDrain === true
  }

  /** Write text as it stands; where many get the same, as bytes that were made once. Gives whether there is room for more. */
  push(text: string | Uint8Array): boolean {
    // The client has gone away: the next operation of whatever writes will throw `Cancelled`.
    if (this.#response.destroyed) return true
    // A chunk of HTTP without bytes would end the reply.
    if (text.length === 0) return !this.isFull
    this.#quietMs = 0
    const socket = typeof text === 'string' ? null : this.#directly()
    return socket === null ? this.#out.write(text) : socket.write(framed(text as Uint8Array))
  }

  /** Write what may be missed, unless the stream is full. */
  offer(text: string | Uint8Array): void {
    if (!this.isFull) this.push(text)
  }

  /** Wait until there is room. A client that reads nothing for too long is cut off, which cancels whatever waits. */
  drained(): Selectable<void> {
    if (!this.isFull) return isDrained.wait()
    this.#drain ??= this.#nextDrain()
    return this.#drain.wait()
  }

  end(): void {
    if (!this.#response.destroyed) this.#out.end()
  }

  /** Send a heartbeat if nothing was sent for so long; cut the client off if it has read nothing for so long. */
  look({ stepMs, heartbeatMs, stalledReplyMs }: Watch): void {
    if (this.isFull) {
      this.#lookForProgress(stepMs, stalledReplyMs)
      return
    }
    this.#stalledMs = 0
    this.#quietMs += stepMs
    if (this.#quietMs >= heartbeatMs) this.push(heartbeatText)
  }

  #lookForProgress(stepMs: number, stalledReplyMs: number): void {
    const { socket } = this.#response
    const taken = socket === null ? 0 : bytesTaken(socket)
    this.#stalledMs = taken === this.#taken ? this.#stalledMs + stepMs : 0
    this.#taken = taken
    // A reply behind others on its connection waits for those: it is they that stall.
    if (socket !== null && this.#stalledMs >= stalledReplyMs) this.#response.destroy()
  }

  /**
   * The connection, where nothing stands between it and what is written: then bytes that many get are made into a chunk of
   * HTTP once for all, and written at once. Node would write each of them in three pieces, in a later turn.
   */
  #directly(): Socket | null {
    const { socket, chunkedEncoding } = this.#response
    return chunkedEncoding && socket !== null && this.#out === this.#response && !socket.writableCorked ? socket : null
  }

  #nextDrain(): Latch {
    const drain = new Latch('the client to read its events')
    const source = this.#out.writableNeedDrain ? this.#out : (this.#response.socket as Socket)
    source.once('drain', () => {
      this.#drain = null
      drain.open()
    })
    return drain
  }
}
