import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { SystemProcess } from '../../../loadtest/runtime/system-process.ts'

const fake = fileURLToPath(new URL('fake-system.ts', import.meta.url))
const hasProc = existsSync('/proc/self/status')
const command = (...how: string[]) => ({ program: process.execPath, words: [fake, ...how], variables: {} })

describe("a system's process", () => {
  it('says what it is, and answers order by order', async () => {
    await using system = await SystemProcess.start(command('echoes'))
    expect(system.system).toBe('a fake, version 1')
    expect(await system.order(['run', 3, 'chain', 100], 10_000)).toEqual({ order: 'run 3 chain 100' })
    expect(await system.order(['park', 5], 10_000)).toEqual({ order: 'park 5' })
  })

  it('fails an order that is answered with an error, and goes on', async () => {
    await using system = await SystemProcess.start(command('fails', '5'))
    await expect(system.order(['run'], 10_000)).rejects.toThrow('the ball is lost')
    expect(await system.order(['run'], 10_000)).toMatchObject({ wallMs: 5 })
  })

  it('fails an order under way when it ends, and every later one', async () => {
    await using system = await SystemProcess.start(command('dies'))
    await expect(system.order(['run'], 10_000)).rejects.toThrow('it ended with 9: it had nothing to say')
    await expect(system.order(['run'], 10_000)).rejects.toThrow('it ended with 9')
  })

  it('is ended when an order takes too long', async () => {
    await using system = await SystemProcess.start(command('hangs'))
    await expect(system.order(['run'], 50)).rejects.toThrow('it took longer than 0.05 s')
    await expect(system.order(['run'], 10_000)).rejects.toThrow('it took longer than 0.05 s')
  })

  it.runIf(hasProc)('does not go on in the background then', async () => {
    await using system = await SystemProcess.start(command('hangs'))
    expect(system.peakBytes).toBeGreaterThan(0)
    await expect(system.order(['run'], 50)).rejects.toThrow('longer')
    await vi.waitFor(() => expect(system.peakBytes).toBeUndefined(), { timeout: 60_000 })
  })

  it('fails an answer that cannot be read', async () => {
    await using system = await SystemProcess.start(command('babbles'))
    await expect(system.order(['run'], 10_000)).rejects.toThrow(SyntaxError)
  })

  it('cannot be started when it ends at once, or is not there', async () => {
    await expect(SystemProcess.start(command('ends'))).rejects.toThrow('it ended with 3: cannot begin')
    const missing = { program: 'no-such-program', words: [], variables: {} }
    await expect(SystemProcess.start(missing)).rejects.toThrow(/no-such-program.*ENOENT/)
  })

  it.runIf(hasProc)('knows how much memory it has had, until it has ended', async () => {
    const system = await SystemProcess.start(command('1'))
    expect(system.peakBytes).toBeGreaterThan(10 * 2 ** 20)
    await system[Symbol.asyncDispose]()
    expect(system.peakBytes).toBeUndefined()
  })
})
