import { describe, expect, it } from 'vitest'
import { readCommand, UsageError, usage } from '../../loadtest/flags.ts'

const named = (name: string, ...peers: string[]) => ({ name, title: `how ${name}`, peers })
const known = {
  usual: ['publish', 'storm', 'topics'].map((name) => named(name)),
  hotPath: [named('herd', 'nchan', 'faye'), named('news', 'nchan')],
  runtime: [named('chain-7', 'go', 'promises'), { ...named('chain-7000000', 'go'), isLong: true }],
  large: [named('huge')],
}
const usual = ['publish', 'storm', 'topics']

function flagsOf(...argv: string[]) {
  const command = readCommand(argv, known)
  return command.kind === 'run' ? command.flags : undefined
}

describe('the command line', () => {
  it('runs every scenario for ten seconds when nothing is given', () => {
    expect(flagsOf()).toEqual({
      only: usual,
      isQuick: false,
      hasProfile: false,
      durationMs: 10_000,
      peers: [],
      rounds: undefined,
    })
  })

  it('lays every peer beside the scenarios of the hot path with --peers, or those that are named', () => {
    expect(flagsOf('--peers')).toMatchObject({ only: ['herd', 'news'], peers: ['nchan', 'faye'] })
    expect(flagsOf('--peers=faye')).toMatchObject({ only: ['herd', 'news'], peers: ['faye'] })
    expect(flagsOf('--only', 'news,storm', '--peers')).toMatchObject({ only: ['news', 'storm'], peers: ['nchan'] })
  })

  it('measures ours alone in a scenario of the hot path that is named without --peers, and the large one only so', () => {
    expect(flagsOf('--only', 'herd,huge')).toMatchObject({ only: ['herd', 'huge'], peers: [] })
  })

  it('plays the programs of the runtime on every system, or on those that are named', () => {
    expect(flagsOf('--runtime', '--rounds', '21')).toMatchObject({
      only: ['chain-7', 'chain-7000000'],
      peers: ['go', 'promises'],
      rounds: 21,
    })
    expect(flagsOf('--only', 'chain-7')).toMatchObject({ only: ['chain-7'], peers: ['go', 'promises'] })
    expect(flagsOf('--runtime', '--peers=go')).toMatchObject({ only: ['chain-7', 'chain-7000000'], peers: ['go'] })
    // Large sizes are left out.
    expect(flagsOf('--runtime', '--quick')).toMatchObject({ only: ['chain-7'] })
    expect(flagsOf('--quick', '--only', 'chain-7000000')).toMatchObject({ only: ['chain-7000000'] })
  })

  it('compares with another commit, which leaves nothing else to be chosen', () => {
    expect(readCommand(['--against', 'HEAD~1', '--quick'], known)).toEqual({
      kind: 'against',
      commit: 'HEAD~1',
      access: 'open',
      isQuick: true,
    })
    expect(readCommand(['--against', 'HEAD~1', '--with', 'tokens'], known)).toMatchObject({ access: 'tokens' })
    expect(() => flagsOf('--against', 'HEAD', '--with', 'luck')).toThrow(
      '--with must be one of open, keys, tokens (got luck)',
    )
    expect(() => flagsOf('--with', 'keys')).toThrow('--with goes with --against')
    expect(() => flagsOf('--against=HEAD', '--only', 'news')).toThrow('--only cannot be given with --against')
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
    [['--against'], /--against needs a value/],
    [['--rounds', '0'], /--rounds must be a whole number from 1 to 1000 \(got 0\)/],
    [['--rounds', '2.5'], /got 2.5/],
    // A peer that would be dropped: not in silence.
    [['--only', 'news', '--peers=faye'], /^faye has no part in news, which can have nchan$/],
    [['--only', 'storm', '--peers=faye'], /^faye has no part in storm, which can have no peer$/],
    [['--peers=go'], /^go has no part in herd, news/],
  ]
  it.each(complaints)('complains in one line about %j', (argv, complaint) => {
    expect(() => readCommand(argv, known)).toThrow(UsageError)
    expect(() => readCommand(argv, known)).toThrow(complaint)
    expect(() => readCommand(argv, known)).not.toThrow(/\n/)
  })

  it('names every scenario and every peer in its help', () => {
    const text = usage(known)
    expect(text).toMatch(/publish +how publish[\s\S]*herd +how herd[\s\S]*chain-7 +how chain-7[\s\S]*huge +how huge/)
    expect(text).toMatch(/with these: nchan, faye\n[\s\S]*with these: go, promises\n/)
  })
})
