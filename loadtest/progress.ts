// What happens at the moment, on standard error: one line that is written over, or, where it is no terminal, a line for each step.

interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export class Progress {
  readonly #terminal: Terminal
  #isOpen = false

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** A step that stays to be read. */
  step(text: string): void {
    this.clear()
    this.#terminal.write(`${text}\n`)
  }

  /** Where a step has got to; only a terminal is told. */
  show(text: string): void {
    if (!this.#terminal.isTTY) return
    // A line that is too long would wrap, and then could not be written over.
    this.#terminal.write(`\r\x1b[K${text.slice(0, (this.#terminal.columns ?? 80) - 1)}`)
    this.#isOpen = true
  }

  clear(): void {
    if (this.#isOpen) this.#terminal.write('\r\x1b[K')
    this.#isOpen = false
  }
}
