import { describe, expect, it } from 'vitest'
import { readCommand, UsageError, usage } from '../../loadtest/flags.ts'

const known = {
  usual: ['publish', 'storm', 'topics'],
  hotPath: ['herd', 'news'],
  large: ['huge'],
  peers: ['nchan', 'faye'],
}

function flagsOf(...argv: string[]) {
  const command = readCommand(argv, known)
  return command.kind === 'run' ? command.flags : undefined
}

describe('the command line', () => {
  it('runs every scenario for ten seconds when nothing is given', () => {
    expect(flagsOf()).toEqual({
      only: known.usual,
      isQuick: false,
      hasProfile: false,
      durationMs: 10_000,
      peers: [],
    })
  })

  it('lays every peer beside the scenarios of the hot path with --peers, or those that are named', () => {
    expect(flagsOf('--peers')).toMatchObject({ only: known.hotPath, peers: known.peers })
    expect(flagsOf('--peers=faye')).toMatchObject({ only: known.hotPath, peers: ['faye'] })
    expect(flagsOf('--only', 'news,storm', '--peers')).toMatchObject({ only: ['news', 'storm'], peers: known.peers })
  })

  it('measures ours alone in a scenario of the hot path that is named without --peers, and the large one only so', () => {
    expect(flagsOf('--only', 'herd,huge')).toMatchObject({ only: ['herd', 'huge'], peers: [] })
  })

  it('shortens every scenario with --quick, unless a duration is given', () => {
    expect(flagsOf('--quick')).toMatchObject({ isQuick: true, durationMs: 3_000 })
    expect(flagsOf('--quick', '--duration', '7')).toMatchObject({ isQuick: true, durationMs: 7_000 })
  })

  it('runs only the scenarios that are named, each once, in the order given', () => {
    expect(flagsOf('--only', 'storm, publish,storm')).toMatchObject({ only: ['storm', 'publish'] })
    expect(flagsOf('--only=topics')).toMatchObject({ only: ['topics'] })
  })

  it('takes a value after the flag or after an equals sign', () => {
    expect(flagsOf('--duration', '1.5')).toMatchObject({ durationMs: 1_500 })
    expect(flagsOf('--duration=600')).toMatchObject({ durationMs: 600_000 })
  })

  it('asks for a profile', () => {
    expect(flagsOf('--profile')).toMatchObject({ hasProfile: true })
  })

  it('gives help, whatever else is asked', () => {
    expect(readCommand(['--quick', '--help'], known)).toEqual({ kind: 'help' })
    expect(readCommand(['-h'], known)).toEqual({ kind: 'help' })
  })

  const complaints: [argv: string[], complaint: RegExp][] = [
    [['--fast'], /unknown flag --fast/],
    [['publish'], /unknown flag publish/],
    [['--peers=comet'], /--peers must name peers.*nchan, faye.*got comet/],
    [['--peers='], /--peers must name peers/],
    [['--peers', 'nchan'], /^--peers takes its names behind an equals sign: --peers=nchan$/],
    [['--only'], /--only needs a value/],
    [['--only', 'chat'], /--only must name scenarios.*publish, storm, topics.*got chat/],
    [['--only', ''], /--only must name scenarios/],
    [['--duration', '0'], /--duration must be a number of seconds from 1 to 600 \(got 0\)/],
    [['--duration', '601'], /got 601/],
    [['--duration', 'long'], /got long/],
    [['--duration', '-5'], /got -5/],
    [['--quick=yes'], /--quick takes no value/],
    [['--quick', '--quick'], /--quick is given twice/],
  ]
  it.each(complaints)('complains in one line about %j', (argv, complaint) => {
    expect(() => readCommand(argv, known)).toThrow(UsageError)
    expect(() => readCommand(argv, known)).toThrow(complaint)
    expect(() => readCommand(argv, known)).not.toThrow(/\n/)
  })

  it('names every scenario in its help', () => {
    const [usual, hot, large] = ['publish', 'herd', 'huge'].map((name) => [{ name, title: `how ${name}` }])
    const text = usage(usual!, hot!, large!, ['nchan'])
    expect(text).toMatch(/publish +how publish[\s\S]*herd +how herd[\s\S]*huge +how huge/)
    expect(text).toMatch(/--peers=nchan/)
  })
})
