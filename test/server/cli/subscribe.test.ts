import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable, Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { subscribe } from '../../../server/cli/subscribe.ts'
import { Served, until } from '../http/served.ts'
import { Running, runCommand } from './run.ts'

let server: Served
let folder: string

beforeEach(async () => {
  server = await Served.start()
  folder = mkdtempSync(join(tmpdir(), 'encke-subscribe-'))
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

const env = () => ({ ENCKE_URL: server.origin })

describe('encke subscribe', () => {
  it('prints messages as they come: text as it is, anything else as JSON with all its digits', async () => {
    const running = new Running(subscribe, ['a', 'b'], { env: env() })
    await server.waiting(1)
    await server.publish('a', 'words\tas they are')
    await server.post('/publish?topic=b', '{"n":12345678901234567890}')
    await until(() => running.said.split('\n').length === 3)
    running.stop()
    expect(await running.ended).toEqual({
      code: 0,
      out: 'words\tas they are\n{"n":12345678901234567890}\n',
      err: '',
    })
  })

  it('prints messages from the earliest as lines of JSON, and ends after a number of them', async () => {
    for (const n of [1, 2, 3]) await server.publish('a', n)
    const { code, out } = await runCommand(subscribe, ['a', '--from', 'earliest', '--count', '2', '--json'], {
      env: env(),
    })
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(code).toBe(0)
    expect(lines).toMatchObject([1, 2].map((n) => ({ topic: 'a', offset: n, data: n })))
  })

  it('goes on where it was, by a cursor in a file', async () => {
    const cursorFile = join(folder, 'cursor')
    const flags = ['a', '--cursor-file', cursorFile, '--from', 'earliest', '--count']
    for (const n of [1, 2, 3]) await server.publish('a', n)
    expect((await runCommand(subscribe, [...flags, '2'], { env: env() })).out).toBe('1\n2\n')
    await server.publish('a', 4)
    expect((await runCommand(subscribe, [...flags, '2'], { env: env() })).out).toBe('3\n4\n')
    expect(readdirSync(folder)).toEqual(['cursor'])
    expect(readFileSync(cursorFile, 'utf8')).toMatch(/^[\w-]+\n$/)
  })

  it('has a cursor before it waits: what is published while it starts again is not lost', async () => {
    const cursorFile = join(folder, 'cursor')
    const running = new Running(subscribe, ['a', '--cursor-file', cursorFile], { env: env() })
    await until(() => existsSync(cursorFile))
    running.stop()
    await running.ended
    await server.publish('a', 'meanwhile')
    const { out } = await runCommand(subscribe, ['a', '--cursor-file', cursorFile, '--count', '1'], { env: env() })
    expect(out).toBe('meanwhile\n')
  })

  it('keeps no cursor of messages that it has not printed yet', async () => {
    const cursorFile = join(folder, 'cursor')
    const kept: boolean[] = []
    const out = new Writable({
      write(_chunk, _encoding, done) {
        kept.push(existsSync(cursorFile))
        done()
      },
    })
    const { signal } = new AbortController()
    const terminal = { input: Readable.from([]), out, err: new PassThrough(), isWatched: false, env: env(), signal }
    await server.publish('a', 1)
    const argv = ['a', '--cursor-file', cursorFile, '--from', 'earliest', '--count', '1']
    expect(await subscribe.run(argv, () => terminal)).toBe(0)
    expect([kept, existsSync(cursorFile)]).toEqual([[false], true])
  })

  it('says on standard error what is missing', async () => {
    await using small = await Served.start(['--history-messages', '2'])
    const cursorFile = join(folder, 'cursor')
    const flags = ['a', '--url', small.origin, '--cursor-file', cursorFile, '--from', 'earliest', '--count']
    await small.publish('a', 0)
    await runCommand(subscribe, [...flags, '1'])
    for (const n of [1, 2, 3, 4]) await small.publish('a', n)
    const { out, err } = await runCommand(subscribe, [...flags, '2'])
    expect({ out, err }).toEqual({ out: '3\n4\n', err: 'encke: a: 2 messages are missing (gap)\n' })
  })

  it('goes on through a restart of the server', async () => {
    const port = new URL(server.origin).port
    const running = new Running(subscribe, ['a'], { env: env() })
    await server.waiting(1)
    await server.app.close()
    await using next = await Served.start()
    await next.app.close()
    const { buildApp } = await import('../../../server/app.ts')
    const again = await buildApp({ logLevel: 'silent' })
    await again.http.listen({ host: '127.0.0.1', port: Number(port) })
    await until(() => again.hub.statistics().waiting === 1)
    await again.http.inject({
      method: 'POST',
      url: '/publish?topic=a',
      headers: { host: 'localhost', 'content-type': 'application/json' },
      payload: '"back"',
    })
    await until(() => running.said !== '')
    running.stop()
    expect((await running.ended).out).toBe('back\n')
    await again.close()
  })

  it('ends with the words of the server when it refuses', async () => {
    const { code, err } = await runCommand(subscribe, ['a//b'], { env: env() })
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('400 ENCKE_ERR_TOPIC_NAME') })
  })

  it('refuses to be called without a topic', async () => {
    expect(await runCommand(subscribe, [])).toEqual({
      code: 2,
      out: '',
      err: 'subscribe needs a topic: encke subscribe <topic> …\n',
    })
  })

  it('says when the cursor cannot be kept', async () => {
    const cursorFile = join(folder, 'no', 'cursor')
    const { code, err } = await runCommand(subscribe, ['a', '--cursor-file', cursorFile], { env: env() })
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/cannot be written to .*ENOENT/) })
  })
})
