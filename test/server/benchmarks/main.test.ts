import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { models } from '../../../server/benchmarks/models.ts'
import { ProgressBar } from '../../../server/benchmarks/progress-bar.ts'

interface Ended {
  readonly exitCode: number
  readonly out: string
  readonly err: string
}

const main = fileURLToPath(new URL('../../../server/benchmarks/main.ts', import.meta.url))

function bench(argv: readonly string[], nodeFlags = ['--expose-gc']): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...nodeFlags, main, ...argv], (error, out, err) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), out, err })
    })
  })
}

describe('the benchmarks in a terminal', () => {
  it('print a table of the runs, the counters, the memory and the published rows', async () => {
    const { exitCode, out, err } = await bench(['chain', '--n', '2000', '--repeat', '2'])
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    expect(out).toMatch(/^chain of 2,000, model go: answer 2,000$/m)
    expect(out).toMatch(/^run +wall ms +user ms +system ms +cpu % +major faults +minor faults +swaps$/m)
    for (const row of ['1', '2', 'best']) expect(out).toMatch(new RegExp(`^${row}( +[\\d.,]+){7}$`, 'm'))
    expect(out).toContain('spawned 2,000, finished 2,000, sends 2,001, receives 2,001, resumes 4,002, parked 0')
    expect(out).toMatch(/^ +after a collection: .* with all alive \([\d,]+ bytes per coroutine\), .* left behind$/m)
    expect(out).toMatch(/^CPython \+ greenlet +MacBook Pro 2\.53 GHz, 2009 +100,000 +4,610 /m)
    expect(out).toMatch(/^Encke, go +this machine +2,000 +[\d.]+ +best run$/m)
  })

  it('say beside the Axon rows which of them are fair, and how many players they had', async () => {
    const { out } = await bench(['hackysack', '--players', '100', '--turns', '50', '--variant', 'rendezvous'])
    expect(out).toMatch(/^hackysack of 100 players × 50 turns, rendezvous, seed 1, model go: answer 50$/m)
    expect(out).toContain('balls 50, exits 99')
    expect(out).toMatch(/^system +machine +original's argument +players +turns +ms$/m)
    expect(out).toMatch(/^Kamaelia Axon, pause .* 1,000 +1,001 +1,000 +816 /m)
    expect(out).toMatch(/^Encke, go +this machine +99 +100 +50 +[\d.]+ +best run$/m)
    expect(out).toContain('The original makes one player more than its argument.')
    expect(out).toContain('the pause rows are the fair ones')
  })

  it('print the report as JSON when asked', async () => {
    const { exitCode, out } = await bench(['chain', '--n', '100', '--json'])
    expect(exitCode).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ benchmark: 'chain', n: 100, answer: 100, runs: [{}] })
  })

  it('run both without any argument', async () => {
    const { exitCode, out } = await bench([])
    expect(exitCode).toBe(0)
    expect(out).toContain('chain of 100,000')
    expect(out).toContain('hackysack of 1,000 players')
  })

  it('do without a forced collection when there is none, and say so', async () => {
    const { out } = await bench(['chain', '--n', '100'], [])
    expect(out).toContain('run with --expose-gc to see it after a collection')
  })

  it('lay every model beside the first when asked for all, and say which were skipped and why', async () => {
    const { exitCode, out } = await bench(['chain', '--n', '200', '--model', 'all'])
    expect(exitCode).toBe(0)
    expect(out).toMatch(/^model +size +best ms +user ms +system ms +× go +bytes each +resumes$/m)
    expect(out).toMatch(/^go +200 +[\d.]+ +[\d.]+ +[\d.]+ +1\.00 +[\d,]+ +402$/m)
    for (const model of ['greenlet', 'stackless', 'axon', 'axon-busy', 'fibra', 'erlang']) {
      expect(out).toMatch(new RegExp(`^${model} +200 +[\\d.]+ `, 'm'))
    }
    expect(out).toMatch(/^skipped threads: n must be at most 64 /m)
    expect(out).toMatch(/^Stackless Python .* 562$/m)
  })

  it('run every model at a size that suits it, as JSON too', async () => {
    const { exitCode, out } = await bench(['hackysack', '--players', '3', '--turns', '20', '--model', 'all', '--json'])
    expect(exitCode).toBe(0)
    const { reports, skipped } = JSON.parse(out)
    expect(reports.map(({ model }: { model: string }) => model)).toEqual(models)
    expect(new Set(reports.map(({ answer }: { answer: number }) => answer))).toEqual(new Set([20]))
    expect(skipped).toEqual([])
  })

  it('tell of threads what there is of them', async () => {
    const { out } = await bench(['chain', '--n', '2', '--model', 'threads'])
    expect(out).toMatch(/^counters +spawned 2, finished 2, sends 3, receives 3$/m)
    expect(out).toMatch(/^memory +peak .*, of the process \([\d,]+ bytes per thread\)$/m)
  })

  it('help', async () => {
    const { exitCode, out } = await bench(['--help'])
    expect(exitCode).toBe(0)
    expect(out).toContain('npm run bench -- chain [flags]')
  })

  it.each([
    [['chain', '--n', '0'], 'n must be a whole number from 1 to 1000000 (got 0)'],
    [['chain', '--what'], 'chain has no flag "--what": it has --n, --repeat, --model, --json, --help'],
    [['marathon'], 'name a benchmark first, chain or hackysack (got "marathon"); --help says more'],
  ])('refuse %j with one line, exit code 2 and no stack', async (argv, message) => {
    expect(await bench(argv)).toEqual({ exitCode: 2, out: '', err: `${message}\n` })
  })
})

describe('the progress bar', () => {
  function terminal(isTTY: boolean) {
    const written: string[] = []
    const write = (text: string) => written.push(text) > 0
    return { isTTY, write, written }
  }

  it('draws how far the run is on one line, and wipes it', () => {
    const tty = terminal(true)
    const bar = new ProgressBar(tty, 'chain')
    bar.show({ run: 2, of: 5, fraction: 0.4 })
    bar.clear()
    expect(tty.written).toEqual([`\rchain ${'█'.repeat(12)}${'░'.repeat(18)} run 2 of 5, 40 %\u001b[K`, '\r\u001b[K'])
  })

  it('is silent where nobody looks', () => {
    const file = terminal(false)
    const bar = new ProgressBar(file, 'chain')
    bar.show({ run: 1, of: 1, fraction: 0.5 })
    bar.clear()
    expect(file.written).toEqual([])
  })
})
