// The reader in the README misses nothing: not by a restart of the server, not while it drains.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { createClient } from '../../public/client.js'
import { until } from '../server/http/live-app.ts'
import { ServerProcess } from '../server/server-process.ts'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const code = /^```js\n(let cursor[\s\S]*?)^```$/m.exec(readme)?.[1] ?? ''

/** The reader as a program of its own, and the lines that it has printed. */
class Reader implements AsyncDisposable {
  readonly lines: string[] = []
  readonly #child

  constructor(origin: string) {
    this.#child = spawn(process.execPath, ['--input-type=module', '-'], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.stdin.end(code.replaceAll('http://127.0.0.1:8080', origin))
    createInterface(this.#child.stdout).on('line', (line) => this.lines.push(line))
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    if (this.isRunning) await once(this.#child, 'exit')
  }
}

it('survives a kill of the server, and says that something may be missing', async () => {
  const server = await ServerProcess.serving()
  const client = createClient({ origin: server.origin })
  await using reader = new Reader(server.origin)
  const publish = (data: string) =>
    client.publish('hello', data).then(
      () => true,
      () => false,
    )
  for (let n = 0; reader.lines.length === 0; n += 1) await publish(`before ${n}`)
  await server[Symbol.asyncDispose]()
  await using _again = new ServerProcess(['--port', String(server.port), '--log-level', 'silent'])
  await until('it serves', () => publish('after'))
  await until('it reads on', () => reader.lines.includes('after'))
  expect(reader.lines.slice(-2)).toEqual(['missed: unknown', 'after'])
  expect(reader.isRunning).toBe(true)
})

it('comes back when a server that goes away says, and after half an answer', async () => {
  const asked: number[] = []
  await using server = createServer((_, reply) => {
    asked.push(performance.now())
    const message = { topic: 'hello', offset: 1, id: 'a', time: 0, data: `message ${asked.length}` }
    const topics = { hello: { verdict: 'ok', missed: 0 } }
    if (asked.length === 2)
      return void reply.writeHead(200, { 'content-length': 100 }).write('{', () => reply.destroy())
    reply.end(JSON.stringify({ messages: [message], cursor: 'c', more: false, topics, retryAfterMs: 400 }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  await using reader = new Reader(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await until('three answers', () => reader.lines.length >= 2)
  expect(reader.lines.slice(0, 2)).toEqual(['message 1', 'message 3'])
  expect((asked[1] ?? 0) - (asked[0] ?? 0)).toBeGreaterThan(390)
  server.closeAllConnections()
})
