import { describe, expect, it } from 'vitest'
import { bannerFor, readyLine } from '../../../server/cli/banner.ts'

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

  it('has the admin token in the part of the URL that is sent nowhere, and the line for programs has none', () => {
    const all = { ...ready, reading: 'nothing' } as const
    expect(bannerFor(all)).toContain('http://127.0.0.1:8080/admin/#token=a%20b\n')
    expect(readyLine(all, 0)).not.toMatch(/a b|a%20b/)
  })
})
