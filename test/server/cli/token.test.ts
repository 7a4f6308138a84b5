import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { token } from '../../../server/cli/token.ts'
import { Served } from '../http/served.ts'
import { runCommand } from './run.ts'

const secret = 'a secret of thirty-two characters'
const env = { ENCKE_TOKEN_SECRET: secret }

describe('encke token', () => {
  it('mints a token with which its bearer may do what it says, and no more', async () => {
    await using server = await Served.start(['--token-secret', secret])
    const { out } = await runCommand(token, ['--publish', 'chat/*', '--subject', 'ada'], { env })
    const headers = { authorization: `Bearer ${out.trim()}` }
    expect((await server.post('/publish?topic=chat/a', 1, headers)).status).toBe(201)
    expect((await server.post('/publish?topic=news', 1, headers)).status).toBe(403)
    expect((await server.get('/messages?topic=chat/a&wait=0', { headers })).status).toBe(403)
  })

  it('mints one for administration, and says as JSON when it expires', async () => {
    await using server = await Served.start(['--token-secret', secret])
    const before = Date.now()
    const { out } = await runCommand(token, ['--admin', '--json', '--ttl', '1m'], { env })
    const after = Date.now()
    const minted = JSON.parse(out) as { token: string; expiresAt: string }
    const headers = { authorization: `Bearer ${minted.token}` }
    expect((await server.get('/admin/statistics', { headers })).status).toBe(200)
    // A token counts in whole seconds.
    expect(Date.parse(minted.expiresAt)).toBeGreaterThan(before + 59_000)
    expect(Date.parse(minted.expiresAt)).toBeLessThan(after + 61_000)
  })

  it.each([
    ['90', 90],
    ['90s', 90],
    ['15m', 900],
    ['1h', 3_600],
    ['7d', 604_800],
  ])('mints one that holds for --ttl %s', async (ttl, seconds) => {
    const { out } = await runCommand(token, ['--subscribe', '**', '--publish', 'chat/**', '--ttl', ttl], { env })
    const claims = JSON.parse(String(Buffer.from(out.split('.')[1] as string, 'base64url'))) as {
      exp: number
      iat: number
    }
    expect(claims.exp - claims.iat).toBe(seconds)
  })

  it.each([
    [['--admin', '--ttl', '0'], env, '--ttl must be a time such as 90s, 15m, 1h or 7d'],
    [['--admin', '--ttl', '1w'], env, '(got "1w")'],
    [['--admin', '--ttl', '99999d'], env, '--ttl must be'],
    [['--admin'], {}, 'token needs --token-secret (or ENCKE_TOKEN_SECRET)'],
    [[], env, 'this token could do nothing'],
    [['--publish', 'a', 'b'], env, 'quote patterns, or the shell expands them'],
    [['--subscribe', 'a/**/b'], env, '--subscribe must be patterns of topics'],
  ])('refuses %j with exit code 2, and repeats no secret', async (argv, given, complaint) => {
    const { code, err } = await runCommand(token, argv, { env: given as Record<string, string> })
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(complaint) })
    expect(err).not.toContain(secret)
  })

  // Every command has the same streams.
  it.skipIf(!existsSync('/dev/full'))('says that its output cannot be written, and exits with 1', () => {
    const full = openSync('/dev/full', 'w')
    const words = [fileURLToPath(new URL('../../../server/main.ts', import.meta.url)), 'token', '--admin']
    const given = { ...process.env, ...env }
    const { status, stderr } = spawnSync(process.execPath, words, { stdio: ['ignore', full, 'pipe'], env: given })
    closeSync(full)
    const complaint = /^encke: standard output cannot be written: ENOSPC/m
    expect([status, `${stderr}`]).toEqual([1, expect.stringMatching(complaint)])
  })
})
