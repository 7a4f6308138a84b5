// The tarball: what `npm pack` makes installs, imports, type-checks and serves, so that nothing grows that cannot be published.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { InstalledPackage } from './installed.ts'
import { nodesBefore } from './older-node.ts'

const minute = 60_000

let installed: InstalledPackage

beforeAll(async () => {
  installed = await InstalledPackage.create()
}, 3 * minute)

afterAll(() => installed?.[Symbol.dispose](), minute)

const serving = `
  const app = await buildApp(readConfig(['--log-level', 'silent'], {}))
  const published = await app.http.inject({ method: 'POST', url: '/publish?topic=a', headers: { host: 'localhost' }, payload: { n: 1 } })
  const read = await app.http.inject({ url: '/messages?topic=a&from=earliest&wait=0', headers: { host: 'localhost' } })
  const page = await app.http.inject({ url: '/', headers: { host: 'localhost' } })
  await app.close()
  console.log(JSON.stringify([published.statusCode, read.json().messages[0].data, page.statusCode]))
`

describe('the tarball', () => {
  it('holds compiled files, their types and the pages, and nothing else', () => {
    const strange = installed.files.filter(
      (path) =>
        !/^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(path) &&
        !/^dist\/(runtime|server|public)\/.*\.(c?js|d\.ts|css)$/.test(path) &&
        path !== 'dist/server/process/v8-flags.json' &&
        !/^public\/.*\.(html|svg|ico|webmanifest)$/.test(path),
    )
    expect(strange).toEqual([])
    expect(installed.files.filter((path) => /[^d]\.ts$/.test(path))).toEqual([])
  })

  it('has less than a million bytes unpacked', () => {
    expect(installed.unpackedBytes).toBeLessThan(1_000_000)
    expect(installed.unpackedBytes).toBeGreaterThan(100_000)
  })

  it('starts nothing when it is imported', async () => {
    installed.write(
      'import.mjs',
      `import 'encke'
       import 'encke/runtime'
       import 'encke/runtime/testing'
       import 'encke/client'
       console.log(JSON.stringify(process.getActiveResourcesInfo().filter((kind) => !/^(TTY|Pipe)/.test(kind))))`,
    )
    expect(await installed.run(process.execPath, 'import.mjs')).toBe('[]\n')
  })

  it('has the command: npx encke serves, says where in a line of JSON, and stops when it is told to', async () => {
    const { ready, stop } = await serve()
    const { msg, version, url, broker } = ready
    expect({ msg, version, broker }).toEqual({
      msg: 'ready',
      version: packageJson.version,
      broker: 'sqlite',
    })
    const encke = (...words: string[]) =>
      installed.run(process.execPath, 'node_modules/.bin/encke', ...words, '--url', url)
    expect(await encke('publish', 'a', 'hello')).toBe('published 1 message to a, up to offset 1\n')
    expect(await encke('subscribe', 'a', '--from', 'earliest', '--count', '1')).toBe('hello\n')
    expect((await fetch(`${url}/`)).status).toBe(200)
    await stop()
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
  })

  it('keeps topics from one npx encke serve to the next, in a file that its own threads write', async () => {
    const first = await serve()
    const json = { 'content-type': 'application/json' }
    const publish = { method: 'POST', headers: json, body: '"kept"' }
    expect((await fetch(`${first.ready.url}/publish?topic=kept`, publish)).status).toBe(201)
    await first.stop()
    const second = await serve()
    const reply = await fetch(`${second.ready.url}/messages?topic=kept&from=earliest&wait=0`)
    expect(await reply.json()).toMatchObject({ messages: [{ data: 'kept' }], topics: { kept: { verdict: 'ok' } } })
    await second.stop()
  })

  it('serves every file of the pages, the programs as small as they are in it, client.js in one', async () => {
    const { ready, stop } = await serve()
    for (const path of ['/', '/chat.js', '/client.js', '/client/tabs.js', '/page.css', '/favicon.ico', '/docs/']) {
      expect({ path, status: (await fetch(ready.url + path)).status }).toEqual({ path, status: 200 })
    }
    const pages = ['/admin/', '/admin']
    for (const path of pages) expect(await (await fetch(ready.url + path)).text()).toContain('admin.js')
    const program = await fetch(`${ready.url}/admin/admin.js`)
    expect(program.headers.get('content-type')).toContain('javascript')
    expect((await program.text()).split('\n').length).toBeLessThan(5)
    for (const path of ['/client.d.ts', '/client/poll-loop.js'])
      expect((await fetch(ready.url + path)).status).toBe(404)
    await stop()
  })

  it('runs a benchmark with the threads of the baseline, whose files are found in it', async () => {
    const out = await installed.run(
      process.execPath,
      'node_modules/.bin/encke',
      'bench',
      'chain',
      '--n',
      '8',
      '--model',
      'threads',
      '--json',
    )
    expect(JSON.parse(out)).toMatchObject({ answer: 8 })
  })

  it('serves when it is imported', async () => {
    installed.write('serve.mjs', `import { buildApp, readConfig } from 'encke'\n${serving}`)
    expect(JSON.parse(await installed.run(process.execPath, 'serve.mjs'))).toEqual([201, { n: 1 }, 200])
  })

  it('keeps topics in a file, on the threads that it brings', async () => {
    installed.write(
      'file.mjs',
      `import { openBroker } from 'encke'
       import { run } from 'encke/runtime'
       const first = await openBroker('sqlite:kept/encke.db')
       await run(function* () {
         yield* first.append('a', { messages: [{ data: '1', bytes: 1 }] })
         yield* first.close()
       }).promise
       const second = await openBroker('sqlite:kept/encke.db')
       const slice = await run(function* () {
         const read = yield* second.history('a', 1, { messages: 9, bytes: 9 })
         yield* second.close()
         return read
       }).promise
       console.log(slice.messages[0].data)`,
    )
    expect(await installed.run(process.execPath, 'file.mjs')).toBe('1\n')
  })

  it('serves when it is required', async () => {
    installed.write('serve.cjs', `const { buildApp, readConfig } = require('encke')\n;(async () => {${serving}})()`)
    expect(JSON.parse(await installed.run(process.execPath, 'serve.cjs'))).toEqual([201, { n: 1 }, 200])
  })

  it.each([
    ['nodenext', { module: 'nodenext' }],
    ['bundler', { module: 'esnext', moduleResolution: 'bundler', target: 'esnext' }],
  ])(
    'type-checks in a strict project with module resolution %s',
    async (_name, options) => {
      installed.write('uses.mts', uses('const n: number = yield* ch.receive()'))
      installed.write('wrong.mts', uses('const n: string = yield* ch.receive()'))
      const complaints = (await installed.typeCheck(options, 'uses.mts', 'wrong.mts')).match(/^\S.*$/gm)
      expect(complaints).toEqual([expect.stringMatching(/^wrong\.mts.*'number' is not assignable to type 'string'/)])
    },
    minute,
  )

  it.skipIf(nodesBefore(26).length === 0).each(nodesBefore(26))(
    'gives a runtime and a client that run on Node %s',
    async (_version, node) => {
      installed.write(
        'old.mjs',
        `import { Channel, run, scope } from 'encke/runtime'
         import { createClient } from 'encke/client'
         const sum = run(function* () {
           const ch = new Channel(0)
           return yield* scope(function* (s) {
             s.spawn(function* () { for (let n = 0; n < 3; n += 1) yield* ch.send(n) })
             return (yield* ch.receive()) + (yield* ch.receive()) + (yield* ch.receive())
           })
         })
         console.log(await sum.promise, typeof createClient({ origin: 'http://127.0.0.1:9' }).publish)`,
      )
      expect(await installed.run(node, 'old.mjs')).toBe('3 function\n')
    },
  )
})

/** Run the command in the consumer's folder, until it says that it is ready. */
async function serve() {
  const child = spawn('npx', ['encke', 'serve', '--port', '0', '--log-level', 'silent'], {
    cwd: installed.consumer,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}` },
    detached: true,
  })
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid as number), 'SIGKILL')
  })
  let said = ''
  while (!said.includes('\n')) said += String((await once(child.stdout, 'data'))[0])
  const stop = async () => {
    const ended = once(child, 'close')
    process.kill(-(child.pid as number), 'SIGTERM')
    await ended
  }
  return { ready: JSON.parse(said) as Record<'msg' | 'version' | 'url' | 'broker', string>, stop }
}

function uses(line: string): string {
  return `
    import { buildApp, type App, EnckeError, readConfig } from 'encke'
    import { createClient } from 'encke/client'
    import { Channel, type Coroutine, run } from 'encke/runtime'
    import { VirtualHost } from 'encke/runtime/testing'
    const ch = new Channel<number>(1)
    run(function* (): Coroutine<void> { ${line}; void n })
    const app: App = await buildApp(readConfig([], {}))
    const client = createClient({ origin: 'http://127.0.0.1:8080', presence: 'ann' })
    client.subscribe('a', (messages) => messages.map(({ offset }) => offset + 1))
    const reading = client.subscribe(['a'], { from: 'latest', onEnd: ({ reason }) => reason === 'closed' })
    reading.add('b', { from: 'earliest' })
    for await (const { messages, cursor } of reading) void [messages.length, cursor.length, reading.topics.length]
    const { members } = await client.presence('a')
    void members.map(({ name, lastSeen }) => name.length + lastSeen)
    void [app.http, EnckeError, VirtualHost]
  `
}
