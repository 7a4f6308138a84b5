// The proxies of docs/deployment.md, each with the configuration that stands there, on a port of the test's own.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { eventually } from './brokers/redis-harness.ts'

const page = readFileSync(new URL('../../docs/deployment.md', import.meta.url), 'utf8')
const path = `${process.env['PATH']}:/usr/sbin:/usr/local/sbin`
const has = (program: string, flag: string) => spawnSync(program, [flag], { env: { PATH: path } }).status === 0

/** What stands before the servers on these ports, and by which address it is reached. */
interface Site {
  readonly folder: string
  readonly port: number
  readonly nodes: readonly number[]
  /** The path of the site that is Encke's, such as `/push`; '' for a site of its own. */
  readonly basePath: string
}

export interface ProxyKind {
  readonly name: string
  /** Why its tests are skipped; undefined when it is installed. */
  readonly missing: string | undefined
  /** Writes its configuration, and gives the words of its command line. */
  readonly command: (site: Site) => readonly string[]
}

export const nginx: ProxyKind = {
  name: 'nginx',
  missing: has('nginx', '-v') ? undefined : 'nginx is not installed',
  command({ folder, port, nodes, basePath }) {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`)
    const http =
      basePath === ''
        ? withNodes(block('nginx', 'server 127.0.0.1:8082'), nodes).replace('listen 8080', `listen 127.0.0.1:${port}`)
        : `server { listen 127.0.0.1:${port}; ${block('nginx', 'location /push/').replace('8080', `${nodes[0]}`)} }`
    const rest = 'daemon off;\npid nginx.pid;\nerror_log error.log;\nevents { worker_connections 4096; }'
    writeFileSync(join(folder, 'nginx.conf'), `${rest}\nhttp {\naccess_log off;\n${temporary.join('\n')}\n${http}\n}\n`)
    return ['nginx', '-p', folder, '-c', 'nginx.conf', '-e', 'error.log']
  },
}

export const haproxy: ProxyKind = {
  name: 'HAProxy',
  missing: has('haproxy', '-v') ? undefined : 'HAProxy is not installed',
  command({ folder, port, nodes }) {
    const line = /^ *server node 127\.0\.0\.1:8080 .*$/m
    const text = block('haproxy', 'backend encke')
    const server = line.exec(text)?.[0] ?? ''
    const servers = nodes.map((node, index) => server.replace('node', `node${index}`).replace('8080', `${node}`))
    const config = text.replace(line, servers.join('\n')).replace('bind :8000', `bind 127.0.0.1:${port}`)
    writeFileSync(join(folder, 'haproxy.cfg'), config)
    return ['haproxy', '-db', '-f', join(folder, 'haproxy.cfg')]
  },
}

export const caddy: ProxyKind = {
  name: 'Caddy',
  missing: has('caddy', 'version') ? undefined : 'Caddy is not installed',
  command: (site) => caddyCommand(site, `http://push.example.com:${site.port}, http://127.0.0.1:${site.port}`),
}

/** With a certificate of its own, which is signed by the file `caddyAuthority` in its folder. */
export const caddyWithTls: ProxyKind = { ...caddy, command: (site) => caddyCommand(site, `localhost:${site.port}`) }
export const caddyAuthority = 'store/pki/authorities/local/root.crt'

function caddyCommand({ folder, nodes, basePath }: Site, address: string): readonly string[] {
  const upstreams = nodes.map((node) => `127.0.0.1:${node}`).join(' ')
  const text = block('caddy', 'reverse_proxy')
    .replace('push.example.com', address)
    .replace('reverse_proxy 127.0.0.1:8080', `reverse_proxy ${basePath && `${basePath}/* `}${upstreams}`)
    .replace('health_uri ', `health_uri ${basePath}`)
  // Nothing outside the folder is touched: no port 80, no certificate in the machine's own list.
  const own = `admin off\ndefault_bind 127.0.0.1\nauto_https disable_redirects\nskip_install_trust\ngrace_period 1s`
  writeFileSync(join(folder, 'Caddyfile'), `{\n${own}\nstorage file_system ${folder}/store\n}\n${text}`)
  return ['caddy', 'run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile']
}

/** The block of the page in this language that has these words. */
function block(language: string, words: string): string {
  const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
  const found = blocks.find(([, its, text]) => its === language && text?.includes(words))
  if (found === undefined) throw new Error(`docs/deployment.md has no ${language} with ${words}`)
  return found[2] as string
}

function withNodes(text: string, nodes: readonly number[]): string {
  const [first, second = first] = nodes
  return text.replace('127.0.0.1:8081', `127.0.0.1:${first}`).replace('127.0.0.1:8082', `127.0.0.1:${second}`)
}

export class ProxyProcess implements AsyncDisposable {
  readonly origin: string
  readonly folder: string
  readonly #child: ChildProcess

  private constructor(origin: string, folder: string, child: ChildProcess) {
    this.origin = origin
    this.folder = folder
    this.#child = child
  }

  /** Start it, and wait until Encke answers through it. */
  static async start(kind: ProxyKind, port: number, nodes: readonly number[], basePath = ''): Promise<ProxyProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'encke-proxy-'))
    const [program, ...words] = kind.command({ folder, port, nodes, basePath }) as [string, ...string[]]
    const env = { PATH: path, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
    const child = spawn(program, words, { env, stdio: 'ignore' })
    const scheme = kind === caddyWithTls ? 'https://localhost' : 'http://127.0.0.1'
    const proxy = new ProxyProcess(`${scheme}:${port}`, folder, child)
    // Whether its certificate is right is for the tests.
    const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
    try {
      await eventually(async () => {
        if (child.exitCode !== null) throw new Error(`${program} does not start`)
        const { statusCode, body } = await request(`${proxy.origin}${basePath}/healthz`, { dispatcher })
        await body.dump()
        if (statusCode !== 200) throw new Error('not yet')
      })
    } catch (error) {
      await proxy[Symbol.asyncDispose]()
      throw error
    } finally {
      await dispatcher.destroy()
    }
    return proxy
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) {
      const ended = once(this.#child, 'exit')
      this.#child.kill('SIGTERM')
      await ended
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
