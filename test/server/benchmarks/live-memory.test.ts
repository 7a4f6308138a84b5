import { describe, expect, it } from 'vitest'
import { defaultHost, run } from '../../../runtime/index.ts'
import { measureLiveMemory } from '../../../server/benchmarks/live-memory.ts'
import { readChainRequest, readHackysackRequest } from '../../../server/benchmarks/request.ts'

const host = defaultHost()
const collect = globalThis.gc as () => void

describe('the memory of coroutines that are alive', () => {
  it.each([
    readChainRequest({ n: 20_000 }),
    readHackysackRequest({ players: 20_000 }),
    readHackysackRequest({ players: 20_000, variant: 'rendezvous' }),
    readChainRequest({ n: 20_000, model: 'erlang' }),
    readHackysackRequest({ players: 20_000, model: 'erlang' }),
  ])('is below a kilobyte each, and gone after the run: %o', async (request) => {
    const memory = await run(measureLiveMemory, request, { host, collect }).promise
    expect(memory.perCoroutineBytes).toBeGreaterThan(200)
    expect(memory.perCoroutineBytes).toBeLessThan(1_000)
    // 20,000 coroutines: twenty-five bytes of each would be too much.
    expect(memory.leftBytes).toBeLessThan(500_000)
  })

  it.each([
    readHackysackRequest({ players: 500, turns: 100, model: 'axon-busy' }),
    readChainRequest({ n: 2, model: 'threads' }),
  ])('is not known of what never parks here: %o', async (request) => {
    const memory = await run(measureLiveMemory, request, { host, collect }).promise
    expect(memory).toMatchObject({ aliveBytes: undefined, perCoroutineBytes: undefined })
  })

  it('is not guessed when there are too few to be caught at it', async () => {
    const memory = await run(measureLiveMemory, readChainRequest({ n: 50 }), { host, collect }).promise
    expect(memory).toMatchObject({ aliveBytes: undefined, perCoroutineBytes: undefined })
  })
})
