import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SystemProcess } from '../../../loadtest/runtime/system-process.ts'
import type { SystemName } from '../../../loadtest/runtime/systems.ts'
import { nodeCommand, systems } from '../../../loadtest/runtime/systems.ts'

const fileOf = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'encke-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

async function started(name: SystemName): Promise<SystemProcess> {
  const command = await systems.find((one) => one.name === name)?.prepare(temporaryFolder())
  return SystemProcess.start(command as NonNullable<typeof command>)
}

describe('Encke, and who is compared with it on Node', () => {
  it('runs on exactly the flags of npm start', () => {
    const { flags } = JSON.parse(fileOf('server/process/v8-flags.json')) as { flags: Record<string, string> }
    const { program, words } = nodeCommand('program.ts')
    expect(program).toBe(process.execPath)
    expect(words).toEqual([...Object.keys(flags), 'program.ts'])
    expect(words.length).toBeGreaterThan(1)
  })

  it.each(['encke', 'promises'] as const)('%s plays every program, and tells right from wrong', async (name) => {
    await using system = await started(name)
    expect(system.system).toMatch(/, Node 26/)
    const play = (...words: (string | number)[]) => system.order(['run', ...words], 20_000)
    expect(await play(3, 'chain', 100)).toEqual({ wallMs: expect.any(Number), answer: 100 })
    expect(await play(1, 'hackysack', 20, 100)).toMatchObject({ answer: 100 })
    expect(await play(1, 'ping-pong', 50)).toMatchObject({ answer: 100 })
    expect(await play(1, 'sieve', 29, 10)).toMatchObject({ answer: 29 })
    await expect(play(1, 'chess', 1)).rejects.toThrow('chess is not among chain, hackysack')
    await expect(system.order(['stop'], 20_000)).rejects.toThrow(
      'there are the orders run, collect and park (got stop)',
    )
  })

  it.each(['encke', 'promises'] as const)('%s collects its garbage, and knows what it holds', async (name) => {
    await using system = await started(name)
    expect(await system.order(['collect'], 20_000)).toEqual({})
    const { bytes } = await system.order<{ bytes: number }>(['park', 10_000], 20_000)
    expect(bytes / 10_000).toBeGreaterThan(100)
    expect(bytes / 10_000).toBeLessThan(2_000)
  })

  it('complains about a wrong result instead of giving a time', async () => {
    await using system = await started('promises')
    await expect(system.order(['run', 1, 'sieve', 29, 11], 20_000)).rejects.toThrow('primes should be 11 (got 10)')
  })
})
