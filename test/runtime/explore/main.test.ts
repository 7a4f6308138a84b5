import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runProgram } from '../../program.ts'
import { usage } from './flags.ts'

const program = fileURLToPath(new URL('main.ts', import.meta.url))

const explorer = (...argv: string[]) => runProgram(program, ...argv)

describe('the explorer as a process', () => {
  it('says what it looks at and what it has found, and exits with 0', async () => {
    const { code, out, err } = await explorer('--programs', '20', '--small', '5', '--seed', '7')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^20 programs, 3 schedules each, and 5 small ones, from seed 7$/m)
    expect(out).toMatch(/^20 programs, 60 schedules, [\d,]+ steps, [\d.]+ s$/m)
    expect(out).toMatch(/^nothing found$/m)
  })

  it('tells what there is, and exits with 0', async () => {
    expect(await explorer('--help')).toEqual({ code: 0, out: usage, err: '' })
  })

  it.each([
    [['--schedules', '0'], '--schedules must be a whole number from 1 (got "0")'],
    [
      ['--bogus'],
      'unknown option "--bogus": there are --programs, --schedules, --small, --seed, --as-found and --help',
    ],
  ])('answers %j with one line and 2', async (argv, message) => {
    expect(await explorer(...argv)).toEqual({ code: 2, out: '', err: `explore: ${message}\n` })
  })
})
