import { describe, expect, it } from 'vitest'
import { UsageError } from '../runtime/explore/command-line.ts'
import { type Fault, faults } from './faults.ts'
import { list, readCommand, usage } from './flags.ts'

const known: readonly Fault[] = [
  { name: 'a latch wakes one instead of all', file: 'latch.ts', from: 'a', to: 'b' },
  { name: 'a ring, when it grows, is a knot', file: 'ring.ts', from: 'a', to: 'b' },
  { name: 'a signal rings twice', file: 'signal.ts', from: 'a', to: 'b' },
]
const [latch, ring, signal] = known

function wantedBy(...argv: string[]) {
  const command = readCommand(argv, known)
  return command.kind === 'run' ? command.wanted : undefined
}

describe('the command line of the faults', () => {
  it('looks for all of them when nothing is given', () => {
    expect(wantedBy()).toEqual(known)
  })

  it('looks for those whose name or file has one of the parts that are named, in the order of the list', () => {
    expect(wantedBy('--only', 'latch.ts')).toEqual([latch])
    expect(wantedBy('--only=ring')).toEqual([ring, signal])
    expect(wantedBy('--only', 'twice, latch,signal.ts')).toEqual([latch, signal])
  })

  it('takes a whole name for that fault alone, also with commas in it', () => {
    expect(wantedBy('--only', 'a ring, when it grows, is a knot')).toEqual([ring])
    for (const fault of faults) {
      expect(readCommand(['--only', fault.name], faults)).toEqual({ kind: 'run', wanted: [fault] })
    }
  })

  it('lists them all, or those that are named', () => {
    expect(readCommand(['--list'], known)).toEqual({ kind: 'list', wanted: known })
    expect(readCommand(['--list', '--only', 'latch'], known)).toEqual({ kind: 'list', wanted: [latch] })
  })

  it('shows each in a line, with its file', () => {
    expect(list(known)).toBe(
      [
        'latch.ts   a latch wakes one instead of all',
        'ring.ts    a ring, when it grows, is a knot',
        'signal.ts  a signal rings twice\n',
      ].join('\n'),
    )
  })

  it('gives help, whatever else is asked', () => {
    expect(readCommand(['--what', '--help'], known)).toEqual({ kind: 'help' })
    expect(readCommand(['-h'], known)).toEqual({ kind: 'help' })
    for (const name of ['only', 'list', 'help']) expect(usage).toContain(` --${name} `)
  })

  it.each([
    [['--bogus'], 'unknown option "--bogus": there are --only, --list and --help'],
    [['nonsense'], '"nonsense" stands without an option: there are --only, --list and --help'],
    [['--only'], '--only needs a value: --help says which'],
    [['--only=latch', '--only=ring'], '--only is given twice: give it once'],
    [['--list=latch'], '--list takes no value (got "latch")'],
    [
      ['--only', 'latch,knit'],
      `--only must be parts of faults' names or files, separated by commas (got "knit", which none has): --list shows them all`,
    ],
    [
      ['--only', 'latch,'],
      `--only must be parts of faults' names or files, separated by commas (got "latch,", which none has): --list shows them all`,
    ],
  ])('refuses %j in one line', (argv, message) => {
    expect(() => readCommand(argv, known)).toThrow(new UsageError(message))
  })
})
