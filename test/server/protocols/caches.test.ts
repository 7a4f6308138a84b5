// Readers behind Debian's Varnish and nginx, with the configurations that stand in docs/deployment.md. Skipped where they are
// not installed.

import { describe, expect, it } from 'vitest'
import { Behind, caches, dialects } from './behind-cache.ts'

for (const cache of caches) {
  describe.skipIf(cache.isMissing)(`behind ${cache.name}`, () => {
    it.each(dialects)(
      'many readers by $name ask the server as one, lose nothing and get nothing twice, in silence too',
      async (dialect) => {
        await using behind = await Behind.start(cache, ['--wait-default-seconds', '1'])
        const path = await dialect.start(behind.served)
        const readers = Array.from({ length: 60 }, () => behind.read(dialect, path, 5))
        const begun = performance.now()
        for (let data = 1; data <= 5; data += 1) {
          await expect.poll(() => behind.served.app.hub.statistics().waiting).toBeGreaterThan(0)
          await dialect.publish(behind.served, data)
          // Two polls' time of silence in the middle.
          if (data === 3) await new Promise((resolve) => setTimeout(resolve, 2_500))
        }
        for (const got of await Promise.all(readers)) expect(got).toEqual([1, 2, 3, 4, 5])
        expect(behind.origin).toBeLessThan(behind.asked / 15)
        // No reader spins: news, and a time-out a second.
        expect(behind.asked / 60).toBeLessThan(5 + 2 * ((performance.now() - begun) / 1_000))
      },
    )

    it.each(dialects)(
      'readers by $name outlast a server that drains while another takes over: nothing lost, nothing twice, and still as one',
      async (dialect) => {
        await using behind = await Behind.start(cache, ['--drain-pause-ms', '0', '--drain-ms', '100'])
        const path = await dialect.start(behind.served)
        const readers = Array.from({ length: 60 }, () => behind.read(dialect, path, 4))
        const waits = () => behind.served.app.hub.statistics().waiting
        await expect.poll(waits).toBeGreaterThan(0)
        await dialect.publish(behind.served, 1)
        await expect.poll(waits).toBeGreaterThan(0)
        await behind.restart()
        await dialect.publish(behind.served, 2)
        await expect.poll(waits).toBeGreaterThan(0)
        await behind.restart()
        for (const data of [3, 4]) await dialect.publish(behind.served, data)
        for (const got of await Promise.all(readers)) expect(got).toEqual([1, 2, 3, 4])
        expect(behind.origin).toBeLessThan(behind.asked / 6)
        // News, two goodbyes, and what a goodbye that a cache keeps for a second repeats.
        expect(behind.asked / 60).toBeLessThan(12)
      },
    )

    it('what is private stays between a reader and the server', async () => {
      await using behind = await Behind.start(cache, ['--subscribe-key', 'secret', '--publish-key', 'secret'])
      const authorization = 'Bearer secret'
      const path = '/messages?from=earliest&topic=public%2Fa&wait=0'
      await behind.served.post('/publish?topic=public/a', '1', { authorization })
      for (const headers of [{ authorization }, {}, { authorization }]) {
        expect((await behind.ask(path, headers as Record<string, string>)).json.messages).toHaveLength(1)
      }
      expect(behind.origin).toBe(3)
      const refused = await behind.ask('/messages?topic=other&wait=0')
      expect(refused.status).toBe(401)
      expect((await behind.ask('/messages?topic=other&wait=0', { authorization })).status).toBe(200)
    })
  })
}
