// Every model, on both programs, as they are measured.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { defaultHost, run, Scheduler } from '../../../runtime/index.ts'
import { models, objection } from '../../../server/benchmarks/models.ts'
import { programs } from '../../../server/benchmarks/programs.ts'
import { readChainRequest, readHackysackRequest, variants } from '../../../server/benchmarks/request.ts'
import type { Progress } from '../../../server/benchmarks/run.ts'
import { measuredRuns } from '../../../server/benchmarks/run.ts'
import { workloadOf } from '../../../server/benchmarks/workload.ts'

const host = defaultHost()

describe.each(models)('model %s', (model) => {
  const players = model === 'threads' ? 4 : 60

  it('runs the chain twice with the same counters: those of its links, and none of its own', async () => {
    const request = readChainRequest({ n: players, repeat: 2, model })
    const [one, two] = await run(measuredRuns, workloadOf(request), 2, { host }).promise
    expect(one?.outcome).toEqual(two?.outcome)
    const links = { spawned: players, finished: players, sends: players + 1, receives: players + 1 }
    const scheduled = model === 'threads' ? {} : { resumes: expect.any(Number), parked: 0 }
    expect(one?.outcome).toEqual({ answer: players, counters: { ...links, ...scheduled } })
  })

  it.each(variants)('plays hackysack, %s, with the kicks of the go model, or says why not', async (variant) => {
    const sizes = { players, turns: 100, variant, seed: 5 }
    const reason = objection(model, { benchmark: 'hackysack', repeat: 1, ...sizes })
    if (reason !== undefined) {
      // The programs know it, too: the table of refusals is theirs.
      const playing = new Scheduler().run(programs[model].hackysack, sizes).promise
      await expect(playing).rejects.toThrow(RangeError)
      return
    }
    const [played] = await run(measuredRuns, workloadOf(readHackysackRequest({ ...sizes, model })), 1, { host }).promise
    const [onGo] = await run(measuredRuns, workloadOf(readHackysackRequest({ ...sizes })), 1, { host }).promise
    expect(played?.outcome.trace).toBe(onGo?.outcome.trace)
    const traffic = { sends: 99 + players, receives: 99 + players, balls: 100, exits: players - 1 }
    expect(played?.outcome.counters).toMatchObject({ spawned: players, finished: players, ...traffic })
    expect('parked' in (played?.outcome.counters ?? {})).toBe(model !== 'threads')
  })
})

describe('the models', () => {
  // What can be said of a thread's progress is that it has started.
  const ofCoroutines = models.filter((model) => model !== 'threads')
  it.each(ofCoroutines)('show a progress that comes near the whole: %s', async (model) => {
    let time = 0
    const slowHost = { ...host, now: () => (time += 10) }
    const size = model === 'axon-busy' ? 300 : 5_000
    for (const request of [
      readChainRequest({ n: size, model }),
      readHackysackRequest({ players: size, turns: 2_000, model }),
    ]) {
      const told: Progress[] = []
      const onProgress = (progress: Progress) => void told.push(progress)
      await run(measuredRuns, workloadOf(request), 1, { host: slowHost, onProgress }).promise
      expect(told.at(-2)?.fraction).toBeGreaterThan(0.4)
    }
  })

  it('are listed in the README, with what they can play', () => {
    const readme = readFileSync(fileURLToPath(new URL('../../../README.md', import.meta.url)), 'utf8')
    const rows = [...readme.matchAll(/^\| `([a-z-]+)` \| .* \| (mailbox(?:, rendezvous)?)(?:;.*)? \|$/gm)]
    expect(rows.map(([, model, listed]) => [model, listed])).toEqual(
      models.map((model) => {
        const sizes = { benchmark: 'hackysack', players: 2, turns: 1, repeat: 1, variant: 'rendezvous' } as const
        return [model, objection(model, sizes) === undefined ? 'mailbox, rendezvous' : 'mailbox']
      }),
    )
  })
})

describe('hackysack on axon-busy', () => {
  it('costs resumes that grow with players times turns, where on axon they grow with players plus turns', async () => {
    const resumes = async (model: 'axon' | 'axon-busy', players: number) => {
      const request = readHackysackRequest({ players, turns: 200, model })
      const [played] = await run(measuredRuns, workloadOf(request), 1, { host }).promise
      return played?.outcome.counters.resumes ?? 0
    }
    expect((await resumes('axon-busy', 400)) / (await resumes('axon-busy', 100))).toBeGreaterThan(3)
    expect((await resumes('axon', 400)) / (await resumes('axon', 100))).toBeLessThan(2.5)
  })
})
