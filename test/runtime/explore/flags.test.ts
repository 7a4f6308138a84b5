import { describe, expect, it } from 'vitest'
import { UsageError } from './command-line.ts'
import { readCommand, usage } from './flags.ts'

const usual = { programs: 100_000, schedules: 3, small: 1_000, seed: undefined, asFound: false }

function flagsOf(...argv: string[]) {
  const command = readCommand(argv)
  return command.kind === 'run' ? command.flags : undefined
}

describe('the command line of the explorer', () => {
  it('explores a hundred thousand programs, and a thousand small ones, from a seed that is drawn', () => {
    expect(flagsOf()).toEqual(usual)
  })

  it('takes a number after the option or after an equals sign, with underscores where they help', () => {
    expect(flagsOf('--programs', '5_000', '--schedules=2', '--small', '7', '--seed=0', '--as-found')).toEqual({
      programs: 5_000,
      schedules: 2,
      small: 7,
      seed: 0,
      asFound: true,
    })
  })

  it('leaves out the programs or the small ones', () => {
    expect(flagsOf('--programs', '0')).toEqual({ ...usual, programs: 0 })
    expect(flagsOf('--small', '0')).toEqual({ ...usual, small: 0 })
  })

  it('gives help, whatever else is asked', () => {
    expect(readCommand(['--what', '--help'])).toEqual({ kind: 'help' })
    expect(readCommand(['-h'])).toEqual({ kind: 'help' })
    for (const name of ['programs', 'schedules', 'small', 'seed', 'as-found']) expect(usage).toContain(`  --${name} `)
  })

  it.each([
    [['--schedules', '0'], '--schedules must be a whole number from 1 (got "0")'],
    [['--programs', 'many'], '--programs must be a whole number from 0 (got "many")'],
    [['--programs', '1.5'], '--programs must be a whole number from 0 (got "1.5")'],
    [['--small='], '--small must be a whole number from 0 (got "")'],
    [['--seed', '-1'], '--seed must be a whole number from 0 (got "-1")'],
    [['--seed', '9'.repeat(16)], `--seed must be a whole number from 0 (got "${'9'.repeat(16)}")`],
    [['--seed', '1\n2'], '--seed must be a whole number from 0 (got "1\\n2")'],
    [['--seed'], '--seed needs a value: --help says which'],
    [['--seed', '1', '--seed=2'], '--seed is given twice: give it once'],
    [['--as-found=yes'], '--as-found takes no value (got "yes")'],
    [
      ['--programs', '0', '--small', '0'],
      '--programs and --small are both 0, which leaves nothing to explore: make one of them larger',
    ],
    [['--what'], 'unknown option "--what": there are --programs, --schedules, --small, --seed, --as-found and --help'],
    [['-s'], 'unknown option "-s": there are --programs, --schedules, --small, --seed, --as-found and --help'],
    [
      ['100'],
      '"100" stands without an option: there are --programs, --schedules, --small, --seed, --as-found and --help',
    ],
  ])('refuses %j in one line', (argv, message) => {
    expect(() => readCommand(argv)).toThrow(new UsageError(message))
  })
})
