// The folder of a file, made with those above it.

import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Make `folder` and what is missing above it, for their owner only. Node's `recursive` never comes back where a system calls a
 * folder missing that it does not let anybody make, as below /proc.
 *
 * @throws Error of the file system
 */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    const above = dirname(folder)
    if (code !== 'ENOENT' || above === folder || existsSync(above)) throw error
    makeFolder(above)
    mkdirSync(folder, { mode: 0o700 })
  }
}
