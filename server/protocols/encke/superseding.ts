// Superseding: of two polls of one reader the newer one waits, and the older is answered, empty. A proxy or a phone that
// has sent a poll again, and a page that was reloaded, leave an older one behind that nobody reads.
//
// One reader is: the same random `client`, from the same client of the admission, for the same topics. It holds on one node.

import { Latch, type Selectable } from '../../../runtime/index.ts'

export class Superseding {
  readonly #latest = new Map<string, Turn>()

  /** Wait in the place of whatever waits under `key`. Dispose it at the end. */
  begin(key: string): Turn {
    this.#latest.get(key)?.pass()
    const turn = new Turn(this, key)
    this.#latest.set(key, turn)
    return turn
  }

  end(key: string, turn: Turn): void {
    if (this.#latest.get(key) === turn) this.#latest.delete(key)
  }
}

class Turn implements Disposable {
  readonly #all: Superseding
  readonly #key: string
  readonly #over = new Latch('a newer poll of the same reader')

  constructor(all: Superseding, key: string) {
    this.#all = all
    this.#key = key
  }

  /** A newer poll has come. */
  pass(): void {
    this.#over.open()
  }

  /** Wait for a newer one. */
  passed(): Selectable<void> {
    return this.#over.wait()
  }

  [Symbol.dispose](): void {
    this.#all.end(this.#key, this)
  }
}

/** By what a reader is known; null for one that has no name of its own. */
export function readerKey(client: string, instance: string | undefined, topics: readonly string[]): string | null {
  if (instance === undefined) return null
  return `${client}\n${instance}\n${topics.length === 1 ? topics[0] : topics.toSorted().join('\n')}`
}
