// A progress bar on one line of a terminal, which wipes itself away. On anything else it is silent.

import type { WriteStream } from 'node:tty'
import type { Progress } from './run.ts'

const width = 30

export class ProgressBar {
  readonly #terminal: Pick<WriteStream, 'isTTY' | 'write'>
  readonly #title: string

  constructor(terminal: Pick<WriteStream, 'isTTY' | 'write'>, title: string) {
    this.#terminal = terminal
    this.#title = title
  }

  show({ run, of, fraction }: Progress): void {
    const done = Math.round(fraction * width)
    const bar = '█'.repeat(done) + '░'.repeat(width - done)
    this.#write(`\r${this.#title} ${bar} run ${run} of ${of}, ${Math.floor(fraction * 100)} %\u001b[K`)
  }

  clear(): void {
    this.#write('\r\u001b[K')
  }

  #write(text: string): void {
    if (this.#terminal.isTTY) this.#terminal.write(text)
  }
}
