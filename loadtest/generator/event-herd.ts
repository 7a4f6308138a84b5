// Readers of an event stream, each with a connection of its own. They look for the moment at which each message was due, and for
// nothing else: to parse fifty thousand events a second would take the core that the server needs.

import { connect, type Socket } from 'node:net'
import type { Stamp } from '../client/offered.ts'
import { nowMs } from '../measure/clock.ts'

export interface WatchPlan {
  readonly origin: string
  /** Of the event stream, with its query. */
  readonly path: string
  readonly readers: number
  /** Taken in turn, so that no address runs out of ports. */
  readonly localAddresses: readonly string[]
}

/** Of each message that a reader has got: when it was due, and when it came. */
export interface Watched {
  readonly dueMs: Float64Array
  readonly arrivedMs: Float64Array
  /** How many connections the server has ended. */
  readonly ended: number
}

const stamp = /"dueMs":([\d.]+)\D/g
const stampBytes = JSON.stringify({ dueMs: Math.E } satisfies Stamp).length + 20
const connectingAtOnce = 200

export class EventHerd {
  readonly #sockets: Socket[] = []
  readonly #dueMs: number[] = []
  readonly #arrivedMs: number[] = []
  #ended = 0

  /** Connect, and wait until each has the first bytes of its stream. @throws Error when one is refused */
  async watch(plan: WatchPlan): Promise<void> {
    for (let from = 0; from < plan.readers; from += connectingAtOnce) {
      const some = Math.min(connectingAtOnce, plan.readers - from)
      await Promise.all(Array.from({ length: some }, (_, at) => this.#open(plan, from + at)))
    }
  }

  /** What has come since this was last asked. */
  watched(): Watched {
    const [dueMs, arrivedMs] = [this.#dueMs.splice(0), this.#arrivedMs.splice(0)]
    return { dueMs: Float64Array.from(dueMs), arrivedMs: Float64Array.from(arrivedMs), ended: this.#ended }
  }

  leave(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #open({ origin, path, localAddresses }: WatchPlan, at: number): Promise<void> {
    const { hostname, port, host } = new URL(origin)
    const localAddress = localAddresses[at % localAddresses.length]
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const socket = connect({ host: hostname, port: Number(port), ...(localAddress && { localAddress }) })
    this.#sockets.push(socket)
    socket.setEncoding('latin1').write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`)
    socket.once('data', (head: string) => {
      if (head.startsWith('HTTP/1.1 200')) resolve()
      else reject(new Error(`an event stream was refused: ${head.slice(0, 80)}`))
    })
    let rest = ''
    socket.on('data', (chunk: string) => {
      rest = this.#note(rest + chunk)
    })
    socket.on('error', reject)
    socket.on('close', () => {
      this.#ended += 1
      reject(new Error('the server ended an event stream'))
    })
    return promise
  }

  /** Note the messages in `text`; gives what may be the beginning of another. */
  #note(text: string): string {
    const arrivedMs = nowMs()
    let end = Math.max(0, text.length - stampBytes)
    for (const { 0: found, 1: due, index } of text.matchAll(stamp)) {
      this.#dueMs.push(Number(due))
      this.#arrivedMs.push(arrivedMs)
      end = Math.max(end, index + found.length)
    }
    return text.slice(end)
  }
}
