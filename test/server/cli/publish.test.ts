import { once } from 'node:events'
import { createServer } from 'node:http'
import { PassThrough, Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { publish } from '../../../server/cli/publish.ts'
import { Served, until } from '../http/served.ts'
import { Running, runCommand } from './run.ts'

let server: Served

beforeEach(async () => {
  server = await Served.start(['--drain-ms', '0', '--drain-pause-ms', '0'])
})

afterEach(() => server[Symbol.asyncDispose]())

const env = () => ({ ENCKE_URL: server.origin })

async function kept(topic: string): Promise<string[]> {
  const { text } = await server.get(`/messages?topic=${topic}&from=earliest&wait=0&limit=1000`)
  return [...text.matchAll(/"data":(.*?)\}(?:,\{|\])/gs)].map(([, data]) => data as string)
}

describe('encke publish', () => {
  it('publishes a message that is given as a word', async () => {
    expect(await runCommand(publish, ['hello', 'world'], { env: env() })).toEqual({
      code: 0,
      out: 'published 1 message to hello, up to offset 1\n',
      err: '',
    })
    expect(await kept('hello')).toEqual(['"world"'])
  })

  it('publishes each line of standard input, in their order, without blank ones', async () => {
    const input = 'one\n\ntwo "quoted"\r\nthree\n'
    const { code, out } = await runCommand(publish, ['a'], { input, env: env() })
    expect({ code, out }).toEqual({ code: 0, out: 'published 3 messages to a, up to offset 3\n' })
    expect(await kept('a')).toEqual(['"one"', '"two \\"quoted\\""', '"three"'])
  })

  it('takes a line feed alone for the end of a line: other separators are part of a text, and of JSON', async () => {
    const [text, json] = ['one\u2028two\u2029three\u0085four\n', '{"text":"one\u2028two"}\r\n']
    await runCommand(publish, ['text'], { input: Readable.from([Buffer.from(text)]), env: env() })
    await runCommand(publish, ['json', '--format', 'json'], { input: json, env: env() })
    expect(await kept('text')).toEqual([JSON.stringify(text.trim())])
    expect(await kept('json')).toEqual([json.trim()])
  })

  it('puts together a line that comes in pieces, also when a character is cut', async () => {
    const bytes = Buffer.from('one é two\nlast')
    const input = Readable.from([...bytes].map((byte) => Buffer.of(byte)))
    await runCommand(publish, ['pieces'], { input, env: env() })
    expect(await kept('pieces')).toEqual(['"one é two"', '"last"'])
  })

  it('publishes lines that are JSON as they stand: no digit is lost, also in batches', async () => {
    const input = '{"n":12345678901234567890}\n[1,2]\n0.1000\n'
    for (const batch of ['1', '2']) {
      await runCommand(publish, [`json${batch}`, '--format', 'json', '--batch', batch], { input, env: env() })
      expect(await kept(`json${batch}`)).toEqual(['{"n":12345678901234567890}', '[1,2]', '0.1000'])
    }
  })

  it('prints receipts as lines of JSON', async () => {
    const { out } = await runCommand(publish, ['a', '--json', '--batch', '2'], { input: 'x\ny\nz\n', env: env() })
    const receipts = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(receipts).toMatchObject([1, 2, 3].map((offset) => ({ topic: 'a', offset })))
  })

  it('publishes lines once that are given again with the same id', async () => {
    for (let time = 0; time < 2; time += 1)
      await runCommand(publish, ['a', '--id', 'run-1'], { input: 'x\ny\n', env: env() })
    expect(await kept('a')).toEqual(['"x"', '"y"'])
  })

  it('sends a request again whose answer was lost, and there is one message', async () => {
    let requests = 0
    const proxy = createServer(async (request, response) => {
      requests += 1
      const chunks = await request.toArray()
      const reply = await fetch(server.origin + request.url, {
        method: request.method as string,
        headers: request.headers as Record<string, string>,
        body: Buffer.concat(chunks),
      })
      if (requests < 3) return void response.destroy()
      response.writeHead(reply.status).end(await reply.text())
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const { port } = proxy.address() as { port: number }
    const { code } = await runCommand(publish, ['a', 'once', '--url', `http://127.0.0.1:${port}`])
    proxy.closeAllConnections()
    proxy.close()
    expect({ code, requests, kept: await kept('a') }).toEqual({ code: 0, requests: 3, kept: ['"once"'] })
  })

  it('waits for lines as they come', async () => {
    const input = new PassThrough()
    const running = new Running(publish, ['a'], { input, env: env() })
    input.write('first\n')
    await until(() => server.app.hub.statistics().published === 1)
    input.end('second\n')
    expect((await running.ended).out).toContain('published 2 messages')
  })

  it('says which line was not published, why, and how to go on', async () => {
    const { code, out, err } = await runCommand(publish, ['a', '--format', 'json', '--id', 'i'], {
      input: '1\n{"no\n3\n',
      env: env(),
    })
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(
      /^line 2 was not published, .*: it is not JSON: .* \(the 1 before it are published; .* --id i --batch 1 /,
    )
    expect(await kept('a')).toEqual(['1'])
  })

  it('gives the server a key or token, and says what the server says without one', async () => {
    await using closed = await Served.start(['--publish-key', 'sesame'])
    const url = ['--url', closed.origin]
    const refused = await runCommand(publish, ['a', 'x', ...url])
    expect(refused.code).toBe(1)
    expect(refused.err).toContain('401 ENCKE_ERR_PUBLISH_KEY: send the publish key')
    expect((await runCommand(publish, ['a', 'x', ...url], { env: { ENCKE_TOKEN: 'sesame' } })).code).toBe(0)
  })

  it('gives up on a server that is not there once its patience is over', async () => {
    const { code, err } = await runCommand(publish, [
      'a',
      'x',
      '--url',
      'http://127.0.0.1:2',
      '--patience-seconds',
      '0',
    ])
    expect(code).toBe(1)
    expect(err).toContain('http://127.0.0.1:2 does not answer (ECONNREFUSED); gave up after 1 try')
  })

  it.each([
    [[], 'publish needs a topic'],
    [['a', 'b', 'c'], 'quote a message with blanks'],
    [['a', '--batch', '0'], '--batch must be a whole number of lines from 1 to 10000'],
    [['a', '--bathc', '2'], 'did you mean --batch?'],
    [['a', '--url', 'push.example.com'], '--url must be the address of a server'],
  ])('refuses %j with exit code 2', async (argv, complaint) => {
    const { code, err } = await runCommand(publish, argv)
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(complaint) })
  })
})
