import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempDisposableSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { faults } from './faults.ts'
import { list, usage } from './flags.ts'

const program = fileURLToPath(new URL('main.ts', import.meta.url))

/** The command, with a folder of its own to put the copy into. */
function started(folder: string, ...argv: string[]) {
  const env = { ...process.env, TMPDIR: folder }
  const child = spawn(process.execPath, [program, ...argv], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]).then(
    ([[code], out, err]) => ({ code, out, err, left: readdirSync(folder) }),
  )
  return { child, ended }
}

function temporaryFolder() {
  return mkdtempDisposableSync(join(tmpdir(), 'faults-test-'))
}

describe('the faults as a process', () => {
  async function faulty(...argv: string[]) {
    using folder = temporaryFolder()
    return await started(folder.path, ...argv).ended
  }

  it('tells what there is, and exits with 0', async () => {
    expect(await faulty('--help')).toEqual({ code: 0, out: usage, err: '', left: [] })
    expect(await faulty('--list')).toEqual({ code: 0, out: list(faults), err: '', left: [] })
  })

  it('answers an unknown option with one line and 2, and starts nothing', async () => {
    const err = 'faults: unknown option "--bogus": there are --only, --list and --help\n'
    expect(await faulty('--bogus')).toEqual({ code: 2, out: '', err, left: [] })
  })

  const canListChildren = existsSync(`/proc/self/task/${process.pid}/children`)
  const childrenOf = (pid: number) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)

  it.runIf(canListChildren).each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends the explorer and takes its copy away on %s, and exits with %i', async (signal, code) => {
    using folder = temporaryFolder()
    const { child, ended } = started(folder.path, '--only', 'ring.ts')
    let explorers: string[] = []
    while (explorers.length === 0) {
      explorers = childrenOf(child.pid as number)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(readdirSync(folder.path)).toEqual([expect.stringMatching(/^faults-/)])
    child.kill(signal)
    const err = 'faults: interrupted; the explorer has ended, and the copy is gone\n'
    expect(await ended).toEqual({ code, out: '', err, left: [] })
    expect(explorers.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([])
  })
})
