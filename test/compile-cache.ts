// One cache of compiled code for all processes and threads of a test run, in a folder that is removed at the end.
//
// Without it each thread of the sqlite broker, and there are two for each test, strips the types of its modules and compiles
// them again: more than half of the processor time of such a test. It is not the cache of the checkout, which would keep
// what tests install and check out in temporary folders.

import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** For vitest's `globalSetup`. Leaves a cache alone that the environment names. */
export default function provideCompileCache(): (() => Promise<void>) | undefined {
  if (process.env['NODE_COMPILE_CACHE'] !== undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'encke-compiled-'))
  process.env['NODE_COMPILE_CACHE'] = folder
  return async () => {
    delete process.env['NODE_COMPILE_CACHE']
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
