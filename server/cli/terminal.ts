// What a command talks to: its streams, its environment, and the signal that ends it. Tests bring their own.

import type { Readable, Writable } from 'node:stream'

export interface Terminal {
  readonly input: Readable
  readonly out: Writable
  /** For progress and complaints: `out` is for what was asked for. */
  readonly err: Writable
  /** Whether somebody looks at `err`: then progress is shown there. */
  readonly isWatched: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
}

/** The terminal of this process. */
export function ownTerminal(): Terminal {
  const controller = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.removeAllListeners(signal)
    // A second one ends the process as it would any other.
    process.once(signal, () => controller.abort())
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has seen enough (`| head`) is no failure.
    if (error.code === 'EPIPE') process.exit(0)
    process.stderr.write(`encke: standard output cannot be written: ${error.message}\n`)
    process.exit(1)
  })
  const { stdin, stdout, stderr, env } = process
  return { input: stdin, out: stdout, err: stderr, isWatched: stderr.isTTY, env, signal: controller.signal }
}

/** Write, and wait until it was taken: what is written next must not pile up in memory. */
export function write(out: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    out.write(text, (error) => (error ? reject(error) : resolve()))
  })
}
