import { describe, expect, it } from 'vitest'
import { RedisServer, redisIsMissing } from '../../brokers/redis-server.ts'
import { ServerProcess, type Serving } from '../../server-process.ts'

const leaseSeconds = 3

// biome-ignore lint/suspicious/noExplicitAny: the tests say what it is
async function json(node: Serving, path: string, init?: RequestInit): Promise<any> {
  const reply = await fetch(node.origin + path, init)
  expect(reply.status).toBe(200)
  return reply.json()
}

async function names(node: Serving): Promise<string[]> {
  const { members } = await json(node, '/presence?topic=chat')
  return members.map(({ name }: { name: string }) => name)
}

async function told(node: Serving): Promise<string[]> {
  const { messages } = await json(node, '/messages?topic=__presence/chat&from=earliest&wait=0')
  return messages.map(({ data }: { data: { name: string; event: string } }) => `${data.name} ${data.event}`)
}

describe.skipIf(redisIsMissing !== undefined)('the presence of nodes on one Redis', () => {
  it('is of all of them, and outlives one that is killed: what it had expires once, within the lease', async () => {
    await using redis = await RedisServer.start()
    const flags = ['--broker', redis.url, '--presence-lease-seconds', `${leaseSeconds}`]
    await using one = await ServerProcess.serving(flags)
    await using two = await ServerProcess.serving(flags)
    await using three = await ServerProcess.serving(flags)
    const stop = new AbortController()
    const poll = (node: Serving, name: string, client: string) =>
      json(node, `/messages?topic=chat&presence=${name}&client=${client}&wait=60`, { signal: stop.signal }).catch(
        () => {},
      )
    const polls = [poll(one, 'ann', 'a'), poll(one, 'bob', 'b'), poll(two, 'cyd', 'c')]
    for (const node of [one, two, three])
      await expect.poll(async () => (await names(node)).sort()).toEqual(['ann', 'bob', 'cyd'])
    polls.push(poll(three, 'ann', 'another'))
    for (const node of [one, two, three]) await expect.poll(async () => (await names(node)).sort()).toContain('ann (2)')

    one.kill('SIGKILL')
    const killedAt = performance.now()
    polls.push(poll(two, 'bob', 'b'))
    await expect.poll(() => names(three), { timeout: leaseSeconds * 2_000, interval: 20 }).not.toContain('ann')
    expect(performance.now() - killedAt).toBeLessThan(leaseSeconds * 2_000)
    for (const node of [two, three]) {
      await expect.poll(async () => (await names(node)).sort()).toEqual(['ann (2)', 'bob', 'cyd'])
    }
    await expect.poll(() => told(two)).toContain('ann expired')
    // Every node has had its say once all have heard the others for another lease.
    await expect.poll(() => performance.now() - killedAt).toBeGreaterThan(leaseSeconds * 2_000)
    expect((await told(three)).sort()).toEqual(['ann (2) join', 'ann expired', 'ann join', 'bob join', 'cyd join'])
    stop.abort()
    await Promise.all(polls)
  })
})
