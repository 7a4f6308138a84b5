// An issuer of tokens: keys, and a server that publishes the public ones as a JSON Web Key Set.

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT } from 'jose'

export class KeyServer implements AsyncDisposable {
  readonly #server: Server
  readonly #keys = new Map<string, { publicKey: KeyObject; privateKey: KeyObject }>()
  /** The names of the keys that are published. */
  published: string[] = []
  asked = 0
  /** How many have been answered at the same time, at the most. */
  mostAtOnce = 0
  #atOnce = 0
  /** Answers instead of the key set. */
  answer: ((response: ServerResponse) => void) | null = null

  private constructor() {
    this.#server = createServer((_request, response) => {
      this.asked += 1
      this.#atOnce += 1
      this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce)
      response.once('close', () => {
        this.#atOnce -= 1
      })
      if (this.answer !== null) this.answer(response)
      else response.end(JSON.stringify({ keys: this.published.map((kid) => this.jwk(kid)) }))
    })
  }

  static async start(...published: string[]): Promise<KeyServer> {
    const server = new KeyServer()
    server.published = published
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/keys`
  }

  jwk(kid: string): object {
    return { ...this.#pair(kid).publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'EdDSA' }
  }

  /** A token signed by the key of that name, with these claims. */
  sign(kid: string, claims: object): Promise<string> {
    return new SignJWT({ ...claims }).setProtectedHeader({ alg: 'EdDSA', kid }).sign(this.#pair(kid).privateKey)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #pair(kid: string) {
    const pair = this.#keys.get(kid) ?? generateKeyPairSync('ed25519')
    this.#keys.set(kid, pair)
    return pair
  }
}
