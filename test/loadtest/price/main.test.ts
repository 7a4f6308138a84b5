import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { usage } from '../../../loadtest/price/flags.ts'
import { runProgram } from '../../program.ts'

const program = fileURLToPath(new URL('../../../loadtest/price/main.ts', import.meta.url))

const price = (...argv: string[]) => runProgram(program, ...argv)

describe('the prices as a process', () => {
  it('tell what there is, and exit with 0', async () => {
    expect(await price('--help')).toEqual({ code: 0, out: usage, err: '' })
  })

  it('answer an unknown flag with one line and 2', async () => {
    const err = 'bench:price: unknown flag --fast: there are --rounds and --help\n'
    expect(await price('--fast')).toEqual({ code: 2, out: '', err })
  })
})
