// docs/security.md tells the truth: its examples mint tokens that a server takes, for what they say and for nothing else.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Served } from '../http/served.ts'

const top = fileURLToPath(new URL('../../..', import.meta.url))
const document = readFileSync(`${top}docs/security.md`, 'utf8')
const secret = 'the secret of an application, long enough'
const hasPython = spawnSync('python3', ['--version']).status === 0

function block(language: string): string {
  const found = new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(document)?.[1]
  if (found === undefined) throw new Error(`there is no example in ${language}`)
  return found
}

function printed(command: string, words: string[], program: string): string {
  const env = { ...process.env, ENCKE_TOKEN_SECRET: secret }
  const { status, stdout, stderr } = spawnSync(command, words, { cwd: top, env, input: program })
  expect([status, String(stderr)]).toEqual([0, ''])
  return String(stdout).trim()
}

describe('the examples', () => {
  let served: Served

  beforeAll(async () => {
    served = await Served.start(['--token-secret', secret])
  })
  afterAll(() => served[Symbol.asyncDispose]())

  const examples: [string, () => string][] = [
    ['Node', () => printed(process.execPath, ['--input-type=module', '-', 'ann'], block('js'))],
    ['Python', () => printed('python3', ['-', 'ann'], block('python'))],
  ]
  it.each(examples.filter(([name]) => name !== 'Python' || hasPython))(
    'in %s mints a token that lets a user in',
    async (_name, mint) => {
      const token = mint()
      const headers = { authorization: `Bearer ${token}` }
      const read = async (topic: string) => (await served.get(`/messages?topic=${topic}&wait=0`, { headers })).status
      const publish = async (topic: string) => (await served.post(`/publish?topic=${topic}`, '1', headers)).status
      expect([await read('news/a/b'), await read('inbox/ann'), await read('inbox/bob')]).toEqual([200, 200, 403])
      expect([await publish('outbox/ann'), await publish('outbox/bob'), await publish('news/a')]).toEqual([
        201, 403, 403,
      ])
      const claims = JSON.parse(String(Buffer.from(token.split('.')[1] as string, 'base64url')))
      expect(claims.sub).toBe('ann')
      expect(claims.exp - Date.now() / 1_000).toBeLessThanOrEqual(601)
      expect(claims.exp - Date.now() / 1_000).toBeGreaterThan(500)
    },
  )
})
