import { describe, expect, it } from 'vitest'
import { readCommand, UsageError, usage } from '../../../server/benchmarks/flags.ts'
import { readChainRequest, readHackysackRequest } from '../../../server/benchmarks/request.ts'

describe('the command line of the benchmarks', () => {
  it('runs both with their defaults when nothing is given', () => {
    const requests = [readChainRequest({}), readHackysackRequest({})]
    expect(readCommand([])).toEqual({ kind: 'run', requests, asJson: false })
  })

  it('takes every parameter as a flag, in both spellings', () => {
    expect(readCommand(['chain', '--n', '5', '--repeat=3', '--model', 'go', '--json'])).toEqual({
      kind: 'run',
      requests: [readChainRequest({ n: 5, repeat: 3, model: 'go' })],
      asJson: true,
    })
    const flags = ['--players', '10_000', '--turns', '7', '--variant', 'rendezvous', '--seed', '2']
    expect(readCommand(['hackysack', ...flags])).toEqual({
      kind: 'run',
      requests: [readHackysackRequest({ players: 10_000, turns: 7, variant: 'rendezvous', seed: 2 })],
      asJson: false,
    })
  })

  it.each([['--help'], ['-h'], ['chain', '--help'], ['chain', '--nonsense', '--help']])(
    'helps when asked: %s',
    (...argv) => {
      expect(readCommand(argv)).toEqual({ kind: 'help' })
    },
  )

  it('documents every flag, with its range', () => {
    for (const flag of ['n', 'players', 'turns', 'variant', 'seed', 'repeat', 'model', 'json', 'help']) {
      expect(usage()).toContain(`--${flag} `)
    }
    expect(usage()).toContain('1 to 1000000, default 100000')
  })

  const bad: [argv: string[], message: string][] = [
    [['cahin'], 'name a benchmark first, chain or hackysack (got "cahin"); --help says more'],
    [['--json'], 'name a benchmark first, chain or hackysack (got "--json"); --help says more'],
    [['chain', '--players', '3'], 'chain has no flag "--players": it has --n, --repeat, --model, --json, --help'],
    [['chain', '100'], 'chain has no flag "100": it has --n, --repeat, --model, --json, --help'],
    [['chain', '--json=yes'], 'chain has no flag "--json=yes": it has --n, --repeat, --model, --json, --help'],
    [['chain', '--n'], '--n needs a value'],
    [['chain', '--n', '1', '--n', '2'], '--n is given twice: give it once'],
    [['chain', '--n', 'many'], 'n must be a whole number from 1 to 1000000 (got "many")'],
    [['chain', '--n', '1e3'], 'n must be a whole number from 1 to 1000000 (got "1e3")'],
    [['chain', '--n', '-1'], 'n must be a whole number from 1 to 1000000 (got "-1")'],
    [['chain', '--n='], 'n must be a whole number from 1 to 1000000 (got "")'],
    [['chain', '--n', '0'], 'n must be a whole number from 1 to 1000000 (got 0)'],
    [['chain', '--model', 'axon'], 'model "axon" cannot be run by this version; available: go'],
  ]
  it.each(bad)('refuses %j in one line', (argv, message) => {
    expect(() => readCommand(argv)).toThrow(new UsageError(message))
  })
})
