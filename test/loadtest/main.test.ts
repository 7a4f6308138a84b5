import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { Progress } from '../../loadtest/progress.ts'
import { known } from '../../loadtest/scenarios/index.ts'
import { runProgram } from '../program.ts'

const program = fileURLToPath(new URL('../../loadtest/main.ts', import.meta.url))

const loadtest = (...argv: string[]) => runProgram(program, ...argv)

describe('the load test as a process', () => {
  it('tells what there is, and exits with 0', async () => {
    const { code, out, err } = await loadtest('--help')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    for (const { name, title } of Object.values(known).flat()) expect(out).toContain(`  ${name.padEnd(23)} ${title}\n`)
  })

  it('answers an unknown flag with one line and 2', async () => {
    const { code, out, err } = await loadtest('--fast')
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toBe(
      'loadtest: unknown flag --fast: there are --only, --duration, --rounds, --against, --with, --peers, --quick, --profile, --runtime and --help\n',
    )
  })

  const childrenOf = (pid: number) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
  const canListChildren = existsSync(`/proc/self/task/${process.pid}/children`)

  it.runIf(canListChildren).each([
    // The server, then the generator; Encke and the promises.
    ['--only', 'topics'],
    ['--only', 'ping-pong-10000', '--peers=promises', '--rounds', '1000'],
  ])('ends all that it has started on Ctrl-C, and exits with 130: %s %s', async (...argv) => {
    const child = spawn(process.execPath, [program, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] })
    const [out, err] = [text(child.stdout), text(child.stderr)]
    let started: string[] = []
    while (started.length < 2) {
      started = childrenOf(child.pid!)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    child.kill('SIGINT')
    const [code] = await once(child, 'close')
    expect({ code, out: await out }).toEqual({ code: 130, out: '' })
    expect(await err).toBe('loadtest: interrupted; what it had started has ended\n')
    await vi.waitFor(() => expect(started.filter((pid) => existsSync(`/proc/${pid}/exe`))).toEqual([]), {
      timeout: 60_000,
    })
  })
})

describe('progress', () => {
  const shown = (isTTY: boolean) => {
    let all = ''
    const progress = new Progress({ isTTY, columns: 20, write: (text: string) => (all += text) })
    progress.show('half of something long')
    progress.step('done')
    return all
  }

  it('writes over its line on a terminal, and never wraps it', () => {
    expect(shown(true)).toBe('\r\x1b[Khalf of something l\r\x1b[Kdone\n')
  })

  it('writes only steps elsewhere', () => {
    expect(shown(false)).toBe('done\n')
  })
})
