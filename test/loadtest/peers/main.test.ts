import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { peersUsage } from '../../../loadtest/peers/flags.ts'
import { runProgram } from '../../program.ts'

const program = fileURLToPath(new URL('../../../loadtest/peers/main.ts', import.meta.url))

const compare = (...argv: string[]) => runProgram(program, ...argv)

describe('the comparison as a process', () => {
  it('tells what there is, and exits with 0', async () => {
    expect(await compare('--help')).toEqual({ code: 0, out: peersUsage(), err: '' })
  })

  it('answers an unknown flag with one line and 2', async () => {
    expect(await compare('--fast')).toEqual({
      code: 2,
      out: '',
      err: 'bench:peers: unknown flag --fast: there are --only, --systems, --rounds, --quick and --help\n',
    })
  })

  const childrenOf = (pid: number) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
  const canListChildren = existsSync(`/proc/self/task/${process.pid}/children`)

  it.runIf(canListChildren)('ends all that it has started on Ctrl-C, and exits with 130', async () => {
    const argv = [program, '--only', 'ping-pong-10000', '--systems', 'promises', '--rounds', '1000']
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] })
    const [out, err] = [text(child.stdout), text(child.stderr)]
    let started: string[] = []
    // Encke and the promises: one plays, and the other waits for its turn.
    while (started.length < 2) {
      started = childrenOf(child.pid as number)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    child.kill('SIGINT')
    const [code] = await once(child, 'close')
    expect({ code, out: await out }).toEqual({ code: 130, out: '' })
    expect(await err).toBe('bench:peers: interrupted; what it had started has ended\n')
    await vi.waitFor(() => expect(started.filter((pid) => existsSync(`/proc/${pid}/exe`))).toEqual([]))
  })
})
