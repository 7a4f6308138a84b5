// For the tests that run in a copy of the source with a fault in it: what test/vitest.config.ts says, without a browser.

import process from 'node:process'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: process.cwd(),
  oxc: { target: 'esnext' },
  test: { include: ['test/runtime/**/*.test.ts'], pool: 'forks', execArgv: ['--expose-gc'], testTimeout: 10_000 },
})
