// What a page of another origin can read: every reply, whatever came before it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Answer, Question } from './served.ts'
import { Served } from './served.ts'

const friend = 'https://chat.example.com'
const headers = {
  'access-control-allow-origin': friend,
  'access-control-allow-credentials': 'true',
  'access-control-expose-headers': 'Retry-After',
}

describe('an error', () => {
  let served: Served

  beforeAll(async () => {
    served = await Served.start(['--origins', friend, '--requests-per-second', '1000', '--subscribe-key', 'secret'])
  })
  afterAll(() => served[Symbol.asyncDispose]())

  const json = { 'content-type': 'application/json' }
  const ways: [code: string, status: number, method: string, path: string, question?: Question][] = [
    ['HOST', 421, 'GET', '/healthz', { headers: { host: 'unknown.example' } }],
    ['HOST', 421, 'POST', '/publish?topic=a', { headers: { host: 'unknown.example', ...json }, body: '1' }],
    ['SUBSCRIBE_KEY', 401, 'GET', '/messages?topic=a'],
    ['ADMIN_TOKEN', 401, 'GET', '/admin/statistics'],
    ['NOT_FOUND', 404, 'GET', '/nowhere'],
    ['NOT_FOUND', 404, 'POST', '/nowhere'],
    ['METHOD', 405, 'DELETE', '/poll'],
    ['URL_ENCODING', 400, 'GET', '/topics/%zz/messages'],
    ['URL_TOO_LONG', 414, 'GET', `/topics/${'a'.repeat(3_000)}/messages`],
    ['BODY_MISSING', 400, 'POST', '/publish?topic=a', { headers: json }],
    ['BODY_JSON', 400, 'POST', '/publish?topic=a', { headers: json, body: '{' }],
    ['BODY_TYPE', 415, 'POST', '/publish?topic=a', { headers: { 'content-type': 'text/html' }, body: '1' }],
    ['MESSAGE_TOO_LARGE', 413, 'POST', '/publish?topic=a', { headers: json, body: ' '.repeat(70_000) }],
    ['TOPIC_NAME', 400, 'POST', '/publish?topic=a//b', { headers: json, body: '1' }],
  ]
  it.each(ways)(
    '%s (%i) can be read by a page that may read: %s %.40s',
    async (code, status, method, path, asked = {}) => {
      const ask = (origin: string): Promise<Answer> =>
        served.send(method, path, { ...asked, headers: { ...asked.headers, origin } })
      const answer = await ask(friend)
      expect({ status: answer.status, code: answer.json.code }).toEqual({ status, code: `ENCKE_ERR_${code}` })
      expect(answer.headers).toMatchObject(headers)
      expect(answer.headers['vary']).toContain('Origin')
      expect((await ask('https://evil.example')).headers).not.toHaveProperty('access-control-allow-origin')
    },
  )

  it.each([
    ['REQUEST_MALFORMED', 400, ['Host: localhost', 'Host: other.example']],
    ['REQUEST_MALFORMED', 400, []],
    ['EXPECTATION', 417, ['Host: localhost', 'Expect: the-unexpected']],
  ])('%s (%i) can be read, too, with %j', async (code, status, lines) => {
    using wire = await served.wire()
    await wire.write(`${['GET /healthz HTTP/1.1', ...lines, `Origin: ${friend}`].join('\r\n')}\r\n\r\n`)
    const answer = await wire.reply()
    expect({ status: answer.status, code: answer.json.code }).toEqual({ status, code: `ENCKE_ERR_${code}` })
    expect(answer.headers).toMatchObject(headers)
  })

  it('that is about the rate can be read, too', async () => {
    await using slow = await Served.start(['--origins', friend, '--requests-per-second', '1'])
    const ask = () => slow.get('/topics/a', { headers: { origin: friend } })
    const answers = await Promise.all([ask(), ask(), ask()])
    const limited = answers.find(({ status }) => status === 429)
    expect(limited?.headers).toMatchObject(headers)
  })

  it('stands behind the preflight, which is answered under any Host', async () => {
    const preflight = { origin: friend, 'access-control-request-method': 'POST', host: 'unknown.example' }
    expect(await served.send('OPTIONS', '/publish?topic=a', { headers: preflight })).toMatchObject({
      status: 204,
      headers: { 'access-control-allow-origin': friend },
    })
  })
})
