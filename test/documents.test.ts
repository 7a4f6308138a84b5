// The documents tell the truth: their examples run, their routes and limits are those of the server, their links lead somewhere.
// The tables of options and of errors are compared in test/server/config.test.ts and test/server/errors.test.ts.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, buildApp } from '../server/app.ts'
import { configErrorTable, describeOptions, readConfig } from '../server/config.ts'
import { errorTable } from '../server/errors.ts'
import { anchorsOf, linksIn, withoutCode } from './markdown.ts'

const top = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(`${top}README.md`, 'utf8')
const protocol = readFileSync(`${top}docs/protocol.md`, 'utf8')
const documents = findDocuments()
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
    // The program of the test before reads the same topic until the server has seen it go.
    await untilWaiting('hello', false)
    const waiting = spawn('sh', ['-c', wait], { stdio: ['ignore', 'pipe', 'ignore'] })
    await untilWaiting('hello')
    const saying = spawn('sh', ['-c', say], { stdio: 'ignore' })
    const [printed] = (await once(waiting.stdout, 'data')) as [Buffer]
    expect(JSON.parse(String(printed)).messages).toMatchObject([{ topic: 'hello', data: 'world' }])
    await Promise.all([waiting, saying].map((child) => child.exitCode ?? once(child, 'exit')))
  })

  it('has at most 200 lines', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(200)
  })
})

describe('the protocol', () => {
  it.skipIf(!hasCurl)('has a curl for each row of the protocol, and each of them is answered well', async () => {
    const commands = [...protocol.matchAll(/^\| [A-Z]+ \| .* \| `(curl .*)` \|$/gm)].map(
      ([, command]) => command as string,
    )
    expect(commands.length).toBe([...protocol.matchAll(/^\| [A-Z]+ \| `/gm)].length)
    const env = { ...process.env, E: origin, J: 'Content-Type: application/json', T: app.adminToken }
    for (const command of commands) {
      const child = spawn('sh', ['-c', `${command} -s -S -f -o /dev/null`], {
        env,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      const complaints = text(child.stderr)
      const [code] = (await once(child, 'exit')) as [number]
      // A stream has no end: its command ends by its time limit, and curl says so.
      const expected = / -m \d/.test(command)
        ? { command, code: 28, complaints: expect.stringMatching(/^curl: \(28\) Operation timed out.*\n$/) }
        : { command, code: 0, complaints: '' }
      expect({ command, code, complaints: await complaints }).toEqual(expected)
    }
  })

  it('lists the routes that there are, and no others', () => {
    const rows = [...protocol.matchAll(/^\| ([A-Z]+) \| `([^`?]+)[^`]*` \|/gm)].map(
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

  it('names the members of the answers to a publish and to where a topic stands', async () => {
    const membersAfter = (words: string) => {
      const [, text = ''] = protocol.replaceAll(/\s+/g, ' ').split(words)
      return [...(/^`\{(.*?)\}`/.exec(text)?.[1] ?? '').matchAll(/"(\w+)"/g)].map(([, member]) => member)
    }
    const receipt = (await (await publish('members', 1)).json()) as object
    expect(membersAfter('The answer is 201 ')).toEqual(Object.keys(receipt))
    const standing = (await (await fetch(`${origin}/topics/members`)).json()) as object
    expect(membersAfter('`GET /topics/{topic}` answers ')).toEqual(Object.keys(standing))
  })

  it('has the limits that are the defaults of the options beside them', () => {
    const fallbacks = new Map(describeOptions().map(({ flag, fallback }) => [flag, Number(fallback)]))
    const rows = [...protocol.matchAll(/^\| [^|]* \| ([^|]*) \| (`--[^|]*) \| [^|]* \|$/gm)]
    expect(rows.length).toBeGreaterThan(10)
    for (const [, defaults = '', options = ''] of rows) {
      const flags = [...options.matchAll(/`(--[a-z-]+)`/g)].map(([, flag]) => flag as string)
      const documentedValues = defaults.split(', ').map(amount)
      expect(Object.fromEntries(flags.map((flag, index) => [flag, documentedValues[index]]))).toEqual(
        Object.fromEntries(flags.map((flag) => [flag, fallbacks.get(flag)])),
      )
    }
  })
})

describe('the design', () => {
  const design = readFileSync(`${top}docs/design.md`, 'utf8')

  it('shows the handler of a long poll as it stands in the source', () => {
    const source = readFileSync(`${top}server/protocols/encke/poll.ts`, 'utf8').replaceAll(/^ {2}/gm, '')
    expect(source).toContain(block('ts', 'function* longPoll', design))
  })

  it('names every folder of the runtime and of the server', () => {
    const folders = ['runtime', 'server'].flatMap((parent) =>
      readdirSync(`${top}${parent}`, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => `${parent}/${name}/`),
    )
    expect(folders.filter((folder) => !design.includes(`\`${folder}`))).toEqual([])
  })

  it('has every member of the seam, and no other', () => {
    const source = readFileSync(`${top}server/hub/broker.ts`, 'utf8')
    const section = /^## The seam\n([\s\S]*?)^## /m.exec(design)?.[1] ?? ''
    const listed = [...section.matchAll(/^\| `(\w+)[^`]*` \|/gm)].map(([, name]) => name)
    expect(listed.sort()).toEqual([...membersOf(source, 'Broker'), ...membersOf(source, 'Follower')].sort())
  })
})

describe.each(documents)('%s', (path) => {
  const text = readFileSync(`${top}${path}`, 'utf8')

  it('has links that lead to files and headings that are there', () => {
    const dead = linksIn(text).filter((link) => !leadsSomewhere(path, link))
    expect(dead).toEqual([])
  })

  it('names only error codes that there are', () => {
    const named = [...withoutCode(text).matchAll(/`(ENCKE_ERR_[A-Z0-9_]+)`/g)].map(([, code]) => code as string)
    const known = [...Object.keys(errorTable), ...Object.keys(configErrorTable)]
    expect(named.filter((code) => !known.includes(code))).toEqual([])
  })
})

// Those that tell of other days name what is gone.
it.each(documents.filter((path) => !/^(CHANGELOG|docs\/results\/)/.test(path)))(
  '%s names only files and folders that there are',
  (path) => {
    const text = readFileSync(`${top}${path}`, 'utf8')
    const named = [...withoutCode(text).matchAll(/`((?:runtime|server|public|loadtest|test|docs)\/[\w./-]*)`/g)]
    const folders = [top, join(top, dirname(path))]
    const isThere = (name: string) => folders.some((folder) => existsSync(join(folder, name)))
    expect(named.map(([, name]) => name as string).filter((name) => !isThere(name))).toEqual([])
  },
)

/** The documents in the tree. */
function findDocuments(): string[] {
  const ignored = /(^|\/)(node_modules|dist|reports|\.git)(\/|$)/
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(top, join(entry.parentPath, entry.name)))
    .filter((path) => !ignored.test(path))
    .sort()
}

/** The names of the members of an interface in `source`. */
function membersOf(source: string, name: string): string[] {
  const body = new RegExp(`^export interface ${name} \\{\\n([\\s\\S]*?)^\\}`, 'm').exec(source)?.[1] ?? ''
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[(:]/gm)].map(([, member]) => member as string)
}

/** Whether a link, from the document at `path`, leads to a file, and to a heading of it where it names one. */
function leadsSomewhere(path: string, link: string): boolean {
  const [file = '', anchor] = link.split('#')
  const target = file === '' ? `${top}${path}` : join(top, dirname(path), file)
  if (!existsSync(target)) return false
  return anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).includes(anchor)
}

/** "64 KiB", "24 h", "1,000 messages and more" as a number in bytes or milliseconds. */
function amount(text: string): number {
  const [, digits = '', unit = ''] = /^([\d,]+)(?: (KiB|MiB|h))?/.exec(text) ?? []
  const units: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, h: 3_600_000 }
  return Number(digits.replaceAll(',', '')) * (units[unit] ?? 1)
}

/** The first block of code in `language` that has `words` in it. */
function block(language: string, words: string, document = readme): string {
  const blocks = [...document.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
  const found = blocks.find(([, name, code]) => name === language && code?.includes(words))?.[2]
  if (found === undefined) throw new Error(`there is no ${language} with ${words}`)
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

function publish(topic: string, data: unknown): Promise<Response> {
  return fetch(`${origin}/publish?topic=${topic}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(data),
  })
}

async function untilWaiting(topic: string, isWaiting = true): Promise<void> {
  for (;;) {
    const reply = await fetch(`${origin}/topics/${topic}`)
    if (((await reply.json()) as { waiting: number }).waiting > 0 === isWaiting) return
  }
}
