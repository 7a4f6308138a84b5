import { describe, expect, it } from 'vitest'
import { readChainRequest, readHackysackRequest } from '../../../server/benchmarks/request.ts'
import { EnckeError } from '../../../server/errors.ts'

function refusal(read: () => unknown): { code: string; message: string } {
  try {
    read()
  } catch (error) {
    if (error instanceof EnckeError) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('it was not refused')
}

const parameters = 'ENCKE_ERR_BENCHMARK_PARAMETERS'
const model = 'ENCKE_ERR_BENCHMARK_MODEL'
const available = 'available: go, greenlet, stackless, axon, axon-busy, fibra, erlang, threads'

describe('a request for the chain', () => {
  it('has defaults for everything', () => {
    const usual = { benchmark: 'chain', n: 100_000, repeat: 1, model: 'go' }
    expect(readChainRequest({})).toEqual(usual)
    expect(readChainRequest(undefined)).toEqual(usual)
    expect(readChainRequest({ n: undefined })).toEqual(usual)
  })

  it('has sizes that suit its model where none are given', () => {
    expect(readChainRequest({ model: 'threads' })).toMatchObject({ n: 64, model: 'threads' })
    expect(readChainRequest({ model: 'axon-busy' })).toMatchObject({ n: 3_000 })
    expect(readChainRequest({ model: 'axon' })).toMatchObject({ n: 100_000 })
    expect(readHackysackRequest({ model: 'threads' })).toMatchObject({ players: 64, turns: 1_000 })
    expect(readHackysackRequest({ model: 'axon-busy' })).toMatchObject({ players: 1_000, turns: 1_000 })
  })

  it.each([
    { n: 1 },
    { n: 1_000_000, repeat: 20 },
    { n: 200_000, repeat: 100 },
    { n: 1_000_000, model: 'erlang' },
    { n: 64, repeat: 100, model: 'threads' },
    { n: 10_000, repeat: 2, model: 'axon-busy' },
  ])('takes %o', (given) => {
    expect(readChainRequest(given)).toMatchObject(given)
  })

  const bad: [given: unknown, code: string, message: string][] = [
    [{ n: 0 }, parameters, 'n must be a whole number from 1 to 1000000 (got 0)'],
    [{ n: -1 }, parameters, 'n must be a whole number from 1 to 1000000 (got -1)'],
    [{ n: 1.5 }, parameters, 'n must be a whole number from 1 to 1000000 (got 1.5)'],
    [{ n: '10' }, parameters, 'n must be a whole number from 1 to 1000000 (got "10")'],
    [{ n: null }, parameters, 'n must be a whole number from 1 to 1000000 (got null)'],
    [{ n: Number.NaN }, parameters, 'n must be a whole number from 1 to 1000000 (got NaN)'],
    [{ n: 1_000_001 }, parameters, 'n must be a whole number from 1 to 1000000 (got 1000001)'],
    [{ repeat: 0 }, parameters, 'repeat must be a whole number from 1 to 100 (got 0)'],
    [{ repeat: 101 }, parameters, 'repeat must be a whole number from 1 to 100 (got 101)'],
    [
      { n: 1_000_000, repeat: 21 },
      parameters,
      'n × repeat must be at most 20000000 (got 1000000 × 21 = 21000000): make one smaller',
    ],
    [{ m: 1 }, parameters, 'chain has no parameter "m": it has n, repeat, model'],
    [{ seed: 1 }, parameters, 'chain has no parameter "seed": it has n, repeat, model'],
    [[], parameters, 'the parameters of chain must be an object (got [])'],
    [null, parameters, 'the parameters of chain must be an object (got null)'],
    ['n=1', parameters, 'the parameters of chain must be an object (got "n=1")'],
    [{ model: 'occam' }, model, `model "occam" is unknown; ${available}`],
    [{ model: 1 }, model, `model 1 is unknown; ${available}`],
    [
      { model: 'threads', n: 65 },
      model,
      'n must be at most 64 with model "threads", where each is a thread of the operating system (got 65)',
    ],
    [
      { model: 'axon-busy', n: 10_000, repeat: 3 },
      model,
      'n × n × repeat must be at most 200000000 with model "axon-busy", where each hop resumes every link ' +
        '(got 10000 × 10000 × 3 = 300000000): make one smaller, or use "axon"',
    ],
    // What no model could run is said first.
    [{ model: 'threads', n: 0 }, parameters, 'n must be a whole number from 1 to 1000000 (got 0)'],
  ]
  it.each(bad)('is refused as %o', (given, code, message) => {
    expect(refusal(() => readChainRequest(given))).toEqual({ code, message })
  })

  it('is not fooled by what an object inherits', () => {
    expect(readChainRequest(Object.create({ n: 5 }))).toMatchObject({ n: 100_000 })
    expect(refusal(() => readChainRequest(JSON.parse('{"__proto__": {"n": 5}}'))).code).toBe(parameters)
  })
})

describe('a request for hackysack', () => {
  it('has defaults for everything', () => {
    expect(readHackysackRequest({})).toEqual({
      benchmark: 'hackysack',
      players: 1_000,
      turns: 1_000,
      variant: 'mailbox',
      seed: 1,
      repeat: 1,
      model: 'go',
    })
  })

  it.each([
    { players: 1 },
    { players: 2, variant: 'rendezvous' },
    { players: 1_000_000, turns: 10_000_000, repeat: 20, seed: 0 },
    { seed: 2 ** 32 - 1 },
    { players: 64, turns: 1_000_000, variant: 'rendezvous', model: 'threads' },
    { players: 10_000, turns: 1_000, repeat: 10, model: 'axon-busy' },
    { players: 1_000_000, turns: 10_000_000, model: 'axon' },
  ])('takes %o', (given) => {
    expect(readHackysackRequest(given)).toMatchObject(given)
  })

  const bad: [given: unknown, code: string, message: string][] = [
    [{ players: 0 }, parameters, 'players must be a whole number from 1 to 1000000 (got 0)'],
    [{ turns: 0 }, parameters, 'turns must be a whole number from 1 to 10000000 (got 0)'],
    [{ turns: 10_000_001 }, parameters, 'turns must be a whole number from 1 to 10000000 (got 10000001)'],
    [{ seed: -1 }, parameters, 'seed must be a whole number from 0 to 4294967295 (got -1)'],
    [{ seed: 2 ** 32 }, parameters, 'seed must be a whole number from 0 to 4294967295 (got 4294967296)'],
    [{ variant: 'Mailbox' }, parameters, 'variant must be one of mailbox, rendezvous (got "Mailbox")'],
    [
      { players: 1, variant: 'rendezvous' },
      parameters,
      'players must be at least 2 with variant "rendezvous": nobody may kick to itself (got 1)',
    ],
    [
      { players: 300_000, repeat: 100 },
      parameters,
      'players × repeat must be at most 20000000 (got 300000 × 100 = 30000000): make one smaller',
    ],
    [{ n: 1 }, parameters, 'hackysack has no parameter "n": it has players, turns, variant, seed, repeat, model'],
    [{ model: 'occam' }, model, `model "occam" is unknown; ${available}`],
    [
      { model: 'erlang', variant: 'rendezvous' },
      model,
      'model "erlang" has no variant "rendezvous", because its sends never wait: ' +
        'use "mailbox", or one of go, stackless, fibra, threads',
    ],
    [
      { model: 'threads', players: 65 },
      model,
      'players must be at most 64 with model "threads", where each is a thread of the operating system (got 65)',
    ],
    [
      { model: 'threads', turns: 10_001, repeat: 100 },
      model,
      'turns × repeat must be at most 1000000 with model "threads" (got 10001 × 100 = 1000100): make one smaller',
    ],
    [
      { model: 'axon-busy', players: 10_000, turns: 1_001, repeat: 10 },
      model,
      'players × turns × repeat must be at most 100000000 with model "axon-busy", where each kick resumes every ' +
        'player (got 10000 × 1001 × 10 = 100100000): make one smaller, or use "axon"',
    ],
  ]
  it.each(bad)('is refused as %o', (given, code, message) => {
    expect(refusal(() => readHackysackRequest(given))).toEqual({ code, message })
  })
})
