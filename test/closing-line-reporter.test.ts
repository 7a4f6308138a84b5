import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type ProgramEnd, runProgram } from './program.ts'

const top = fileURLToPath(new URL('..', import.meta.url))

describe('the last lines of a test run', () => {
  it('name each test that passed only when it was tried again, with what it failed of, and then count', async () => {
    const { code, out } = await run(`
      let tries = 0
      it('is steady', () => {})
      describe('a group', () => {
        it('wavers', () => {
          tries += 1
          if (tries === 1) throw new Error('the first\\nof 2 tries')
        })
      })
      it.skip('waits for better days', () => {})
    `)
    expect(code).toBe(0)
    expect(lastLines(out, 2)).toEqual([
      'passed only when tried again: sample.test.ts > a group > wavers (the first of 2 tries)',
      '2 passed, 0 failed, 1 skipped',
    ])
  })

  it('name no test that failed each time, nor one that passed at once', async () => {
    const { code, out } = await run(`
      it('is steady', () => {})
      it('is broken', () => expect(1).toBe(2))
    `)
    expect(code).toBe(1)
    expect(out).not.toContain('passed only when tried again')
    expect(lastLines(out, 1)).toEqual(['1 passed, 1 failed'])
  })

  it('count what broke outside of a test as failed', async () => {
    const { code, out } = await run(`
      it('is steady', () => {})
      Promise.reject(new Error('nobody listens'))
    `)
    expect(code).toBe(1)
    expect(lastLines(out, 1)).toEqual(['1 passed, 1 failed'])
  })

  it('call a run failed in which nothing passed', async () => {
    const { code, out } = await run(`it.skip('waits for better days', () => {})`)
    expect(code).toBe(1)
    expect(lastLines(out, 1)).toEqual(['0 passed, 0 failed, 1 skipped'])
  })
})

/** Run these tests by a vitest of their own that tries twice. */
async function run(tests: string): Promise<ProgramEnd> {
  const folder = mkdtempSync(join(tmpdir(), 'encke-closing-line-'))
  try {
    symlinkSync(join(top, 'node_modules'), join(folder, 'node_modules'), 'dir')
    writeFileSync(join(folder, 'sample.test.ts'), `import { describe, expect, it } from 'vitest'\n${tests}`)
    const reporter = JSON.stringify(join(top, 'test/closing-line-reporter.ts'))
    writeFileSync(
      join(folder, 'vitest.config.ts'),
      `import { ClosingLineReporter } from ${reporter}
      export default { test: { retry: 1, reporters: ['default', new ClosingLineReporter()] } }`,
    )
    return await runProgram(join(top, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folder, '--no-color')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function lastLines(out: string, count: number): string[] {
  return out.trimEnd().split('\n').slice(-count)
}
