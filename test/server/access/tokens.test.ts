// Tokens over HTTP: what they let their bearers do, topic by topic, and what comes back when they are attacked.

import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mintToken, type TokenRequest } from '../../../server/access/mint-token.ts'
import { type Answer, Served } from '../http/served.ts'

const secret = 'the secret of these tests, long enough'
const keyPairs = {
  EdDSA: generateKeyPairSync('ed25519'),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  stranger: generateKeyPairSync('ed25519'),
}
const pem = (key: KeyObject) => String(key.export({ type: 'spki', format: 'pem' }))
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const mint = (request: Partial<TokenRequest> = {}) => mintToken({ secret, ttlSeconds: 60, subject: 'ann', ...request })
const seconds = () => Math.floor(Date.now() / 1_000)

let folder: string
let served: Served

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encke-tokens-'))
  const file = join(folder, 'keys.pem')
  writeFileSync(
    file,
    `${pem(keyPairs.EdDSA.publicKey)}${pem(keyPairs.ES256.publicKey)}${pem(keyPairs.RS256.publicKey)}`,
  )
  const flags = [
    '--token-secret',
    secret,
    '--token-keys',
    file,
    '--token-audience',
    'encke,push',
    '--token-issuer',
    'app',
  ]
  served = await Served.start([...flags, '--client-limits', 'off', '--anonymous-subscribe', 'public/**'])
})
afterAll(async () => {
  await served[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const sound = { audience: 'encke', issuer: 'app' }
const read = (topic: string, token: string) => served.get(`/messages?topic=${topic}&wait=0`, bearer(token))
const outcome = ({ status, json }: Answer) => (status < 300 ? status : `${status} ${json.code}`)

/** A token of any shape, signed by `key`. */
function signed(alg: string, key: KeyObject | Uint8Array, claims: object = {}, header: object = {}): Promise<string> {
  const all = { aud: 'encke', iss: 'app', exp: seconds() + 60, encke: { subscribe: ['**'] }, ...claims }
  return new SignJWT(all).setProtectedHeader({ alg, ...header }).sign(key)
}

describe('a token', () => {
  const doors: Record<string, (topic: string, token: string) => Promise<Answer>> = {
    'publish POST /publish': (topic, token) => served.post(`/publish?topic=${topic}`, '1', bearer(token).headers),
    'publish POST /topics/x/messages': (topic, token) =>
      served.post(`/topics/${encodeURIComponent(topic)}/messages`, '1', bearer(token).headers),
    'publish several': (topic, token) =>
      served.post('/publish', { messages: [{ topic, data: 1 }] }, bearer(token).headers),
    'subscribe GET /messages': read,
    'subscribe GET /topics/x/messages': (topic, token) =>
      served.get(`/topics/${encodeURIComponent(topic)}/messages?wait=0`, bearer(token)),
    'subscribe GET /topics/x': (topic, token) => served.get(`/topics/${encodeURIComponent(topic)}`, bearer(token)),
    'subscribe POST /poll': (topic, token) => served.post('/poll', { topics: [topic], wait: 0 }, bearer(token).headers),
  }

  it.each(Object.entries(doors))('%s lets in what its patterns match, and nothing else', async (door, ask) => {
    const right = door.startsWith('publish') ? 'publish' : 'subscribe'
    const token = await mint({ ...sound, [right]: ['a/*', 'c/**'] })
    for (const topic of ['a/b', 'c/d/e']) expect([topic, (await ask(topic, token)).status < 300]).toEqual([topic, true])
    for (const topic of ['a', 'a/b/c', 'A/b', 'a/b/', 'b', 'c', 'xa/b', '__a/b']) {
      const { status, json } = await ask(topic, token)
      const codes = topic.startsWith('__') ? ['ENCKE_ERR_TOPIC_RESERVED'] : ['ENCKE_ERR_RIGHT', 'ENCKE_ERR_TOPIC_NAME']
      expect({ topic, isRefused: status === 403 || status === 400 }).toEqual({ topic, isRefused: true })
      expect(codes).toContain(json.code)
    }
    const other = await mint({ ...sound, [right === 'publish' ? 'subscribe' : 'publish']: ['**'] })
    expect(outcome(await ask('a/b', other))).toBe('403 ENCKE_ERR_RIGHT')
  })

  it('is judged by the topic as the server knows it, however the URL writes it', async () => {
    const token = await mint({ ...sound, subscribe: ['a/*'] })
    const get = async (path: string) => outcome(await served.get(path, bearer(token)))
    expect(await get('/topics/a%2Fb/messages?wait=0')).toBe(200)
    expect(await get('/topics/%61%2fb/messages?wait=0')).toBe(200)
    expect(await get('/messages?topic=a%2Fb&wait=0')).toBe(200)
    expect(await get('/messages?topic=%61/b&wait=0')).toBe(200)
    expect(await get('/topics/a%2Fb%2Fc/messages?wait=0')).toBe('403 ENCKE_ERR_RIGHT')
    expect(await get('/topics/x%2Fb/messages?wait=0')).toBe('403 ENCKE_ERR_RIGHT')
    expect(await get('/messages?topic=a%2Fb%2Fc&wait=0')).toBe('403 ENCKE_ERR_RIGHT')
    expect(await get('/topics/a%252Fb/messages?wait=0')).toMatch(/^40[03]/)
    expect(await get('/messages?topic=a/./b&wait=0')).toMatch(/^40[03]/)
    expect(await get('/messages?topic=a/../b&wait=0')).toMatch(/^40[03]/)
    expect(await get('/topics/%5F%5Fa/messages?wait=0')).toBe('403 ENCKE_ERR_TOPIC_RESERVED')
  })

  it('must have a right to every topic of a request, or nothing of it is done', async () => {
    const token = await mint({ ...sound, subscribe: ['a', 'b'], publish: ['a', 'b'] })
    expect(outcome(await read('a&topic=b', token))).toBe(200)
    expect(outcome(await read('a&topic=c', token))).toBe('403 ENCKE_ERR_RIGHT')
    const poll = (...topics: string[]) => served.post('/poll', { topics, wait: 0 }, bearer(token).headers)
    expect(outcome(await poll('a', 'b'))).toBe(200)
    expect(outcome(await poll('a', 'b', 'c'))).toBe('403 ENCKE_ERR_RIGHT')
    const { published } = served.app.hub.statistics()
    const publish = (...topics: string[]) =>
      served.post('/publish', { messages: topics.map((topic) => ({ topic, data: 1 })) }, bearer(token).headers)
    expect(outcome(await publish('a', 'c'))).toBe('403 ENCKE_ERR_RIGHT')
    expect(outcome(await publish('a', '__presence/a'))).toBe('403 ENCKE_ERR_TOPIC_RESERVED')
    expect(served.app.hub.statistics().published).toBe(published)
    expect(outcome(await publish('a', 'b'))).toBe(201)
  })

  it('is refused before the body is read', async () => {
    const token = await mint({ ...sound, publish: ['a'] })
    const wire = await served.wire()
    const head = (topic: string) =>
      `POST /publish?topic=${topic} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n`
    await wire.write(head('b'))
    expect((await wire.reply()).json.code).toBe('ENCKE_ERR_RIGHT')
  })

  it('may come in the cookie encke_token, in any of several that is sound', async () => {
    const good = await mint({ ...sound, subscribe: ['**'] })
    const stale = await mintToken({ secret, ...sound, ttlSeconds: 1, wallClock: () => 0, subscribe: ['**'] })
    const get = async (cookie: string) => outcome(await served.get('/topics/a', { headers: { cookie } }))
    expect(await get(`encke_token=${good}`)).toBe(200)
    expect(await get(`a=b; encke_token="${good}"; c=d`)).toBe(200)
    expect(await get(`encke_token=${stale}; encke_token=${good}`)).toBe(200)
    expect(await get(`encke_token=${good}; encke_token=x.y.z`)).toBe(200)
    expect(await get(`encke_token=x; encke_token=${stale}; encke_token=x.y.z`)).toBe('401 ENCKE_ERR_TOKEN_EXPIRED')
    expect(await get(`${'encke_token=x.y.z; '.repeat(3)}encke_token=${good}`)).toBe(200)
    expect(await get(`${'encke_token=x.y.z; '.repeat(4)}encke_token=${good}`)).toBe('401 ENCKE_ERR_TOKEN')
    expect(await get(`not_encke_token=${good}`)).toBe('401 ENCKE_ERR_TOKEN_MISSING')
    expect(await get(`ENCKE_TOKEN=${good}`)).toBe('401 ENCKE_ERR_TOKEN_MISSING')
    // What the request says itself counts, whatever a browser adds to it.
    const both = { headers: { cookie: `encke_token=${good}`, authorization: `Bearer ${stale}` } }
    expect(outcome(await served.get('/topics/a', both))).toBe('401 ENCKE_ERR_TOKEN_EXPIRED')
  })

  it('opens administration where it says so, and as a bearer only', async () => {
    const admin = await mint({ ...sound, admin: true })
    const statistics = (headers: Record<string, string>) => served.get('/admin/statistics', { headers })
    expect((await statistics({ authorization: `Bearer ${admin}` })).status).toBe(200)
    expect((await statistics({ authorization: `Bearer ${served.app.adminToken}` })).status).toBe(200)
    expect(outcome(await statistics({ cookie: `encke_token=${admin}` }))).toBe('403 ENCKE_ERR_RIGHT')
    const reader = await mint({ ...sound, publish: ['**'], subscribe: ['**'], manage: ['**'] })
    expect(outcome(await statistics({ authorization: `Bearer ${reader}` }))).toBe('403 ENCKE_ERR_RIGHT')
    expect(outcome(await read('a', admin))).toBe('403 ENCKE_ERR_RIGHT')
  })

  it('is wanted from everybody, except for what everybody may read', async () => {
    const codes = async (path: string) => outcome(await served.get(path))
    expect(await codes('/topics/a')).toBe('401 ENCKE_ERR_TOKEN_MISSING')
    expect(await codes('/messages?topic=a')).toBe('401 ENCKE_ERR_TOKEN_MISSING')
    expect(outcome(await served.publish('public/a', 1))).toBe('401 ENCKE_ERR_TOKEN_MISSING')
    expect(await codes('/messages?topic=public/a&wait=0')).toBe(200)
    expect(await codes('/messages?topic=public/a&topic=a&wait=0')).toBe('401 ENCKE_ERR_TOKEN_MISSING')
    const poll = (...topics: string[]) => served.post('/poll', { topics, wait: 0 })
    expect(outcome(await poll('public/a'))).toBe(200)
    expect(outcome(await poll('public/a', 'a'))).toBe('401 ENCKE_ERR_TOKEN_MISSING')
    for (const path of ['/healthz', '/openapi.json', '/']) expect((await served.get(path)).status).toBe(200)
    expect((await served.get('/healthz', bearer('a.b.c'))).status).toBe(200)
    // One that is stale locks nobody out of what is open.
    expect((await served.get('/topics/public%2Fa', bearer('a.b.c'))).status).toBe(200)
  })
})

describe('reserved topics', () => {
  it('are published to by nobody, and managed by nobody', async () => {
    const all = await mint({ ...sound, publish: ['**'], subscribe: ['**'], manage: ['**'], admin: true })
    for (const topic of ['__a', '__presence/a', '__encke/samples']) {
      const answer = await served.post(`/publish?topic=${topic}`, '1', bearer(all).headers)
      expect(outcome(answer)).toBe('403 ENCKE_ERR_TOPIC_RESERVED')
    }
  })

  it('are read by those who may: presence with the topic, the dashboard by administrators, others by nobody', async () => {
    const admin = await mint({ ...sound, admin: true })
    const reader = await mint({ ...sound, subscribe: ['a/*'] })
    const all = await mint({ ...sound, subscribe: ['**'], publish: ['**'] })
    expect(outcome(await read('__encke/samples', admin))).toBe(200)
    expect(outcome(await read('__encke/samples', all))).toBe('403 ENCKE_ERR_RIGHT')
    expect(outcome(await read('__presence/a/b', reader))).toBe(200)
    expect(outcome(await read('__presence/a', reader))).toBe('403 ENCKE_ERR_RIGHT')
    expect(outcome(await read('__presence/a/b/c', reader))).toBe('403 ENCKE_ERR_RIGHT')
    expect(outcome(await read('__presence/__encke/samples', all))).toBe('403 ENCKE_ERR_TOPIC_RESERVED')
    expect(outcome(await read('__presence/', all))).toMatch(/^40[03]/)
    expect(outcome(await read('__other/a', all))).toBe('403 ENCKE_ERR_TOPIC_RESERVED')
    expect(outcome(await served.get('/topics/__presence%2Fpublic%2Fa'))).toBe(200)
    expect(outcome(await served.get('/topics/__presence%2Fa'))).toBe('401 ENCKE_ERR_TOKEN_MISSING')
  })

  it('are the same on a server that is open', async () => {
    await using open = await Served.start()
    const get = async (topic: string, headers = {}) =>
      outcome(await open.get(`/messages?topic=${topic}&wait=0`, { headers }))
    expect(outcome(await open.publish('__a', 1))).toBe('403 ENCKE_ERR_TOPIC_RESERVED')
    expect(outcome(await open.publish('__presence/a', 1))).toBe('403 ENCKE_ERR_TOPIC_RESERVED')
    expect(await get('__a')).toBe('403 ENCKE_ERR_TOPIC_RESERVED')
    expect(await get('a&topic=__a')).toBe('403 ENCKE_ERR_TOPIC_RESERVED')
    expect(outcome(await open.post('/poll', { topics: ['a', '__a'], wait: 0 }))).toBe('403 ENCKE_ERR_TOPIC_RESERVED')
    expect(await get('__presence/a')).toBe(200)
    expect(await get('__encke/samples')).toBe('401 ENCKE_ERR_ADMIN_TOKEN')
    expect(await get('__encke/samples', { authorization: `Bearer ${open.app.adminToken}` })).toBe(200)
  })
})

describe('an attack', () => {
  const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { aud: 'encke', iss: 'app', exp: seconds() + 600, encke: { subscribe: ['**'], admin: true } }
  const hmac = (key: string | Buffer, header: object, body: object = claims) => {
    const text = `${base64(header)}.${base64(body)}`
    return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
  }
  const { EdDSA, ES256, RS256, stranger } = keyPairs

  const sounds: [what: string, token: () => Promise<string> | string][] = [
    ['HS256', () => signed('HS256', new TextEncoder().encode(secret))],
    ['EdDSA', () => signed('EdDSA', EdDSA.privateKey)],
    ['ES256', () => signed('ES256', ES256.privateKey)],
    ['RS256', () => signed('RS256', RS256.privateKey)],
    ['PS384', () => signed('PS384', RS256.privateKey)],
    ['one that names a key in a file without names', () => signed('EdDSA', EdDSA.privateKey, {}, { kid: 'k1' })],
    ['one for several audiences', () => signed('EdDSA', EdDSA.privateKey, { aud: ['others', 'push'] })],
    ['one that has just begun', () => signed('EdDSA', EdDSA.privateKey, { nbf: seconds() })],
    ['one without an end', () => signed('EdDSA', EdDSA.privateKey, { exp: undefined })],
  ]
  it.each(sounds)('is none: %s', async (_what, token) => {
    expect(outcome(await read('a', await token()))).toBe(200)
  })

  const attacks: [what: string, token: () => Promise<string> | string, code: string, reason: RegExp][] = [
    ['alg none', () => `${base64({ alg: 'none' })}.${base64(claims)}.`, 'TOKEN', /not signed/],
    ['alg None, with a signature', () => hmac(secret, { alg: 'None' }), 'TOKEN', /does not fit any key/],
    ['no alg', () => hmac(secret, { typ: 'JWT' }), 'TOKEN', /not signed/],
    [
      'HS256 by the public key, as PEM',
      () => hmac(pem(RS256.publicKey), { alg: 'HS256' }),
      'TOKEN',
      /does not fit any key/,
    ],
    [
      'HS256 by the public key, as DER',
      () => hmac(RS256.publicKey.export({ type: 'spki', format: 'der' }), { alg: 'HS256' }),
      'TOKEN',
      /does not fit any key/,
    ],
    ['HS256 by another secret', () => hmac(`${secret}x`, { alg: 'HS256' }), 'TOKEN', /does not fit any key/],
    ['HS256 by no secret', () => hmac('', { alg: 'HS256' }), 'TOKEN', /does not fit any key/],
    ['HS512 by the secret', () => signed('HS512', Buffer.from(secret.repeat(2))), 'TOKEN', /does not fit any key/],
    ['a stranger', () => signed('EdDSA', stranger.privateKey), 'TOKEN', /does not fit any key/],
    [
      'a stranger who brings the key along',
      () => signed('EdDSA', stranger.privateKey, {}, { jwk: stranger.publicKey.export({ format: 'jwk' }) }),
      'TOKEN',
      /does not fit any key/,
    ],
    [
      'a stranger who says where the key is',
      () => signed('EdDSA', stranger.privateKey, {}, { jku: 'http://127.0.0.1:1/keys', x5u: 'http://127.0.0.1:1/c' }),
      'TOKEN',
      /does not fit any key/,
    ],
    [
      'an extension that must be understood',
      () => hmac(secret, { alg: 'HS256', crit: ['x'], x: 1 }),
      'TOKEN',
      /cannot/,
    ],
    [
      'expired by a second',
      () => signed('EdDSA', EdDSA.privateKey, { exp: seconds() - 1 }),
      'TOKEN_EXPIRED',
      /expired/,
    ],
    ['expired now', () => signed('EdDSA', EdDSA.privateKey, { exp: seconds() }), 'TOKEN_EXPIRED', /expired/],
    ['expired, by a stranger', () => signed('EdDSA', stranger.privateKey, { exp: 1 }), 'TOKEN', /does not fit any key/],
    ['not yet valid', () => signed('EdDSA', EdDSA.privateKey, { nbf: seconds() + 5 }), 'TOKEN', /not valid yet/],
    ['an end that is no number', () => signed('EdDSA', EdDSA.privateKey, { exp: '9999999999' }), 'TOKEN', /claim exp/],
    ['another audience', () => signed('EdDSA', EdDSA.privateKey, { aud: 'others' }), 'TOKEN', /audience/],
    [
      'a list of other audiences',
      () => signed('EdDSA', EdDSA.privateKey, { aud: ['others', 'more'] }),
      'TOKEN',
      /audience/,
    ],
    ['no audience', () => signed('EdDSA', EdDSA.privateKey, { aud: undefined }), 'TOKEN', /audience/],
    ['another issuer', () => signed('EdDSA', EdDSA.privateKey, { iss: 'evil' }), 'TOKEN', /issuer/],
    ['no issuer', () => signed('EdDSA', EdDSA.privateKey, { iss: undefined }), 'TOKEN', /issuer/],
    [
      'rights that are no list',
      () => signed('EdDSA', EdDSA.privateKey, { encke: { subscribe: '**' } }),
      'TOKEN',
      /subscribe/,
    ],
    [
      'rights that are no patterns',
      () => signed('EdDSA', EdDSA.privateKey, { encke: { subscribe: ['a*'] } }),
      'TOKEN',
      /subscribe/,
    ],
    [
      'rights to reserved topics',
      () => signed('EdDSA', EdDSA.privateKey, { encke: { subscribe: ['__encke/*'] } }),
      'TOKEN',
      /subscribe/,
    ],
    ['rights that are a text', () => signed('EdDSA', EdDSA.privateKey, { encke: 'admin' }), 'TOKEN', /encke/],
    [
      'an administrator by a text',
      () => signed('EdDSA', EdDSA.privateKey, { encke: { admin: 'yes' } }),
      'TOKEN',
      /admin/,
    ],
    ['a subject with a line in it', () => signed('EdDSA', EdDSA.privateKey, { sub: 'a\nb' }), 'TOKEN', /sub/],
    ['a subject that is endless', () => signed('EdDSA', EdDSA.privateKey, { sub: 'a'.repeat(201) }), 'TOKEN', /sub/],
    ['a token that is endless', () => signed('EdDSA', EdDSA.privateKey, { x: 'x'.repeat(10_000) }), 'TOKEN', /longer/],
    ['a body that is no object', () => hmac(secret, { alg: 'HS256' }, []), 'TOKEN', /cannot/],
    ['three words', () => 'a.b.c', 'TOKEN', /cannot/],
    ['nothing of the kind', () => 'something', 'TOKEN', /wrong/],
    ['dots', () => '..', 'TOKEN', /wrong/],
  ]
  it.each(attacks)('is refused with a reason that betrays nothing: %s', async (_what, make, code, reason) => {
    const token = await make()
    for (const answer of [
      await read('a', token),
      await served.post('/poll', { topics: ['a'] }, bearer(token).headers),
    ]) {
      expect(outcome(answer)).toBe(`401 ENCKE_ERR_${code}`)
      expect(answer.json.message).toMatch(reason)
      expect(answer.headers['www-authenticate']).toBe('Bearer')
      for (const hidden of [secret, 'app', 'push', token]) expect(answer.text).not.toContain(hidden)
    }
    if (token.split('.').length === 3) {
      const admin = await served.get('/admin/statistics', bearer(token))
      expect(admin.status).toBe(401)
    }
  })

  it('by a token in the URL is refused, and the refusal says why', async () => {
    const token = await mint({ ...sound, subscribe: ['**'] })
    for (const name of ['token', 'access_token', 'jwt', 'key']) {
      const answer = await served.get(`/messages?topic=a&${name}=${token}`)
      expect(outcome(answer)).toBe('401 ENCKE_ERR_TOKEN_MISSING')
      expect(answer.json.message).toContain(`"${name}" is not read, because URLs end up in logs`)
      expect(answer.text).not.toContain(token)
      const both = await served.get(`/messages?topic=a&${name}=${token}`, bearer(token))
      expect(outcome(both)).toBe('400 ENCKE_ERR_PARAMETER_UNKNOWN')
      expect(both.text).not.toContain(token)
    }
  })
})
