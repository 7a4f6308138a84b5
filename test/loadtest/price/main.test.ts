import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { usage } from '../../../loadtest/price/flags.ts'

const program = fileURLToPath(new URL('../../../loadtest/price/main.ts', import.meta.url))

async function price(...argv: string[]) {
  const child = spawn(process.execPath, [program, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, out, err }
}

describe('the prices as a process', () => {
  it('tell what there is, and exit with 0', async () => {
    expect(await price('--help')).toEqual({ code: 0, out: usage, err: '' })
  })

  it('answer an unknown flag with one line and 2', async () => {
    const err = 'bench:price: unknown flag --fast: there are --rounds and --help\n'
    expect(await price('--fast')).toEqual({ code: 2, out: '', err })
  })
})
