// The configurations of docs/deployment.md for nginx and HAProxy, each before a server: the doctor finds nothing wrong, and what a
// proxy is for works through it.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { doctor } from '../../server/cli/doctor.ts'
import { runCommand } from './cli/run.ts'
import { Served } from './http/served.ts'

const page = readFileSync(new URL('../../docs/deployment.md', import.meta.url), 'utf8')
const path = `${process.env['PATH']}:/usr/sbin:/usr/local/sbin`
const has = (program: string, flag: string) => spawnSync(program, [flag], { env: { PATH: path } }).status === 0

/** The block of the page in this language that has these words. */
function block(language: string, words: string): string {
  const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
  const found = blocks.find(([, its, text]) => its === language && text?.includes(words))
  if (found === undefined) throw new Error(`docs/deployment.md has no ${language} with ${words}`)
  return found[2] as string
}

let folder: string
let port: number
let proxy: ChildProcess | undefined

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'encke-proxy-'))
  port = await freePort()
})

afterEach(async () => {
  if (proxy !== undefined && proxy.exitCode === null) {
    const ended = once(proxy, 'close')
    proxy.kill('SIGTERM')
    await ended
  }
  proxy = undefined
  rmSync(folder, { recursive: true })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function start(program: string, ...words: string[]): Promise<void> {
  proxy = spawn(program, words, { env: { PATH: path }, stdio: 'ignore' })
  const deadline = performance.now() + 60_000
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/`).then(
      ({ status }) => status < 500,
      () => false,
    )
  while (!(await answers())) {
    if (proxy.exitCode !== null || performance.now() > deadline) throw new Error(`${program} does not start`)
  }
}

async function examine(url: string): Promise<string[]> {
  const { out } = await runCommand(doctor, [url, '--json', '--wait-seconds', '2'])
  const { findings } = JSON.parse(out) as { findings: { result: string; text: string }[] }
  return findings.filter(({ result }) => result !== 'ok').map(({ text }) => text)
}

describe.runIf(has('nginx', '-v'))('nginx', () => {
  it('serves one path of a site as the page says, and the doctor finds it well', async () => {
    await using server = await Served.start([
      '--base-path',
      '/push',
      '--trust-proxy',
      '127.0.0.1',
      '--admin-token',
      'a',
    ])
    const location = block('nginx', 'location /push/').replace('http://127.0.0.1:8080', server.origin)
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
      .join('\n')
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
       http { access_log off; ${temp} server { listen 127.0.0.1:${port}; location = / { return 204; } ${location} } }`,
    )
    await start('nginx', '-p', folder, '-c', join(folder, 'nginx.conf'))
    expect(await examine(`http://127.0.0.1:${port}/push`)).toEqual([])
  })
})

describe.runIf(has('haproxy', '-v'))('HAProxy', () => {
  it('serves a site as the page says, and the doctor finds it well', async () => {
    await using server = await Served.start(['--trust-proxy', '127.0.0.1', '--admin-token', 'a'])
    const config = block('haproxy', 'backend encke')
      .replace('bind :8000', `bind 127.0.0.1:${port}`)
      .replace('127.0.0.1:8080', new URL(server.origin).host)
    mkdirSync(join(folder, 'run'))
    writeFileSync(join(folder, 'haproxy.cfg'), config)
    await start('haproxy', '-db', '-f', join(folder, 'haproxy.cfg'))
    expect(await examine(`http://127.0.0.1:${port}`)).toEqual([])
  })
})
