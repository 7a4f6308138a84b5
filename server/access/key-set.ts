// A key set: the public keys of an issuer, as they were when they were last loaded.
//
// Always true:
//   - no more than one load is in flight, and however many unknown keys are asked for, one that brings no new key, or fails, is
//     followed by a cool-down: an issuer's new key is found at once, and a flood of names costs one load in each of those;
//   - while they cannot be loaded, the last keys that could be are used;
//   - a key that is no longer among them is withdrawn, which ends what it has let in.

import type { Coroutine } from '../../runtime/index.ts'
import { sleep, until } from '../../runtime/index.ts'
import type { VerifyingKey } from './verifying-key.ts'

export interface KeySetOptions {
  /** Load the keys. May take its time, but not for ever. */
  readonly load: () => Promise<readonly VerifyingKey[]>
  /** How old the keys may be, in milliseconds. */
  readonly maxAgeMs: number
  /** The monotonic clock, in milliseconds. */
  readonly clock: () => number
  /** Told when loading fails, and when it succeeds again. */
  readonly report: (problem: string | null) => void
}

/** How long an unknown key begins no load after one in vain, in milliseconds. */
export const coolDownMs = 30_000

/** The same after any other load: what an issuer has just said it need not say again. */
export const freshMs = 3_000

export class KeySet {
  readonly #options: KeySetOptions
  #keys: readonly VerifyingKey[] = []
  #inFlight: Promise<boolean> | null = null
  /** Until when an unknown key begins no load. */
  #restsUntil = Number.NEGATIVE_INFINITY
  /** Whether it has ever been loaded. */
  #isLoaded = false
  #isFailing = false

  constructor(options: KeySetOptions, keys?: readonly VerifyingKey[]) {
    this.#options = options
    if (keys === undefined) return
    this.#keys = keys
    this.#isLoaded = true
    this.#restsUntil = options.clock() + freshMs
  }

  get isLoaded(): boolean {
    return this.#isLoaded
  }

  /** The keys that may have made a signature with this algorithm, under this name. Waits for a load where that may find one. */
  async find(algorithm: string, kid: string | undefined): Promise<readonly VerifyingKey[]> {
    const known = this.#known(algorithm, kid)
    if (known.length > 0) return known
    const { clock } = this.#options
    if (this.#inFlight === null && clock() < this.#restsUntil) return known
    const before = this.#keys
    await this.load()
    const isInVain = this.#keys.every((key) => before.includes(key))
    if (isInVain) this.#restsUntil = clock() + coolDownMs
    return this.#known(algorithm, kid)
  }

  /** Load them anew, or wait for the load that is in flight. Gives whether that went well; never fails. */
  load(): Promise<boolean> {
    this.#inFlight ??= this.#load().finally(() => {
      this.#inFlight = null
    })
    return this.#inFlight
  }

  /** Keep them fresh, for as long as it runs. */
  *keepFresh(): Coroutine<never> {
    const { maxAgeMs } = this.#options
    if (this.#isLoaded) yield* sleep(maxAgeMs)
    for (;;) {
      const isFresh = yield* until(this.load())
      yield* sleep(isFresh ? maxAgeMs : Math.min(maxAgeMs, coolDownMs))
    }
  }

  async #load(): Promise<boolean> {
    const { load, clock, report } = this.#options
    try {
      this.#replace(await load())
      this.#restsUntil = clock() + freshMs
    } catch (error) {
      this.#restsUntil = clock() + coolDownMs
      this.#isFailing = true
      report((error as Error).message)
      return false
    }
    if (this.#isFailing) report(null)
    this.#isFailing = false
    return true
  }

  #replace(loaded: readonly VerifyingKey[]): void {
    const before = new Map(this.#keys.map((key) => [key.identity, key]))
    this.#keys = loaded.map((key) => before.get(key.identity) ?? key)
    this.#isLoaded = true
    for (const key of this.#keys) before.delete(key.identity)
    for (const key of before.values()) key.withdrawn.open()
  }

  #known(algorithm: string, kid: string | undefined): readonly VerifyingKey[] {
    return this.#keys.filter((key) => key.algorithms.includes(algorithm) && mayBeNamed(key, kid))
  }
}

/** A token without a name for its key may be signed by any, and a key without a name may have signed any. */
function mayBeNamed(key: VerifyingKey, kid: string | undefined): boolean {
  return kid === undefined || key.kid === null || key.kid === kid
}
