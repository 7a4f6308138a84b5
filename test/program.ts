// Runs one of the repository's programs as a process of its own, to its end.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export interface ProgramEnd {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Run the program at `path`, and give what it printed and its exit code. */
export async function runProgram(path: string, ...argv: readonly string[]): Promise<ProgramEnd> {
  const child = spawn(process.execPath, [path, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, out, err }
}
