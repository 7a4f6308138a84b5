import { describe, expect, it } from 'vitest'
import { Keyring } from '../../../server/access/keyring.ts'
import { openBearers } from '../../../server/access/open-bearers.ts'

const none = { tokenKeys: undefined, tokenJwks: undefined, tokenSecret: undefined, tokenKeysMaxAgeMs: 1_000 }

/** What is said of these options. */
function warnings(options: object): string[] {
  const lines: string[] = []
  openBearers(
    { ...none, tokenAudience: [], tokenIssuer: [], ...options },
    {
      keyring: new Keyring({ publishKey: undefined, subscribeKey: undefined, adminToken: 'a' }),
      clock: () => 0,
      wallClock: () => 0,
      inBackground: () => {},
      warn: (line) => void lines.push(line),
    },
  )
  return lines
}

describe('tokens', () => {
  it('with a secret that can be guessed are warned of, without the secret', () => {
    expect(warnings({ tokenSecret: 'short' })).toEqual([expect.stringContaining('has 5 characters: give it 32')])
    expect(warnings({ tokenSecret: 'short' }).join()).not.toContain('short')
    expect(warnings({ tokenSecret: 'x'.repeat(32) })).toEqual([])
  })

  it.each([
    ['http://issuer.example/keys', 1],
    ['http://10.0.0.1/keys', 1],
    ['https://issuer.example/keys', 0],
    ['http://127.0.0.1:9000/keys', 0],
    ['http://[::1]/keys', 0],
    ['http://localhost/keys', 0],
  ])('whose keys come by %s are warned of %i times', (tokenJwks, count) => {
    expect(warnings({ tokenJwks })).toHaveLength(count)
  })
})
