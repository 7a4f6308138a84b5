// A proxy that is not told about, or that changes Host, makes itself felt as 403, 421 or limits that all share: the log says so.

import { describe, expect, it, vi } from 'vitest'
import { Served } from '../http/served.ts'

/** A server, and what it warns of. */
async function watched(...flags: string[]) {
  const warnings: string[] = []
  const served = await Served.start(flags, {}, ({ http }) => {
    vi.spyOn(http.log, 'warn').mockImplementation((line: unknown) => void warnings.push(String(line)))
  })
  return { served, warnings }
}

const get = (served: Served, headers: Record<string, string>) => served.get('/messages?topic=a&wait=0', { headers })
const publish = (served: Served, headers: Record<string, string>) => served.post('/publish?topic=a', '1', headers)

describe('a proxy that is not trusted', () => {
  it.each<[string, Record<string, string>]>([
    ['X-Forwarded-For', { 'x-forwarded-for': '203.0.113.8' }],
    ['Forwarded', { forwarded: 'for=203.0.113.8' }],
    ['X-Real-IP', { 'x-real-ip': '203.0.113.8' }],
  ])('is told once, with what to set: %s', async (name, headers) => {
    const { served, warnings } = await watched()
    await using _served = served
    for (let asked = 0; asked < 3; asked += 1) expect((await get(served, headers)).status).toBe(200)
    await publish(served, headers)
    expect(warnings).toEqual([expect.stringMatching(/127\.0\.0\.1.*count as one client.*--trust-proxy/)])
    expect(warnings[0]).toContain(name)
  })

  it('is told also when another one is trusted', async () => {
    const { served, warnings } = await watched('--trust-proxy', '192.0.2.1')
    await using _served = served
    await get(served, { 'x-forwarded-for': '203.0.113.8' })
    expect(warnings).toEqual([expect.stringContaining('--trust-proxy')])
  })

  it.each<[string, string[], Record<string, string>]>([
    ['there is none', [], {}],
    ['it is trusted', ['--trust-proxy', '1'], { 'x-forwarded-for': '203.0.113.8' }],
    ['it is trusted by its address', ['--trust-proxy', '127.0.0.0/8'], { 'x-forwarded-for': '203.0.113.8' }],
    ['there are no limits per client', ['--client-limits', 'off'], { 'x-forwarded-for': '203.0.113.8' }],
  ])('is not told when %s', async (_, flags, headers) => {
    const { served, warnings } = await watched(...flags)
    await using _served = served
    await get(served, headers)
    expect(warnings).toEqual([])
  })

  it('is told when it is trusted, and names the client in a header that is not read', async () => {
    const { served, warnings } = await watched('--trust-proxy', '1')
    await using _served = served
    await get(served, { forwarded: 'for=203.0.113.8' })
    expect(warnings).toEqual([expect.stringMatching(/Forwarded.*X-Forwarded-For/)])
  })
})

describe('a proxy that changes Host', () => {
  it('is told once when a page cannot publish, with what to set', async () => {
    const { served, warnings } = await watched('--trust-proxy', '1')
    await using _served = served
    const headers = { origin: 'https://chat.example.com', 'x-forwarded-host': 'chat.example.com' }
    for (let asked = 0; asked < 3; asked += 1) expect((await publish(served, headers)).status).toBe(403)
    expect(warnings).toEqual([
      expect.stringMatching(
        /chat\.example\.com.*changes Host.*--public-hosts chat\.example\.com.*--origins https:\/\/chat/,
      ),
    ])
  })

  it('is guessed at where it does not say so, as nginx does not by default', async () => {
    const { served, warnings } = await watched()
    await using _served = served
    expect((await publish(served, { origin: 'https://chat.example.com' })).status).toBe(403)
    expect(warnings).toEqual([expect.stringMatching(/https:\/\/chat\.example\.com.*--origins/)])
  })

  it('or names a host that is unknown here is told once, with what to set', async () => {
    const { served, warnings } = await watched()
    await using _served = served
    for (let asked = 0; asked < 3; asked += 1)
      expect((await get(served, { host: 'chat.example.com' })).status).toBe(421)
    expect(warnings).toEqual([expect.stringMatching(/chat\.example\.com.*--public-hosts/)])
  })

  it('cannot fill a line of the log, nor write one of its own', async () => {
    const { served, warnings } = await watched()
    await using _served = served
    await publish(served, { origin: `https://${'x'.repeat(5_000)}.example` })
    expect(warnings[0]?.length).toBeLessThan(600)
  })

  it('is not told when pages can publish', async () => {
    const { served, warnings } = await watched('--origins', 'https://chat.example.com')
    await using _served = served
    expect((await publish(served, { origin: 'https://chat.example.com' })).status).toBe(201)
    expect((await publish(served, { origin: 'http://localhost', host: 'localhost' })).status).toBe(201)
    expect(warnings).toEqual([])
  })
})
