// A copy of the source in a temporary folder, to put faults into.

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Fault } from './faults.ts'

const top = fileURLToPath(new URL('../..', import.meta.url))

/** What the explorer and the tests of the runtime need. */
const parts = ['package.json', 'tsconfig.json', 'runtime', 'test/runtime', 'test/faults/vitest.config.ts']

export class Copy implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'faults-'))

  constructor() {
    for (const part of parts) cpSync(join(top, part), join(this.path, part), { recursive: true })
    symlinkSync(join(top, 'node_modules'), join(this.path, 'node_modules'), 'dir')
  }

  /** Do `work` while the fault is in. @throws Error if what it replaces is not there exactly once */
  async withFault<T>(fault: Fault, work: () => Promise<T>): Promise<T> {
    const path = join(this.path, 'runtime', fault.file)
    const source = readFileSync(path, 'utf8')
    writeFileSync(path, faulty(source, fault))
    try {
      return await work()
    } finally {
      writeFileSync(path, source)
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true })
  }
}

/** The source as it is shipped. */
export function shipped({ file }: Fault): string {
  return readFileSync(join(top, 'runtime', file), 'utf8')
}

/** `source` with the fault in. @throws Error if what it replaces is not there exactly once */
export function faulty(source: string, { name, file, from, to }: Fault): string {
  const found = source.split(from).length - 1
  if (found === 1) return source.replace(from, () => to)
  throw new Error(`"${name}" replaces something that runtime/${file} has ${found} times: bring test/faults/ up to date`)
}
