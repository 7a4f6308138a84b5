// Vitest on the Node that the project brings: `npm test` puts it first on the PATH, a bare `npx vitest` on an older
// system Node would not, and would fail late and strangely on syntax that it does not know.

import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { ClosingLineReporter } from './closing-line-reporter.ts'
import { LongFilesFirst } from './long-files-first.ts'

const wantedMajor = 26
const major = Number.parseInt(process.versions.node, 10)
if (major < wantedMajor) {
  throw new Error(`the tests need Node ${wantedMajor} or newer (got ${process.version}): run them with "npm test"`)
}

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  // Nothing is compiled down: what Node runs is what is tested.
  oxc: { target: 'esnext' },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/compile-cache.ts', 'test/public/browser.ts'],
    pool: 'forks',
    // Vitest would leave a core free, and run one file after the other on two. Many files mostly wait.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    sequence: { sequencer: LongFilesFirst },
    // Tests about leaks collect garbage before they look at the heap.
    execArgv: ['--expose-gc'],
    // For what hangs, not for what is slow: a machine with two cores that has other work takes ten times as long.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    passWithNoTests: false,
    allowOnly: !process.env.CI,
    // One test that fails at random does not cost a run on a machine that builds; the last lines of the run name it.
    retry: process.env.CI ? 1 : 0,
    reporters: ['default', new ClosingLineReporter()],
  },
})
