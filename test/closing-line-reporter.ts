// Ends every test run with one plain line, `N passed, N failed`, and `, N skipped` when there are any: whoever reads the
// output by machine needs to know nothing about vitest.
//
// What broke outside of a test (a file that does not load, an unhandled rejection) counts as failed, so that the line
// never looks better than the exit code. A run in which nothing passed is a failed run.

import type { Reporter, TestModule } from 'vitest/node'

interface Counts {
  passed: number
  failed: number
  skipped: number
}

export class ClosingLineReporter implements Reporter {
  #counts: Counts = { passed: 0, failed: 0, skipped: 0 }

  onInit(): void {
    // At exit, because the other reporters and vitest itself write after the run has ended.
    process.once('exit', () => {
      if (this.#counts.passed === 0) process.exitCode ||= 1
      process.stdout.write(`${closingLine(this.#counts)}\n`)
    })
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.#counts = count(modules, unhandledErrors.length)
  }
}

function count(modules: readonly TestModule[], unhandledErrors: number): Counts {
  const counts: Counts = { passed: 0, failed: unhandledErrors, skipped: 0 }
  for (const module of modules) {
    let failedHere = 0
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') counts.passed++
      else if (state === 'skipped') counts.skipped++
      else failedHere++ // failed, or still pending because the run was cut short
    }
    if (failedHere === 0 && !module.ok()) failedHere = 1
    counts.failed += failedHere
  }
  return counts
}

function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
