// Secrets stay secret: none stands in a log line, in an error, or in what an operator sees of the requests.

import { once } from 'node:events'
import { connect } from 'node:net'
import { Agent, request } from 'undici'
import { expect, it } from 'vitest'
import { mintToken } from '../../../server/access/mint-token.ts'
import { ServerProcess } from '../server-process.ts'

const secrets = {
  ENCKE_TOKEN_SECRET: 'token-secret-0123456789-0123456789',
  ENCKE_PUBLISH_KEY: 'publish-key-0123456789',
  ENCKE_SUBSCRIBE_KEY: 'subscribe-key-0123456789',
  ENCKE_ADMIN_TOKEN: 'admin-token-0123456789',
}
/** It has a secret in its query, and nobody answers there: so the log speaks of it. */
const issuer = 'http://127.0.0.1:1/keys?client=issuer-secret-0123456789'

it('no secret and no token is told to anybody, at the loudest level of the log', async () => {
  const mint = (secret: string, subscribe = ['**']) => mintToken({ secret, ttlSeconds: 600, subscribe, subject: 'ann' })
  const token = await mint(secrets.ENCKE_TOKEN_SECRET)
  const forged = await mint('another-secret-0123456789-0123456789')
  const narrow = await mint(secrets.ENCKE_TOKEN_SECRET, ['b'])
  const told: string[] = []
  await using server = new ServerProcess(['--port', '0', '--log-level', 'trace', '--client-limits', 'off'], {
    ...secrets,
    ENCKE_TOKEN_JWKS: issuer,
  })
  const origin = await server.untilSaid(/(http:\/\/127\.0\.0\.1:\d+)/)
  const agent = new Agent()
  async function ask(
    path: string,
    headers: Record<string, string> = {},
    method: 'GET' | 'POST' = 'GET',
    body?: string,
  ) {
    const reply = await request(origin + path, {
      dispatcher: agent,
      method,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      body: body ?? null,
    })
    const text = await reply.body.text()
    told.push(`${reply.statusCode} ${JSON.stringify(reply.headers)} ${text}`)
    return { status: reply.statusCode, text }
  }
  const bearer = (text: string) => ({ authorization: `Bearer ${text}` })

  const waiting = [
    ask('/messages?topic=a&wait=60', bearer(token)),
    ask('/messages?topic=a&wait=60', {
      cookie: `encke_token=${token}; encke_subscribe_key=${secrets.ENCKE_SUBSCRIBE_KEY}`,
    }),
    ask('/messages?topic=a&wait=60', bearer(secrets.ENCKE_SUBSCRIBE_KEY)),
    ask('/poll', bearer(token), 'POST', '{"topics":["a"],"wait":60}'),
  ]
  let coroutines: string
  do ({ text: coroutines } = await ask('/admin/coroutines', bearer(secrets.ENCKE_ADMIN_TOKEN)))
  while (coroutines.split('for sub:ann').length < 7)

  for (const wrong of [forged, narrow, `${token}x`, `${secrets.ENCKE_PUBLISH_KEY}x`, secrets.ENCKE_PUBLISH_KEY]) {
    expect((await ask('/messages?topic=a', bearer(wrong))).status).toBeGreaterThan(400)
    expect((await ask('/admin/statistics', bearer(wrong))).status).toBeGreaterThan(400)
    expect((await ask('/messages?topic=a', { cookie: `encke_token=${wrong}` })).status).toBeGreaterThan(400)
    expect(
      (
        await ask(
          '/publish?topic=b/c',
          bearer(wrong).authorization === `Bearer ${secrets.ENCKE_PUBLISH_KEY}` ? {} : bearer(wrong),
          'POST',
          '1',
        )
      ).status,
    ).toBeGreaterThan(400)
  }
  for (const path of [
    `/messages?topic=a&token=${token}`,
    `/nowhere?token=${token}`,
    `/messages?topic=%zz&key=${secrets.ENCKE_SUBSCRIBE_KEY}`,
  ]) {
    expect((await ask(path, bearer(token))).status).toBeGreaterThanOrEqual(400)
  }
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  socket.end(`GET / HTTP/9.9\r\nAuthorization: Bearer ${token}\r\n\r\n`)
  socket.resume()
  await once(socket, 'close')

  server.kill('SIGTERM')
  for (const { status } of await Promise.all(waiting)) expect(status).toBe(200)
  await agent.destroy()
  const { exitCode, out, err } = await server.ended
  expect(exitCode).toBe(0)
  expect(err).toContain('the keys of tokens cannot be loaded: http://127.0.0.1:1/keys:')
  const hidden = [
    ...Object.values(secrets),
    'issuer-secret',
    ...[token, forged, narrow].flatMap((one) => one.split('.').slice(1)),
  ]
  for (const secret of hidden) {
    for (const text of [out, err, ...told]) expect(text).not.toContain(secret)
  }
})
