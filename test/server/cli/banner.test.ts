import { execFile } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { bannerFor, readyLine } from '../../../server/cli/banner.ts'
import { Served } from '../http/served.ts'

const program = fileURLToPath(new URL('../../../server/main.ts', import.meta.url))

const ready = { version: '1.2.3', url: 'http://127.0.0.1:8080', adminToken: 'a b', broker: 'memory:', startMs: 300 }

describe('the banner', () => {
  it.each([
    ['nothing', "curl 'http://127.0.0.1:8080/messages?topic=hello'"],
    ['key', `curl -H "Authorization: Bearer $ENCKE_SUBSCRIBE_KEY" 'http://127.0.0.1:8080/messages?topic=hello'`],
    ['token', `curl -H "Authorization: Bearer $ENCKE_TOKEN" 'http://127.0.0.1:8080/messages?topic=hello'`],
  ] as const)('has a line to try that presents what a reader needs: %s', (reading, line) => {
    const banner = bannerFor({ ...ready, reading })
    expect(banner).toContain(`Try        ${line}\n`)
    expect(banner.includes('export ENCKE_TOKEN=$(encke token --subscribe hello)')).toBe(reading === 'token')
  })

  it.each([
    ['nothing', [], {}],
    ['key', ['--subscribe-key', "a 'key'", '--publish-key', 'p'], { ENCKE_SUBSCRIBE_KEY: "a 'key'" }],
    ['token', ['--token-secret', 's'.repeat(32)], { ENCKE_TOKEN_SECRET: 's'.repeat(32) }],
  ] as const)('has lines that run as they stand, and read: %s', async (reading, flags, variables) => {
    await using served = await Served.start(flags)
    const banner = bannerFor({ ...ready, url: served.origin, reading })
    const lines = [...banner.matchAll(/^ {2}(?:Token|Try) +(.*)$/gm)].map(([, line]) => line)
    expect(lines).toHaveLength(reading === 'token' ? 2 : 1)
    const script = ['encke() { "$NODE" "$PROGRAM" "$@"; }', ...lines].join('\n')
    const env = { PATH: process.env['PATH'], NODE: process.execPath, PROGRAM: program, ...variables }
    const reader = promisify(execFile)('bash', ['-c', script], { env })
    await served.waiting(1)
    const { hub, scheduler } = served.app
    await scheduler.run(() => hub.publish('hello', { data: '"world"', bytes: 7 })).promise
    expect(JSON.parse((await reader).stdout)).toMatchObject({ messages: [{ topic: 'hello', data: 'world' }] })
  })

  it('has the admin token in the part of the URL that is sent nowhere, and the line for programs has none', () => {
    const all = { ...ready, reading: 'nothing' } as const
    expect(bannerFor(all)).toContain('http://127.0.0.1:8080/admin/#token=a%20b\n')
    expect(readyLine(all, 0)).not.toMatch(/a b|a%20b/)
  })
})
