// The programs that runtime/README.md shows are those in examples/, and print what it says.

import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const folder = fileURLToPath(new URL('examples/', import.meta.url))
const readme = readFileSync(new URL('../../runtime/README.md', import.meta.url), 'utf8')

interface Program {
  readonly name: string
  readonly shown: string
  readonly output: string
}

const section = readme.split(/^## /m).find((part) => part.startsWith('Three programs\n')) ?? ''
const programs: Program[] = [
  ...section.matchAll(
    /`(test\/runtime\/examples\/[\w-]+\.ts)`[\s\S]*?```ts\n([\s\S]*?)^```\n\n```text\n([\s\S]*?)^```$/gm,
  ),
].map(([, path = '', shown = '', output = '']) => ({ name: path.split('/').at(-1) as string, shown, output }))

async function outputOf(name: string, ...args: string[]): Promise<string> {
  const program = spawn(process.execPath, [`${folder}${name}`, ...args])
  const [out, err] = await Promise.all([text(program.stdout), text(program.stderr)])
  return `${err}${out}`
}

function shownAs(name: string): string {
  return programs.find((program) => program.name === name)?.output ?? `${name} is not shown`
}

describe('the three programs', () => {
  it('are shown as they are', () => {
    expect(programs.map(({ name }) => name).toSorted()).toEqual(readdirSync(folder).toSorted())
    for (const { name, shown } of programs) {
      const source = readFileSync(`${folder}${name}`, 'utf8')
      expect(shown).toBe(source.replace("'../../../runtime/index.ts'", "'./runtime/index.ts'"))
    }
  })

  it.each(['worker-pool.ts', 'pub-sub.ts'])('%s prints what it says', async (name) => {
    expect(await outputOf(name)).toBe(shownAs(name))
  })

  it('crawler.ts prints what it says, asks for each page once, and asks two at a time of each host', async () => {
    await using second = await site({ '/b1': [], '/b2': ['/b1'], '/b3': [], '/b4': [] })
    const others = ['/b1', '/b2', '/b3', '/b4'].map((path) => `${second.origin}${path}`)
    await using first = await site({
      '/': ['/a1', '/a2', '/a3', '/busy', '/gone', ...others],
      '/a1': ['/', '/a2'],
      '/a2': [],
      '/a3': [],
      '/busy': [],
    })
    expect(await outputOf('crawler.ts', `${first.origin}/`)).toBe(shownAs('crawler.ts'))
    expect([first.most, second.most]).toEqual([2, 2])
    expect(first.asked.filter((path) => path !== '/busy' && path !== '/gone').toSorted()).toEqual([
      '/',
      '/a1',
      '/a2',
      '/a3',
    ])
    expect(first.asked.filter((path) => path === '/busy').length).toBe(2)
    expect(first.asked.filter((path) => path === '/gone').length).toBe(1)
  })
})

/** A server of pages with links. It is busy at the first request for /busy, and remembers what it was asked. */
async function site(pages: Record<string, string[]>) {
  const asked: string[] = []
  let [now, most] = [0, 0]
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const path = request.url as string
    const isBusy = path === '/busy' && !asked.includes(path)
    asked.push(path)
    now += 1
    most = Math.max(most, now)
    response.on('close', () => {
      now -= 1
    })
    const status = isBusy ? 503 : pages[path] === undefined ? 404 : 200
    response.writeHead(status, { 'content-type': 'text/html' })
    // Two events of the loop, so that requests overlap where they may.
    setTimeout(() => response.end((pages[path] ?? []).map((link) => `<a href="${link}">`).join('')), 20)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    get most() {
      return most
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
