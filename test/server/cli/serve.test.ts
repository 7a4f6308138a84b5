// encke serve as a process: its configuration, what it says on a terminal and elsewhere, and its certificate.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { Agent, request } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import packageJson from '../../../package.json' with { type: 'json' }
import { keptAdminToken } from '../../../server/cli/admin-token.ts'
import { bannerFor, readyLine } from '../../../server/cli/banner.ts'
import { runProgram } from '../../program.ts'
import { ServerProcess } from '../server-process.ts'

const main = fileURLToPath(new URL('../../../server/main.ts', import.meta.url))

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'encke-serve-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('the configuration', () => {
  it('comes from flags, then variables, then the file, then the defaults', async () => {
    const config = write('c.json', '{"port": 0, "waitMaxSeconds": 77, "limitMax": 700, "publicHosts": ["a.example"]}')
    const flags = ['--config', config, '--log-level', 'silent', '--limit-max', '800']
    await using server = await ServerProcess.serving(flags.slice(0, 2).concat(flags.slice(4)), {
      ENCKE_WAIT_MAX_SECONDS: '66',
    })
    const { text } = await asked(`${server.origin}/openapi.json`)
    expect(text).toContain('Lowered to 66,')
    expect(text).toContain('Lowered to 800.')
  })

  it('is printed as JSON without secrets, and what is printed is taken as a file', async () => {
    const flags = [
      'serve',
      '--print-config',
      '--port',
      '9090',
      '--publish-key',
      'hush',
      '--public-hosts',
      'a.example,b.example',
    ]
    const printed = await runProgram(main, ...flags)
    expect({ code: printed.code, err: printed.err }).toEqual({ code: 0, err: '' })
    expect(printed.out).not.toContain('hush')
    const shown = JSON.parse(printed.out)
    expect(shown).toMatchObject({
      port: 9090,
      publishKey: '(set, not shown)',
      adminToken: null,
      publicHosts: ['a.example', 'b.example'],
    })
    const again = { ...shown, publishKey: null }
    const config = write('again.json', JSON.stringify(again))
    const twice = await runProgram(main, 'serve', '--print-config', '--config', config)
    expect(JSON.parse(twice.out)).toEqual({ ...again, config })
  })

  it.each([
    ['{"prot": 1}', /: unknown option "prot"; did you mean port\? /],
    ['{"port": "x"}', /: port must be a whole number from 0 to 65535 \(got "x"\)/],
    ['{"port": {}}', /: port must be a text, a number, true, false, null or a list of texts/],
    ['{"publishKey": "(set, not shown)"}', /: publishKey must be .*the placeholder of --print-config/],
    ['[]', / must be a JSON object such as /],
    ['{', / is not JSON: /],
  ])('is complained about in one line when its file says %s', async (text, complaint) => {
    const config = write('bad.json', text)
    const { code, out, err } = await runProgram(main, 'serve', '--config', config)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(complaint)
    expect(err.trimEnd().split('\n')).toHaveLength(1)
    expect(err).toContain('bad.json')
  })

  it('is complained about when its file is not there', async () => {
    const { code, err } = await runProgram(main, 'serve', '--config', join(folder, 'none.json'))
    expect({ code, err }).toEqual({
      code: 2,
      err: expect.stringMatching(/none\.json cannot be read \(it is not there\)\n$/),
    })
  })
})

describe('the words', () => {
  it('that name no command are answered with the nearest, and exit code 2', async () => {
    const { code, err } = await runProgram(main, 'serv')
    expect({ code, err }).toEqual({
      code: 2,
      err: 'encke: there is no command "serv"; did you mean serve? (--help lists them)\n',
    })
  })

  it.each(['publish', 'subscribe', 'bench', 'token', 'doctor'])(
    '--help of %s says how it is called, and nothing else happens',
    async (name) => {
      const { code, out, err } = await runProgram(main, name, '--help')
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(out).toMatch(/\n/)
      expect(out).toContain('--json')
    },
  )
})

describe('the banner', () => {
  const ready = { version: '0.1.0', url: 'http://127.0.0.1:8080', adminToken: 'a/b', startMs: 444 }

  it('is six lines on a terminal, with the token where no server sees it', () => {
    const plain = stripVTControlCharacters(bannerFor({ ...ready, broker: 'sqlite:data/encke.db' }))
    expect(plain).toBe(`Encke 0.1.0 · ready in 0.4 s
  Chat       http://127.0.0.1:8080/
  Dashboard  http://127.0.0.1:8080/admin/#token=a%2Fb
  Data       ./data/encke.db (durable)
  Try        curl 'http://127.0.0.1:8080/messages?topic=hello'
  Ctrl-C drains; twice stops now
`)
  })

  it.each([
    ['memory:', 'in memory (forgotten when it stops; --broker keeps it)'],
    ['sqlite:/var/lib/encke/encke.db?x=1', '/var/lib/encke/encke.db (durable)'],
    ['redis://user:secret@cache:6379/1', 'redis://cache:6379/1 (shared)'],
    ['redis://user:se/cret@secret@cache', 'redis://cache (shared)'],
    ['redis-sentinel://a,b/m?sentinelPassword=secret', 'redis-sentinel://a,b/m?sentinelPassword=… (shared)'],
  ])('says of %s where data is, without a password', (broker, data) => {
    expect(bannerFor({ ...ready, broker })).toContain(`Data       ${data}\n`)
    expect(readyLine({ ...ready, broker }, 0)).not.toContain('secret')
  })

  const hasScript = spawnSync('script', ['--version']).status === 0
  it.runIf(hasScript)('is shown on a terminal, and logs are words there', async () => {
    const command = `${process.execPath} ${main} serve --port 0 --drain-pause-ms 0 --wait-max-seconds 99`
    const child = spawn('script', ['-qfec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'], cwd: folder })
    let said = ''
    let isStopping = false
    child.stdout.on('data', (chunk) => {
      said += chunk
      if (!isStopping && said.includes('twice stops now')) {
        isStopping = true
        child.stdin.write('\u0003')
      }
    })
    await once(child, 'close')
    const plain = stripVTControlCharacters(said).replaceAll('\r', '')
    expect(plain).toContain(`Encke ${packageJson.version} · ready in `)
    expect(plain).toMatch(/Dashboard {2}http:\/\/127\.0\.0\.1:\d+\/admin\/#token=[\w-]{24}\n/)
    expect(plain).toMatch(/\d\d:\d\d:\d\d info {2}configuration: what is not as usual .*waitMaxSeconds=99/m)
    expect(plain).toMatch(/\d\d:\d\d:\d\d info {2}draining 0 waiting requests waiting=0$/m)
    expect(plain).toMatch(/\d\d:\d\d:\d\d info {2}drained in [\d.]+ s /m)
  })

  it('is one line of JSON elsewhere, and so is each line of the log; none has a secret', async () => {
    const flags = ['--log-level', 'info', '--publish-key', 'hush', '--drain-pause-ms', '0']
    const server = new ServerProcess(['--port', '0', ...flags], { ENCKE_ADMIN_TOKEN: 'hush too' })
    const origin = await server.untilSaid(/"url":"([^"]+)"/)
    expect((await asked(`${origin}/admin/statistics`, { authorization: 'Bearer a guess' })).status).toBe(401)
    server.kill('SIGTERM')
    const { out, err, exitCode } = await server.ended
    expect(exitCode).toBe(0)
    const lines = [...out.trimEnd().split('\n'), ...err.trimEnd().split('\n')].map((line) => JSON.parse(line))
    expect(lines.map(({ msg }) => msg)).toEqual([
      'ready',
      'configuration: what is not as usual',
      'a key or token is missing or wrong: 1 request refused with ENCKE_ERR_ADMIN_TOKEN, the last from 127.0.0.1',
      'draining 0 waiting requests',
      expect.stringMatching(/^drained in /),
    ])
    expect(out + err).not.toMatch(/hush|guess/)
  })
})

describe('the admin token', () => {
  it('is made once beside the database, for its owner alone', () => {
    const broker = `sqlite:${join(folder, 'data/encke.db')}`
    const token = keptAdminToken(broker)
    expect(token).toMatch(/^[\w-]{24}$/)
    expect(keptAdminToken(broker)).toBe(token)
    const path = join(folder, 'data/admin-token')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path, 'utf8')).toBe(`${token}\n`)
  })

  it('is for its owner alone again when others could read its file, and is said to be made anew', () => {
    const broker = `sqlite:${join(folder, 'shown/encke.db')}`
    const token = keptAdminToken(broker)
    const path = join(folder, 'shown/admin-token')
    const warnings: string[] = []
    const warn = (line: string) => void warnings.push(line)
    for (const mode of [0o644, 0o640, 0o604, 0o660]) {
      chmodSync(path, mode)
      expect(keptAdminToken(broker, warn)).toBe(token)
      expect(statSync(path).mode & 0o777).toBe(0o600)
    }
    expect(warnings).toHaveLength(4)
    expect(warnings[0]).toBe(
      `${path} could be read by others (mode 644) and is for its owner alone now: remove it and start again for a new admin token, unless you know who has read it`,
    )
    expect(warnings.join()).not.toContain(token)
    expect(keptAdminToken(broker, warn)).toBe(token)
    expect(warnings).toHaveLength(4)
  })

  it('is not kept for topics that are elsewhere', () => {
    for (const broker of ['memory:', 'redis://cache:6379', 'sqlite::memory:'])
      expect(keptAdminToken(broker)).toBeUndefined()
  })

  it.runIf(process.platform === 'linux')(
    'is not complained about where there is no place for the database: that is',
    () => {
      expect(keptAdminToken('sqlite:/proc/none/encke.db')).toBeUndefined()
    },
  )

  it('that cannot be kept is complained about', () => {
    write('file', '')
    expect(() => keptAdminToken(`sqlite:${folder}/file/encke.db`)).toThrow(
      /admin-token \(\w+\); give one as ENCKE_ADMIN_TOKEN/,
    )
  })
})

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

describe.runIf(hasOpenssl)('TLS', () => {
  function certificate(name: string): [cert: string, key: string] {
    const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)]
    const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1']
    spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      cert,
      ...subject,
    ])
    return [cert, key]
  }

  it('is spoken with a certificate; polls repeat on the fast path, and SIGHUP reads a renewed one', async () => {
    const [cert, key] = certificate('first')
    await using server = await ServerProcess.serving(['--tls-cert', cert, '--tls-key', key, '--drain-pause-ms', '0'])
    expect(server.origin).toMatch(/^https:/)
    const ask = async (path: string, ca = cert) => asked(server.origin + path, {}, ca)
    let { cursor } = JSON.parse((await ask('/messages?topic=a&wait=0')).text)
    const agent = new Agent({ connect: { ca: readFileSync(cert) }, pipelining: 1, connections: 1 })
    for (let poll = 0; poll < 6; poll += 1) {
      const { body } = await request(`${server.origin}/messages?topic=a&wait=0&cursor=${cursor}`, { dispatcher: agent })
      ;({ cursor } = (await body.json()) as { cursor: string })
    }
    expect((await ask('/metrics')).text).toMatch(/^encke_fast_path_total [1-4]$/m)
    expect((await ask('/metrics')).text).toMatch(/^encke_connections [1-9]/m)
    await agent.destroy()
    const [renewed, itsKey] = certificate('second')
    writeFileSync(cert, readFileSync(renewed))
    writeFileSync(key, readFileSync(itsKey))
    server.kill('SIGHUP')
    const deadline = performance.now() + 60_000
    for (;;) {
      const isNew = await ask('/healthz', renewed).then(
        ({ status }) => status === 200,
        () => false,
      )
      if (isNew) break
      expect(performance.now()).toBeLessThan(deadline)
    }
    server.kill('SIGTERM')
    expect(await server.ended).toMatchObject({ exitCode: 0, err: '' })
  })

  it('is refused with a line when a file is missing or is no certificate', async () => {
    const [cert] = certificate('alone')
    const half = await runProgram(main, 'serve', '--tls-cert', cert)
    expect(half).toMatchObject({ code: 2, err: 'encke: --tls-cert needs --tls-key (or ENCKE_TLS_KEY) beside it\n' })
    const wrong = await runProgram(main, 'serve', '--port', '0', '--tls-cert', cert, '--tls-key', write('k', 'no key'))
    expect(wrong.code).toBe(2)
    expect(wrong.err).toMatch(/^encke: .* are no certificate with its key that can be used \(\w+\)\n$/)
  })
})

async function asked(url: string, headers = {}, ca?: string): Promise<{ status: number; text: string }> {
  const dispatcher = new Agent(ca === undefined ? {} : { connect: { ca: readFileSync(ca) } })
  try {
    const { statusCode, body } = await request(url, { dispatcher, headers })
    return { status: statusCode, text: await body.text() }
  } finally {
    await dispatcher.destroy()
  }
}
