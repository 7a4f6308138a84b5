// What became of every value, kept without any trust in the model: sent is received, left or dropped, and never twice;
// what was withdrawn or refused is nowhere; and what one coroutine sent reaches another in the order it was sent in.

import type { Channel } from '../../../runtime/index.ts'
import type { Shape } from './programs.ts'

interface Entry {
  readonly channel: number
  readonly sender: number
  isSent: boolean
  isReceived: boolean
}

export class Books {
  readonly #entries: Entry[] = []
  /** The last value that reached a receiver, for each channel and sender. */
  readonly #last = new Map<string, number>()

  /** A new value to be sent: every one is another one, and greater. */
  offer(channel: number, sender: number): number {
    this.#entries.push({ channel, sender, isSent: false, isReceived: false })
    return this.#entries.length - 1
  }

  sent(value: number): void {
    this.#entry(value).isSent = true
  }

  received(value: number, channel: number, receiver: number): void {
    const entry = this.#entry(value)
    if (entry.isReceived) throw new Error(`${value} was received twice`)
    if (entry.channel !== channel) throw new Error(`${value} was sent to another channel`)
    entry.isReceived = true
    const way = `${channel} ${entry.sender} ${receiver}`
    const last = this.#last.get(way) ?? -1
    if (last > value) throw new Error(`${value} was received after ${last}, which the same coroutine sent later`)
    this.#last.set(way, value)
  }

  /** When everybody has ended: empty the channels, and see that all the values are there. */
  close(channels: readonly Channel<number>[], shapes: readonly Shape[]): void {
    for (const [index, channel] of channels.entries()) this.#empty(channel, index)
    for (const [value, { channel, isSent, isReceived }] of this.#entries.entries()) {
      const { overflow } = shapes[channel] as Shape
      const mayBeDropped = overflow === 'dropOldest' || overflow === 'dropLatest'
      if (isReceived && !isSent) throw new Error(`${value} was received, and to its sender it was not sent`)
      if (isSent && !isReceived && !mayBeDropped) throw new Error(`${value} was sent and is lost`)
    }
  }

  #empty(channel: Channel<number>, index: number): void {
    const somebodyElse = -1
    for (let next = channel.tryReceive(); next.status === 'value'; next = channel.tryReceive()) {
      this.received(next.value, index, somebodyElse)
    }
  }

  #entry(value: number): Entry {
    const entry = this.#entries[value]
    if (entry === undefined) throw new Error(`${value} was received, and nobody has sent it`)
    return entry
  }
}
