// The README tells the truth: its examples run, its routes are those of the server, its code is the code.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, buildApp } from '../server/app.ts'
import { readConfig } from '../server/config.ts'

const top = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(`${top}README.md`, 'utf8')
const documented = 'http://127.0.0.1:8080'
const hasCurl = spawnSync('curl', ['--version']).status === 0

let app: App
let origin: string

beforeAll(async () => {
  app = await buildApp(readConfig(['--log-level', 'error', '--client-limits', 'off'], {}))
  origin = await app.http.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(() => app.close())

describe('the README', () => {
  it('has an example of the runtime that prints what it says', async () => {
    const code = block('ts', "from './runtime/index.ts'")
    const expected = /console\.log\(.*\) \/\/ (.*)$/m.exec(code)?.[1]
    using program = start(['--input-type=module-typescript', '-'], code)
    expect(await program.firstLine).toBe(expected)
  })

  it('has a reader that gets what is published after its first poll', async () => {
    const code = block('js', 'let cursor').replaceAll(documented, origin)
    using program = start(['--input-type=module', '-'], code)
    await untilWaiting('hello')
    await publish('hello', 'first')
    expect(await program.firstLine).toBe('first')
  })

  it.skipIf(!hasCurl)('has a pair of curl commands, of which the first prints what the second publishes', async () => {
    const [wait, say] = block('sh', 'curl').replaceAll(documented, origin).trim().split('\n') as [string, string]
    const waiting = spawn('sh', ['-c', wait], { stdio: ['ignore', 'pipe', 'ignore'] })
    await untilWaiting('hello')
    const saying = spawn('sh', ['-c', say], { stdio: 'ignore' })
    const [printed] = (await once(waiting.stdout, 'data')) as [Buffer]
    expect(JSON.parse(String(printed)).messages).toMatchObject([{ topic: 'hello', data: 'world' }])
    await Promise.all([waiting, saying].map((child) => child.exitCode ?? once(child, 'exit')))
  })

  it('shows the handler of a long poll as it stands in the source', () => {
    const source = readFileSync(`${top}server/protocols/encke/poll.ts`, 'utf8').replaceAll(/^ {2}/gm, '')
    expect(source).toContain(block('ts', 'function* longPoll'))
  })

  it.skipIf(!hasCurl)('has a curl for each row of the protocol, and each of them is answered well', async () => {
    const commands = [...readme.matchAll(/^\| (?:GET|POST) \| .* \| `(curl .*)` \|$/gm)].map(
      ([, command]) => command as string,
    )
    expect(commands.length).toBe([...readme.matchAll(/^\| (?:GET|POST) \| `/gm)].length)
    const env = { ...process.env, E: origin, J: 'Content-Type: application/json', T: app.adminToken }
    for (const command of commands) {
      const child = spawn('sh', ['-c', `${command} -s -S -f -o /dev/null`], {
        env,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      const complaints = child.stderr.toArray()
      const [code] = (await once(child, 'exit')) as [number]
      expect({ command, code, complaints: String(await complaints) }).toEqual({ command, code: 0, complaints: '' })
    }
  })

  it('lists the routes that there are, and no others', () => {
    const rows = [...readme.matchAll(/^\| (GET|POST) \| `([^`?]+)[^`]*` \|/gm)].map(
      ([, verb, path]) => `${verb} ${path}`,
    )
    const { paths } = app.http.swagger() as { paths: Record<string, object> }
    const described = Object.entries(paths).flatMap(([path, verbs]) =>
      Object.keys(verbs)
        .filter((verb) => verb !== 'head')
        .map((verb) => `${verb.toUpperCase()} ${path}`),
    )
    expect(rows.sort()).toEqual([...described, 'GET /', 'GET /openapi.json'].sort())
  })
})

/** The first block of code in `language` that has `words` in it. */
function block(language: string, words: string): string {
  const blocks = [...readme.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
  const found = blocks.find(([, name, code]) => name === language && code?.includes(words))?.[2]
  if (found === undefined) throw new Error(`the README has no ${language} with ${words}`)
  return found
}

interface Program extends Disposable {
  readonly firstLine: Promise<string>
}

function start(flags: string[], code: string): Program {
  const child: ChildProcess = spawn(process.execPath, flags, { cwd: top, stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin?.end(code)
  const firstLine = once(child.stdout as NodeJS.ReadableStream, 'data').then(
    ([data]) => String(data).split('\n')[0] ?? '',
  )
  return { firstLine, [Symbol.dispose]: () => child.kill('SIGKILL') }
}

async function publish(topic: string, data: unknown): Promise<void> {
  await fetch(`${origin}/publish?topic=${topic}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(data),
  })
}

async function untilWaiting(topic: string): Promise<void> {
  for (;;) {
    const reply = await fetch(`${origin}/topics/${topic}`)
    if (((await reply.json()) as { waiting: number }).waiting > 0) return
  }
}
