// The waiting room: how many requests may wait, in all and for one client.
//
// A client is that of the admission, never the `client` value of a poll, which anybody can make up.

import { EnckeError } from '../errors.ts'

export interface WaitingRoomOptions {
  readonly seats: number
  /** Infinity lifts it. */
  readonly seatsPerClient: number
}

export class WaitingRoom {
  readonly #options: WaitingRoomOptions
  readonly #byClient = new Map<string, number>()
  #taken = 0

  constructor(options: WaitingRoomOptions) {
    this.#options = options
  }

  /**
   * Take a seat, which `leave` gives back. It is no object of its own: ten thousand wait here.
   *
   * @throws EnckeError ENCKE_ERR_SERVER_WAITING, ENCKE_ERR_CLIENT_WAITING
   */
  enter(client: string): void {
    const { seats, seatsPerClient } = this.#options
    const taken = this.#byClient.get(client) ?? 0
    if (this.#taken >= seats) {
      throw new EnckeError(
        'ENCKE_ERR_SERVER_WAITING',
        `${this.#taken} requests wait here already, as many as may (--max-waiting): come back later`,
      )
    }
    if (taken >= seatsPerClient) {
      throw new EnckeError(
        'ENCKE_ERR_CLIENT_WAITING',
        `${taken} requests from ${client} wait here already, as many as may (--max-waiting-per-client): share one poll`,
      )
    }
    this.#taken += 1
    this.#byClient.set(client, taken + 1)
  }

  /** Give back a seat that `client` has taken. */
  leave(client: string): void {
    const taken = this.#byClient.get(client) ?? 0
    this.#taken -= 1
    if (taken > 1) this.#byClient.set(client, taken - 1)
    else this.#byClient.delete(client)
  }
}
