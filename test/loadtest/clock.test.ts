import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { nowMs } from '../../loadtest/measure/clock.ts'

const clock = new URL('../../loadtest/measure/clock.ts', import.meta.url)

describe('the clock', () => {
  it('is the same in every process of the machine', () => {
    const code = `import { nowMs } from ${JSON.stringify(clock)}; console.log(nowMs())`
    const before = nowMs()
    const there = Number(execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }))
    expect(there).toBeGreaterThan(before)
    expect(there).toBeLessThan(nowMs())
  })
})
