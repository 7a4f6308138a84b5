import { describe, expect, it } from 'vitest'
import { readCommand, UsageError, usage } from '../../../server/benchmarks/flags.ts'
import { models } from '../../../server/benchmarks/models.ts'
import type { ChainRequest } from '../../../server/benchmarks/request.ts'
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

  it('asks every model when it is asked for all, but those that cannot', () => {
    const flags = ['hackysack', '--players', '100', '--variant', 'rendezvous', '--model=all', '--json']
    const command = readCommand(flags)
    if (command.kind !== 'compare') return expect.unreachable(command.kind)
    const given = { players: 100, variant: 'rendezvous' }
    const able = ['go', 'stackless', 'fibra'] as const
    expect(command.requests).toEqual(able.map((model) => readHackysackRequest({ ...given, model })))
    expect(command.skipped).toEqual([
      { model: 'greenlet', reason: expect.stringContaining('its writes never block') },
      { model: 'axon', reason: expect.stringContaining('its boxes are buffered') },
      { model: 'axon-busy', reason: expect.stringContaining('its boxes are buffered') },
      { model: 'erlang', reason: expect.stringContaining('its sends never wait') },
      { model: 'threads', reason: expect.stringContaining('players must be at most 64') },
    ])
    expect(command.asJson).toBe(true)
  })

  it('asks each model for a size that suits it when no size is given', () => {
    const command = readCommand(['chain', '--model', 'all'])
    if (command.kind !== 'compare') return expect.unreachable(command.kind)
    const sizes = command.requests.map((request) => [request.model, (request as ChainRequest).n])
    expect(Object.fromEntries(sizes)).toMatchObject({ go: 100_000, 'axon-busy': 3_000, threads: 64 })
    expect(command.skipped).toEqual([])
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
    [['chain', '--model', 'occam'], `model "occam" is unknown; available: ${models.join(', ')}`],
    [['chain', '--model', 'all', '--n', '0'], 'n must be a whole number from 1 to 1000000 (got 0)'],
    [
      ['chain', '--model', 'all', '--players', '3'],
      'chain has no flag "--players": it has --n, --repeat, --model, --json, --help',
    ],
  ]
  it.each(bad)('refuses %j in one line', (argv, message) => {
    expect(() => readCommand(argv)).toThrow(new UsageError(message))
  })
})
