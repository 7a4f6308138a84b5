// One line that is written over, for who watches: nothing is written where complaints go to a file.

import type { Terminal } from './terminal.ts'

export class Progress {
  readonly #terminal: Terminal
  #shownMs = 0

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  show(text: string): void {
    const now = performance.now()
    if (!this.#terminal.isWatched || now - this.#shownMs < 200) return
    this.#shownMs = now
    this.#terminal.err.write(`\r\u001b[K${text}`)
  }

  clear(): void {
    if (this.#terminal.isWatched && this.#shownMs > 0) this.#terminal.err.write('\r\u001b[K')
  }
}
