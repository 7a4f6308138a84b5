// The waiting room: how many requests may wait, in all and for one client.
//
// Limits count per address, never per `client` value, which anybody can make up.

import { EnckeError } from '../errors.ts'

export interface WaitingRoomOptions {
  readonly places: number
  /** Infinity lifts it. */
  readonly placesPerClient: number
}

export class WaitingRoom {
  readonly #options: WaitingRoomOptions
  readonly #byAddress = new Map<string, number>()
  #taken = 0

  constructor(options: WaitingRoomOptions) {
    this.#options = options
  }

  /**
   * Take a place; disposing it gives it back.
   *
   * @throws EnckeError ENCKE_ERR_SERVER_WAITING, ENCKE_ERR_CLIENT_WAITING
   */
  enter(address: string): Disposable {
    const { places, placesPerClient } = this.#options
    const taken = this.#byAddress.get(address) ?? 0
    if (this.#taken >= places) {
      throw new EnckeError(
        'ENCKE_ERR_SERVER_WAITING',
        `${this.#taken} requests wait here already, as many as may (--max-waiting): come back later`,
      )
    }
    if (taken >= placesPerClient) {
      throw new EnckeError(
        'ENCKE_ERR_CLIENT_WAITING',
        `${taken} requests from ${address} wait here already, as many as may (--max-waiting-per-client): share one poll`,
      )
    }
    this.#taken += 1
    this.#byAddress.set(address, taken + 1)
    return new Place(this, address)
  }

  leave(address: string): void {
    const taken = this.#byAddress.get(address) ?? 0
    this.#taken -= 1
    if (taken > 1) this.#byAddress.set(address, taken - 1)
    else this.#byAddress.delete(address)
  }
}

class Place implements Disposable {
  readonly #room: WaitingRoom
  readonly #address: string

  constructor(room: WaitingRoom, address: string) {
    this.#room = room
    this.#address = address
  }

  [Symbol.dispose](): void {
    this.#room.leave(this.#address)
  }
}
