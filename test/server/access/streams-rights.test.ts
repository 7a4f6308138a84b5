// Rights and ends of tokens over Durable Streams, and who may remove a topic.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mintToken, type TokenRequest } from '../../../server/access/mint-token.ts'
import { type Answer, Served } from '../http/served.ts'
import { KeyServer } from './key-server.ts'

const secret = 'the secret of these tests, long enough'
const json = { 'content-type': 'application/json' }
const outcome = ({ status, json }: Answer) => (status < 300 ? status : `${status} ${json?.code}`)

let served: Served

beforeAll(async () => {
  served = await Served.start(['--token-secret', secret, '--client-limits', 'off'])
})
afterAll(() => served[Symbol.asyncDispose]())

async function as(request: Partial<TokenRequest>) {
  const token = await mintToken({ secret, ttlSeconds: 600, ...request })
  const authorization = { authorization: `Bearer ${token}` }
  return async (method: string, path: string, body?: string, headers: Record<string, string> = {}) =>
    outcome(
      await served.send(method, path, {
        headers: {
          ...authorization,
          ...(method === 'GET' || method === 'HEAD' || method === 'DELETE' ? {} : json),
          ...headers,
        },
        ...(body !== undefined && { body }),
      }),
    )
}

const refused = '403 ENCKE_ERR_RIGHT'

describe('a stream', () => {
  it('is made with manage, written with publish, and read with subscribe, however its path is written', async () => {
    const [maker, writer, reader] = [
      await as({ manage: ['s/*'] }),
      await as({ publish: ['s/*'] }),
      await as({ subscribe: ['s/*'] }),
    ]
    for (const other of [writer, reader]) expect(await other('PUT', '/v1/stream/s/a')).toBe(refused)
    expect(await maker('PUT', '/v1/stream/s/a')).toBe(201)
    expect(await maker('PUT', '/v1/stream/other')).toBe(refused)
    expect(await maker('PUT', '/v1/stream/s%2Fb%2Fc')).toBe(refused)
    for (const other of [maker, reader]) expect(await other('POST', '/v1/stream/s/a', '[1]')).toBe(refused)
    expect(await writer('POST', '/v1/stream/s/a', '[1]')).toBeLessThan(300)
    for (const path of ['/v1/stream/s/a', '/v1/stream/s%2Fa', '/v1/stream/%73/a']) {
      expect([path, await reader('GET', path)]).toEqual([path, 200])
      for (const other of [maker, writer]) expect(await other('GET', path)).toBe(refused)
    }
    expect(await writer('HEAD', '/v1/stream/s/a')).toMatch(/^403/)
    for (const other of [writer, reader]) expect(await other('DELETE', '/v1/stream/s/a')).toBe(refused)
    expect(await maker('DELETE', '/v1/stream/s/a')).toBe(204)
  })

  it('has no name that ends in a slash: none is taken off, for rights or for what is done', async () => {
    const all = await as({ manage: ['**'], publish: ['**'], subscribe: ['**'] })
    expect(await all('PUT', '/v1/stream/slash/a')).toBe(201)
    for (const path of [
      '/v1/stream/slash/a/',
      '/v1/stream/slash/a%2F',
      '/v1/stream/slash%2Fa/',
      '/v1/stream/slash/a//',
    ]) {
      for (const method of ['PUT', 'POST', 'GET', 'DELETE'])
        expect([path, method, await all(method, path, method === 'POST' ? '[1]' : undefined)]).toEqual([
          path,
          method,
          '400 ENCKE_ERR_TOPIC_NAME',
        ])
    }
    expect(await all('GET', '/v1/stream/slash/a?offset=-1')).toBe(200)
  })

  it('is forked by who may read its source', async () => {
    const maker = await as({ manage: ['**'], publish: ['**'] })
    const reader = await as({ manage: ['mine/*'], subscribe: ['source'] })
    expect(await maker('PUT', '/v1/stream/source')).toBe(201)
    const from = { 'stream-forked-from': '/v1/stream/source' }
    expect(await maker('PUT', '/v1/stream/mine/b', undefined, from)).toBe(refused)
    expect(await reader('PUT', '/v1/stream/mine/c', undefined, from)).toBe(201)
    expect(await reader('PUT', '/v1/stream/theirs', undefined, from)).toBe(refused)
  })

  it('has no reserved name, in whichever way it is written', async () => {
    const all = await as({ publish: ['**'], subscribe: ['**'], manage: ['**'], admin: true })
    for (const path of ['/v1/stream/__a', '/v1/stream/%5f%5fa', '/v1/stream/__presence/a']) {
      expect(await all('PUT', path)).toBe('403 ENCKE_ERR_TOPIC_RESERVED')
      expect(await all('POST', path, '[1]')).toBe('403 ENCKE_ERR_TOPIC_RESERVED')
      expect(await all('DELETE', path)).toBe('403 ENCKE_ERR_TOPIC_RESERVED')
    }
  })
})

describe('a topic', () => {
  it('that was born by a publish is removed with manage, or by an administrator', async () => {
    const publisher = await as({ publish: ['**'], subscribe: ['**'] })
    const maker = await as({ manage: ['born/*'] })
    const admin = await as({ admin: true })
    for (const topic of ['born/a', 'born/b', 'other']) await publisher('POST', `/publish?topic=${topic}`, '1')
    expect(await publisher('DELETE', '/topics/born%2Fa')).toBe(refused)
    expect(await maker('DELETE', '/topics/born%2Fa')).toBe(204)
    expect(await maker('DELETE', '/topics/other')).toBe(refused)
    expect(await admin('DELETE', '/topics/other')).toBe(204)
  })

  it('is removed on an open server by everybody if it was made by PUT, and else by an administrator', async () => {
    await using open = await Served.start()
    await open.send('PUT', '/v1/stream/made', { headers: json })
    await open.publish('born', 1)
    expect((await open.send('DELETE', '/topics/made')).status).toBe(204)
    expect(outcome(await open.send('DELETE', '/topics/born'))).toBe('401 ENCKE_ERR_ADMIN_TOKEN')
    expect(outcome(await open.send('DELETE', '/v1/stream/born'))).toBe('401 ENCKE_ERR_ADMIN_TOKEN')
    expect((await open.administrate('DELETE', '/topics/born')).status).toBe(204)
  })

  it('is removed with the publish key if it was made by PUT, and else by an administrator', async () => {
    await using keyed = await Served.start(['--publish-key', 'p', '--subscribe-key', 's'])
    const withKey = (key: string) => ({ headers: { ...json, authorization: `Bearer ${key}` } })
    for (const topic of ['a', 'b']) {
      expect((await keyed.send('PUT', `/v1/stream/${topic}`, withKey('s'))).status).toBe(401)
      expect((await keyed.send('PUT', `/v1/stream/${topic}`, withKey('p'))).status).toBe(201)
    }
    await keyed.post('/publish?topic=born', '1', { authorization: 'Bearer p' })
    const remove = async (topic: string, key: string) =>
      (await keyed.send('DELETE', `/topics/${topic}`, { headers: { authorization: `Bearer ${key}` } })).status
    expect([await remove('a', 's'), await remove('a', 'p')]).toEqual([401, 204])
    expect([await remove('b', keyed.app.adminToken), await remove('born', 'p')]).toEqual([204, 401])
    expect(await remove('born', keyed.app.adminToken)).toBe(204)
  })
})

describe('a token that ends', () => {
  it('ends a long poll of a stream with 204, and its events, and the next are refused', async () => {
    let shiftMs = 0
    const clocks = { clock: () => performance.now() + shiftMs, wallClock: () => Date.now() + shiftMs }
    await using other = await Served.start(['--token-secret', secret], clocks)
    const rights = { manage: ['**'], subscribe: ['**'], publish: ['**'] }
    const token = await mintToken({ secret, ttlSeconds: 3_600, wallClock: clocks.wallClock, ...rights })
    const question = { headers: { ...json, authorization: `Bearer ${token}` } }
    expect((await other.send('PUT', '/v1/stream/a', question)).status).toBe(201)
    const offset = (await other.get('/v1/stream/a', question)).headers['stream-next-offset']
    const { exp } = JSON.parse(String(Buffer.from(token.split('.')[1] as string, 'base64url')))
    shiftMs = exp * 1_000 - Date.now() - 1_500
    const startMs = performance.now()
    const poll = other.get(`/v1/stream/a?offset=${offset}&live=long-poll`, question)
    const events = other.get(`/v1/stream/a?offset=${offset}&live=sse`, question)
    expect((await poll).status).toBe(204)
    expect((await events).status).toBe(200)
    const tookMs = performance.now() - startMs
    expect(tookMs).toBeGreaterThan(750)
    expect(tookMs).toBeLessThan(15_000)
    for (const live of ['long-poll', 'sse']) {
      const answer = await other.get(`/v1/stream/a?offset=${offset}&live=${live}`, question)
      expect(outcome(answer)).toBe('401 ENCKE_ERR_TOKEN_EXPIRED')
    }
  })

  it('ends them too when its key is withdrawn', async () => {
    await using keys = await KeyServer.start('a')
    await using other = await Served.start(['--token-jwks', keys.address, '--token-keys-max-age-ms', '1000'])
    const token = await keys.sign('a', { encke: { manage: ['**'], subscribe: ['**'] } })
    const question = { headers: { ...json, authorization: `Bearer ${token}` } }
    expect((await other.send('PUT', '/v1/stream/a', question)).status).toBe(201)
    const offset = (await other.get('/v1/stream/a', question)).headers['stream-next-offset']
    const poll = other.get(`/v1/stream/a?offset=${offset}&live=long-poll`, question)
    const events = other.get(`/v1/stream/a?offset=${offset}&live=sse`, question)
    await other.waiting(2)
    keys.published = []
    const startMs = performance.now()
    expect((await poll).status).toBe(204)
    expect((await events).status).toBe(200)
    expect(performance.now() - startMs).toBeLessThan(15_000)
  })
})
