import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Served } from './served.ts'

describe('a client that expects to be told to go on', () => {
  let served: Served

  beforeAll(async () => {
    served = await Served.start(['--publish-key', 'secret', '--client-limits', 'off'])
  })
  afterAll(() => served[Symbol.asyncDispose]())

  const key = 'Authorization: Bearer secret'
  const json = 'Content-Type: application/json'
  function head(path: string, lines: readonly string[], version = '1.1'): string {
    return `${[`POST ${path} HTTP/${version}`, 'Expect: 100-Continue', ...lines].join('\r\n')}\r\n\r\n`
  }

  it('is told so, and then answered', async () => {
    using wire = await served.wire()
    await wire.write(head('/publish?topic=a', ['Host: localhost', key, json, 'Content-Length: 1']))
    expect((await wire.reply()).status).toBe(100)
    await wire.write('1')
    expect((await wire.reply()).status).toBe(201)
    await wire.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    expect((await wire.reply()).json).toEqual({ status: 'ok' })
  })

  it.each([
    [401, '/publish?topic=a', ['Host: localhost', json, 'Content-Length: 1']],
    [403, '/publish?topic=a', ['Host: localhost', 'Origin: http://evil.example', key, json, 'Content-Length: 1']],
    [421, '/publish?topic=a', ['Host: evil.example', key, json, 'Content-Length: 1']],
    [413, '/publish?topic=a', ['Host: localhost', key, json, 'Content-Length: 70000']],
    [415, '/publish?topic=a', ['Host: localhost', key, 'Content-Type: text/html', 'Content-Length: 1']],
    [415, '/publish?topic=a', ['Host: localhost', key, 'Content-Length: 1']],
    [400, '/publish?topic=a', ['Host: localhost', key, json]],
    [404, '/nowhere', ['Host: localhost', key, json, 'Content-Length: 1']],
    [405, '/healthz', ['Host: localhost', key, json, 'Content-Length: 1']],
  ])('is refused with %i before it sends its body to %s with %j', async (status, path, lines) => {
    using wire = await served.wire()
    await wire.write(head(path, lines))
    const answer = await wire.reply()
    expect(answer.status).toBe(status)
    expect(answer.headers['connection']).toBe('close')
    await wire.closed()
  })

  it('is told so in its turn, when other requests are ahead', async () => {
    using wire = await served.wire()
    const first = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'
    await wire.write(first + head('/publish?topic=a', ['Host: localhost', key, json, 'Content-Length: 1']))
    expect((await wire.reply()).json).toEqual({ status: 'ok' })
    expect((await wire.reply()).status).toBe(100)
    await wire.write('1')
    expect((await wire.reply()).status).toBe(201)
  })

  it('has nothing to expect in HTTP/1.0', async () => {
    using wire = await served.wire()
    await wire.write(`${head('/publish?topic=a', ['Host: localhost', key, json, 'Content-Length: 1'], '1.0')}1`)
    expect((await wire.reply()).status).toBe(201)
  })

  it('may expect nothing else', async () => {
    using wire = await served.wire()
    await wire.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: a-surprise\r\n\r\n')
    const { status, json: body } = await wire.reply()
    expect(body).toMatchObject({ statusCode: 417, code: 'ENCKE_ERR_EXPECTATION', error: 'Expectation Failed' })
    expect(body.message).toContain('"a-surprise"')
    expect(status).toBe(417)
  })
})
