// Vitest on the Node that the project brings: `npm test` puts it first on the PATH, a bare `npx vitest` on an older
// system Node would not, and would fail late and strangely on syntax that it does not know.

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { ClosingLineReporter } from './closing-line-reporter.ts'

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
    globalSetup: ['test/public/browser.ts'],
    pool: 'forks',
    // Tests about leaks collect garbage before they look at the heap.
    execArgv: ['--expose-gc'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    passWithNoTests: false,
    allowOnly: !process.env.CI,
    reporters: ['default', new ClosingLineReporter()],
  },
})
