// Ends every test run with one plain line, `N passed, N failed`, and `, N skipped` when there are any: whoever reads the
// output by machine needs to know nothing about vitest.
//
// What broke outside of a test (a file that does not load, an unhandled rejection) counts as failed, so that the line
// never looks better than the exit code. A run in which nothing passed is a failed run.
//
// Above that line it names every test that passed only when it was tried again, with what it failed of at first: a retry
// may save a run, but must not hide a test that fails at random.

import type { Reporter, TestCase, TestModule } from 'vitest/node'

interface Counts {
  passed: number
  failed: number
  skipped: number
}

export class ClosingLineReporter implements Reporter {
  #counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  #retried: readonly string[] = []

  onInit(): void {
    // At exit, because the other reporters and vitest itself write after the run has ended.
    process.once('exit', () => {
      if (this.#counts.passed === 0) process.exitCode ||= 1
      const lines = [...this.#retried, closingLine(this.#counts)]
      process.stdout.write(lines.map((line) => `${line}\n`).join(''))
    })
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.#counts = count(modules, unhandledErrors.length)
    this.#retried = modules.flatMap((module) =>
      [...module.children.allTests('passed')].filter(isRetried).map(retryLine),
    )
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

function isRetried(test: TestCase): boolean {
  return test.diagnostic()?.flaky === true
}

/** How much is said of a failure: a property's has its seed and its counterexample behind its first line. */
const longestReason = 1_000

function retryLine(test: TestCase): string {
  const message = test.result().errors?.[0]?.message ?? 'no error was reported'
  const reason = message.replaceAll(/\s+/g, ' ').slice(0, longestReason)
  return `passed only when tried again: ${test.module.relativeModuleId} > ${test.fullName} (${reason})`
}

function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
