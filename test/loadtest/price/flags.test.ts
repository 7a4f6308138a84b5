import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../loadtest/flags.ts'
import { readRounds } from '../../../loadtest/price/flags.ts'

describe('the command line of the prices', () => {
  it('is a number of rounds, fifteen of them if nothing is said', () => {
    expect(readRounds([])).toBe(15)
    expect(readRounds(['--rounds', '31'])).toBe(31)
    expect(readRounds(['--rounds=1'])).toBe(1)
  })

  it.each([['--help'], ['-h']])('asks for help by %s', (flag) => {
    expect(readRounds([flag])).toBe('help')
  })

  it.each([
    [['--rounds'], '--rounds must be a whole number from 1 to 1000 (got nothing)'],
    [['--rounds', '0'], '--rounds must be a whole number from 1 to 1000 (got 0)'],
    [['--rounds', '1.5'], '--rounds must be a whole number from 1 to 1000 (got 1.5)'],
    [['--fast'], 'unknown flag --fast: there are --rounds and --help'],
    [['--rounds', '3', '--fast'], 'unknown flag --fast: there are --rounds and --help'],
  ])('refuses %j', (argv, message) => {
    expect(() => readRounds(argv)).toThrow(new UsageError(message))
  })
})
