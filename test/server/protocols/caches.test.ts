// Readers behind Debian's Varnish and nginx, with the configurations that stand in docs/deployment.md. Skipped where they are
// not installed.

import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'undici'
import { describe, expect, it } from 'vitest'
import { Behind, type Cache, caches, dialects } from './behind-cache.ts'

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

const [varnish] = caches as [Cache, ...Cache[]]

it.skipIf(varnish.isMissing)('Varnish wakes its readers by a reply that is whole, not by its head', async () => {
  const asked: ServerResponse[] = []
  const headers = { 'cache-control': 'public, max-age=60', 'content-length': '4' }
  const server = createServer(({ url = '' }, response) => {
    response.writeHead(200, headers)
    if (!url.includes('cursor=halved')) return response.end('here')
    response.write('he')
    return asked.push(response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const folder = mkdtempSync(join(tmpdir(), 'encke-cache-'))
  const socketPath = join(folder, 'socket')
  const child = varnish.start(folder, `${(server.address() as AddressInfo).port}`, socketPath)
  const [first, other] = [
    new Client('http://localhost', { socketPath }),
    new Client('http://localhost', { socketPath }),
  ]
  try {
    const ask = (client: Client, cursor: string) =>
      client.request({ method: 'GET', path: `/messages?cursor=${cursor}&topic=public%2Fa` })
    const whole = async (cursor: string) => (await ask(other, cursor)).body.text()
    await expect.poll(() => existsSync(socketPath) && whole('0').catch(() => ''), { timeout: 20_000 }).toBe('here')
    let hasHead = false
    const reading = ask(first, 'halved').then(({ body }) => {
      hasHead = true
      return body.text()
    })
    await expect.poll(() => asked.length).toBe(1)
    // A head that is passed on is here before the replies that are asked for after it.
    for (let cursor = 1; cursor <= 20; cursor += 1) expect(await whole(`${cursor}`)).toBe('here')
    expect(hasHead).toBe(false)
    asked[0]?.end('re')
    expect(await reading).toBe('here')
  } finally {
    await Promise.all([first.destroy(), other.destroy()])
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})
