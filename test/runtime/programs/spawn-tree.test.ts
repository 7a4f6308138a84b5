import { describe, expect, it } from 'vitest'
import { run, VirtualHost } from '../../../runtime/index.ts'
import { checkSpawnTree, spawnTree } from '../../../runtime/programs/spawn-tree.ts'

describe('the spawn tree', () => {
  it.each([
    [{ depth: 1, branches: 1 }, 1],
    [{ depth: 1, branches: 1_000 }, 1_000],
    [{ depth: 1_000, branches: 1 }, 1],
    [{ depth: 14, branches: 2 }, 16_384],
  ])('%j has %i leaves', async (options, leaves) => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const result = await host.play(scheduler.run(spawnTree, options))
    expect(result.leaves).toBe(leaves)
    checkSpawnTree(result, scheduler.statistics())
  })

  it.each([
    [{ depth: 0, branches: 2 }, 'depth must be a whole number from 1 (got 0)'],
    [{ depth: 2, branches: 1.5 }, 'branches must be a whole number from 1 (got 1.5)'],
  ])('refuses %j', async (options, complaint) => {
    await expect(run(spawnTree, options).promise).rejects.toThrow(new RangeError(complaint))
  })
})
