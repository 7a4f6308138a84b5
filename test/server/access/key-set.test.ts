// The keys of an issuer: how they are kept, and what an issuer that is down, slow, huge or flooded with names does to them.

import { describe, expect, it } from 'vitest'
import { VirtualHost } from '../../../runtime/index.ts'
import { coolDownMs, freshMs, KeySet } from '../../../server/access/key-set.ts'
import { fetchKeys } from '../../../server/access/key-sources.ts'
import { readKeySet, readPublicKeys, type VerifyingKey } from '../../../server/access/verifying-key.ts'
import { Served } from '../http/served.ts'
import { KeyServer } from './key-server.ts'

const issuer = await KeyServer.start()
const keysNamed = (...kids: string[]) => readKeySet(JSON.stringify({ keys: kids.map((kid) => issuer.jwk(kid)) }))
await issuer[Symbol.asyncDispose]()

/** A set whose loads a test counts, lets succeed and lets fail. */
function aSet(first?: readonly VerifyingKey[]) {
  const state = { now: 0, loads: 0, problems: [] as (string | null)[], answer: async () => keysNamed('a') }
  const load = async () => {
    state.loads += 1
    return await state.answer()
  }
  const report = (problem: string | null) => void state.problems.push(problem)
  const set = new KeySet({ load, maxAgeMs: 60_000, clock: () => state.now, report }, first)
  const find = async (kid?: string) => (await set.find('EdDSA', kid)).map((key) => key.kid)
  return { state, set, find }
}

describe('a key set', () => {
  it('is loaded when a key is asked for, once for all who ask meanwhile', async () => {
    const { state, find } = aSet()
    expect(await Promise.all([find('a'), find('a'), find(), find('b')])).toEqual([['a'], ['a'], ['a'], []])
    expect(state.loads).toBe(1)
    expect(await find('a')).toEqual(['a'])
    expect(state.loads).toBe(1)
  })

  it('finds a new key at once, whenever the issuer has one', async () => {
    const { state, find } = aSet()
    await find('a')
    for (const kid of ['b', 'c', 'd']) {
      state.now += freshMs
      state.answer = async () => keysNamed('a', kid)
      expect(await find(kid)).toEqual([kid])
    }
    expect(state.loads).toBe(4)
  })

  it('is loaded once in a cool-down, however many names it does not know', async () => {
    const { state, find } = aSet()
    const flood = (round: number) => Promise.all(Array.from({ length: 100 }, (_, at) => find(`flood ${round} ${at}`)))
    await find('a')
    expect(await flood(1)).toEqual(Array(100).fill([]))
    expect(state.loads).toBe(1)
    // The first of them might have been a new key.
    for (state.now = freshMs; state.now < freshMs + coolDownMs; state.now += 100) await flood(state.now)
    expect(state.loads).toBe(2)
    state.answer = async () => keysNamed('a', 'b')
    expect(await find('b')).toEqual(['b'])
    expect(state.loads).toBe(3)
  })

  it('is loaded once in a cool-down while that fails, and then has the new key', async () => {
    const { state, find } = aSet()
    await find('a')
    state.now += freshMs
    state.answer = () => Promise.reject(new Error('down'))
    expect(await find('b')).toEqual([])
    state.answer = async () => keysNamed('a', 'b')
    state.now += coolDownMs - 1
    expect(await find('b')).toEqual([])
    expect(state.loads).toBe(2)
    state.now += 1
    expect(await find('b')).toEqual(['b'])
  })

  it('keeps the last good keys while it cannot be loaded, and says once when it can again', async () => {
    const { state, set, find } = aSet()
    await set.load()
    state.answer = () => Promise.reject(new Error('down'))
    expect([await set.load(), await set.load()]).toEqual([false, false])
    expect(await find('a')).toEqual(['a'])
    state.answer = async () => keysNamed('b')
    expect(await set.load()).toBe(true)
    expect(await set.load()).toBe(true)
    expect(state.problems).toEqual(['down', 'down', null])
  })

  it('withdraws a key that is gone, and no other', async () => {
    const [a, b] = keysNamed('a', 'b') as [VerifyingKey, VerifyingKey]
    const { state, set, find } = aSet([a, b])
    state.answer = async () => keysNamed('b', 'c')
    await set.load()
    expect([a.withdrawn.isOpen, b.withdrawn.isOpen]).toEqual([true, false])
    expect(await find()).toEqual(['b', 'c'])
    expect((await set.find('EdDSA', 'b'))[0]).toBe(b)
  })

  it('withdraws a key whose name another has now', async () => {
    const [a] = keysNamed('a') as [VerifyingKey]
    const { state, set } = aSet([a])
    const other = readKeySet(JSON.stringify({ keys: [{ ...issuer.jwk('b'), kid: 'a' }] }))
    state.answer = async () => other
    await set.load()
    expect(a.withdrawn.isOpen).toBe(true)
  })

  it('is kept fresh, and more often while it cannot be', async () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const { state, set } = aSet()
    const task = scheduler.run(() => set.keepFresh())
    const settle = async (ms: number) => {
      host.advance(ms)
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
      host.advance(0)
    }
    await settle(0)
    expect(state.loads).toBe(1)
    await settle(59_999)
    expect(state.loads).toBe(1)
    state.answer = () => Promise.reject(new Error('down'))
    await settle(1)
    expect(state.loads).toBe(2)
    await settle(coolDownMs)
    expect(state.loads).toBe(3)
    const ended = expect(task.promise).rejects.toMatchObject({ code: 'TASK_CANCELLED' })
    task.cancel()
    host.settle()
    await ended
  })
})

describe('an address of keys', () => {
  it('gives the keys that are for signatures', async () => {
    await using server = await KeyServer.start('a', 'b')
    expect((await fetchKeys(server.address)).map(({ kid }) => kid)).toEqual(['a', 'b'])
  })

  it.each([
    ['huge', /more than 524288 bytes/, (response) => response.end('x'.repeat(600_000))],
    [
      'endless',
      /more than 524288 bytes/,
      (response) => void setInterval(() => response.write('x'.repeat(100_000)), 1).unref(),
    ],
    ['slow', /no answer within 50 ms/, () => {}],
    ['slow in the middle', /no answer within 50 ms/, (response) => response.write('{"keys":[')],
    ['failing', /status 500/, (response) => response.writeHead(500).end()],
    ['elsewhere', /fetch failed|redirect/, (response) => response.writeHead(302, { location: '/other' }).end()],
    ['no JSON', /not JSON/, (response) => response.end('<html>')],
    ['no set', /no list of keys/, (response) => response.end('{"jwks":[]}')],
    ['crowded', /more than 100 keys/, (response) => response.end(JSON.stringify({ keys: Array(101).fill({}) }))],
  ] as [string, RegExp, NonNullable<KeyServer['answer']>][])(
    'is refused that is %s, with a reason',
    async (_what, reason, answer) => {
      await using server = await KeyServer.start('a')
      server.answer = answer
      const limitMs = reason.source.includes('50 ms') ? 50 : 5_000
      await expect(fetchKeys(`${server.address}?secret=1`, limitMs)).rejects.toThrow(reason)
      await expect(fetchKeys(`${server.address}?secret=1`, limitMs)).rejects.not.toThrow(/secret/)
    },
  )
})

describe('keys', () => {
  const jwk = issuer.jwk('a') as Record<string, unknown>

  it.each([
    ['a JSON Web Key', JSON.stringify(jwk), ['EdDSA']],
    ['a set of them', JSON.stringify({ keys: [jwk] }), ['EdDSA']],
    ['a key without alg', JSON.stringify({ ...jwk, alg: undefined }), ['EdDSA', 'Ed25519']],
  ])('may be %s', (_what, text, algorithms) => {
    expect(readPublicKeys(text).map((key) => key.algorithms)).toEqual([algorithms])
  })

  it.each([
    ['nothing', '', /no public key/],
    ['a text', 'hello', /no public key/],
    ['broken JSON', '{', /not JSON/],
    ['a secret', '{"kty":"oct","k":"c2VjcmV0"}', /secret/],
    ['a private key', JSON.stringify({ ...jwk, d: 'AAAA' }), /secret/],
    ['a private key as PEM', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----', /secret/],
    ['an empty set', '{"keys":[]}', /no public key/],
    ['a key of a kind that verifies nothing', JSON.stringify({ ...jwk, crv: 'X25519' }), /no public key/],
  ])('may not be %s', (_what, text, reason) => {
    expect(() => readPublicKeys(text)).toThrow(reason)
  })

  it.each([
    ['for encryption', { ...jwk, use: 'enc' }],
    ['that may only sign', { ...jwk, key_ops: ['sign'] }],
    ['of an algorithm that it has not', { ...jwk, alg: 'RS256' }],
    ['that is a secret', { kty: 'oct', k: 'c2VjcmV0', kid: 'a', alg: 'HS256' }],
    ['that is broken', { ...jwk, x: 'AA' }],
    ['that is nothing', null],
  ])('of a set are passed over %s', (_what, key) => {
    expect(readKeySet(JSON.stringify({ keys: [key] }))).toEqual([])
  })

  it('in a file that cannot be read keep the server from starting, in one line', async () => {
    await expect(Served.start(['--token-keys', '/nowhere/keys.pem'])).rejects.toMatchObject({
      code: 'ENCKE_ERR_CONFIG',
      complaints: [expect.stringMatching(/^--token-keys cannot be read: \/nowhere\/keys.pem: ENOENT/)],
    })
  })
})

describe('a server with an address of keys', () => {
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
  const encke = { subscribe: ['**'] }
  const start = (address: string, clock = () => performance.now()) =>
    Served.start(['--token-jwks', address, '--client-limits', 'off'], { clock })

  it('lets in by a key that the issuer has had for some seconds, at the first request', async () => {
    let now = 0
    await using keys = await KeyServer.start('old')
    await using served = await start(keys.address, () => now)
    expect((await served.get('/topics/a', bearer(await keys.sign('old', { encke })))).status).toBe(200)
    keys.published = ['old', 'new']
    now = freshMs
    expect((await served.get('/topics/a', bearer(await keys.sign('new', { encke })))).status).toBe(200)
    expect(keys.asked).toBe(2)
  })

  it('fetches once, whatever names of keys it is flooded with', async () => {
    await using keys = await KeyServer.start('a')
    await using served = await start(keys.address, () => 0)
    expect((await served.get('/topics/a', bearer(await keys.sign('a', { encke })))).status).toBe(200)
    const flood = Array.from({ length: 300 }, async (_, at) => {
      const token = await keys.sign(`flood ${at % 20}`, { encke, at })
      return (await served.get('/topics/a', bearer(token))).status
    })
    expect(new Set(await Promise.all(flood))).toEqual(new Set([401]))
    expect([keys.asked, keys.mostAtOnce]).toEqual([1, 1])
  })

  it('verifies on while the issuer is down, by the last good keys', async () => {
    const keys = await KeyServer.start('a')
    await using served = await start(keys.address)
    expect((await served.get('/topics/a', bearer(await keys.sign('a', { encke, n: 1 })))).status).toBe(200)
    await keys[Symbol.asyncDispose]()
    expect((await served.get('/topics/a', bearer(await keys.sign('a', { encke, n: 2 })))).status).toBe(200)
    expect((await served.get('/topics/a', bearer(await keys.sign('b', { encke })))).status).toBe(401)
  })

  it('says to come back where the issuer has never answered, and does not make everybody wait for it', async () => {
    await using keys = await KeyServer.start('a')
    keys.answer = (response) => response.writeHead(500).end()
    await using served = await start(keys.address)
    for (let round = 0; round < 20; round += 1) {
      const answer = await served.get('/topics/a', bearer(await keys.sign('a', { encke, round })))
      expect([answer.status, answer.json.code, answer.headers['retry-after']]).toEqual([
        503,
        'ENCKE_ERR_SERVER_KEYS',
        '5',
      ])
    }
    expect(keys.asked).toBe(1)
    expect((await served.get('/healthz')).status).toBe(200)
  })
})
