import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { Agent, request } from 'undici'
import { describe, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import type { PollReply } from './http/live-app.ts'
import { until } from './http/live-app.ts'
import type { Ended, Serving } from './server-process.ts'
import { ServerProcess } from './server-process.ts'

const hour = '3600000'

class Visitor implements AsyncDisposable {
  readonly #agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 })
  readonly #server: Serving

  constructor(server: Serving) {
    this.#server = server
  }

  async get(path: string, headers: Record<string, string> = {}) {
    const reply = await request(this.#server.origin + path, { dispatcher: this.#agent, headers })
    return { status: reply.statusCode, headers: reply.headers, body: (await reply.body.json()) as unknown }
  }

  async publish(topic: string, text: string): Promise<void> {
    const { body, statusCode } = await request(`${this.#server.origin}/publish?topic=${topic}`, {
      dispatcher: this.#agent,
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: text,
    })
    await body.dump()
    expect(statusCode).toBe(201)
  }

  async poll(query: string): Promise<PollReply> {
    const { status, body } = await this.get(`/messages?${query}`)
    expect(status).toBe(200)
    return body as PollReply
  }

  untilWaiting(count: number): Promise<void> {
    return until(`${count} wait`, async () => {
      const { body } = await this.get('/admin/statistics', { authorization: `Bearer ${this.#server.token}` })
      return (body as { hub: { waiting: number } }).hub.waiting === count
    })
  }

  untilDraining(): Promise<void> {
    return until('it drains', async () => (await this.get('/readyz')).status === 503)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
  }
}

async function endOf(flags: readonly string[], variables: Record<string, string> = {}): Promise<Ended> {
  await using server = new ServerProcess(flags, variables)
  return await server.ended
}

describe('the process', () => {
  it('drains when npm is told to stop, as a service manager does that started it with npm start', async () => {
    const flags = [
      '--port',
      '0',
      '--broker',
      'memory:',
      '--drain-ms',
      '50',
      '--drain-pause-ms',
      '0',
      '--log-level',
      'silent',
    ]
    const npm = spawn('npm', ['start', '--silent', '--', ...flags], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    })
    const ended = once(npm, 'close')
    const agent = new Agent()
    try {
      let said = ''
      while (!/"url"/.test(said)) said += String((await once(npm.stdout, 'data'))[0])
      const origin = /"url":"([^"]+)"/.exec(said)?.[1] as string
      const ask = (path: string) => request(origin + path, { dispatcher: agent }).then(({ body }) => body.json())
      const poll = ask('/messages?topic=parked') as Promise<PollReply>
      await until('it is parked', async () => ((await ask('/topics/parked')) as { waiting: number }).waiting === 1)
      npm.kill('SIGTERM')
      expect(await poll).toMatchObject({ cursor: expect.any(String), retryAfterMs: expect.any(Number) })
      await ended
      await expect(ask('/healthz')).rejects.toThrow()
    } finally {
      await agent.destroy()
      endGroup(npm.pid)
    }
  })

  it('says in a line of JSON where it listens, without the token, and serves', async () => {
    await using server = await ServerProcess.serving()
    await using visitor = new Visitor(server)
    expect(server.origin).toBe(`http://127.0.0.1:${server.port}`)
    expect((await visitor.get('/readyz')).status).toBe(200)
    expect((await visitor.get('/admin/statistics')).status).toBe(401)
    expect((await visitor.get('/admin/statistics', { authorization: `Bearer ${server.token}` })).status).toBe(200)
    expect(await visitor.poll('topic=a&wait=0')).toMatchObject({ messages: [], topics: { a: { verdict: 'ok' } } })
    server.kill('SIGTERM')
    const { exitCode, out, err } = await server.ended
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    const [line, ...others] = out.trimEnd().split('\n')
    expect(others).toEqual([])
    const { version } = packageJson
    const ready = { level: 30, msg: 'ready', version, url: server.origin, broker: 'memory', durable: false }
    expect(JSON.parse(line as string)).toMatchObject({ ...ready, startMs: expect.any(Number) })
    expect(out).not.toContain(server.token)
  })

  it('takes the admin token from ENCKE_ADMIN_TOKEN, and prints it nowhere', async () => {
    await using server = await ServerProcess.serving([], { ENCKE_ADMIN_TOKEN: 'a token of ours' })
    await using visitor = new Visitor(server)
    expect((await visitor.get('/admin/statistics', { authorization: 'Bearer a token of ours' })).status).toBe(200)
    expect((await visitor.get('/admin/statistics', { authorization: 'Bearer another' })).status).toBe(401)
    server.kill('SIGTERM')
    const { out, err } = await server.ended
    expect(out + err).not.toContain('a token of ours')
  })

  it('lets a flag win over its variable', async () => {
    await using server = await ServerProcess.serving(['--wait-max-seconds', '90'], { ENCKE_WAIT_MAX_SECONDS: '30' })
    await using visitor = new Visitor(server)
    const { body } = await visitor.get('/openapi.json')
    expect(JSON.stringify(body)).toContain('Lowered to 90,')
  })
})

describe('a signal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s answers a thousand parked polls with cursors, and ends with 0',
    async (signal) => {
      const flags = ['--client-limits', 'off', '--drain-pause-ms', '20', '--drain-ms', '300']
      await using server = await ServerProcess.serving(flags)
      await using visitor = new Visitor(server)
      const start = await visitor.poll('topic=herd&wait=0')
      const polls = Array.from({ length: 1_000 }, () => visitor.poll(`topic=herd&wait=60&cursor=${start.cursor}`))
      await visitor.untilWaiting(1_000)
      server.kill(signal)
      for (const reply of await Promise.all(polls)) {
        expect(reply).toMatchObject({ messages: [], cursor: start.cursor, topics: { herd: { verdict: 'ok' } } })
        expect(reply.retryAfterMs).toBeLessThan(300)
      }
      expect(await server.ended).toMatchObject({ exitCode: 0, signal: null, err: '' })
    },
  )

  it.each([
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGINT'],
    ['SIGTERM', 'SIGINT'],
  ] as const)('%s, then %s, ends at once, and answers all the same', async (first, second) => {
    await using server = await ServerProcess.serving(['--drain-pause-ms', hour, '--drain-ms', hour])
    await using visitor = new Visitor(server)
    const polls = Array.from({ length: 20 }, (_, at) => visitor.poll(`topic=t${at}&wait=60`))
    await visitor.untilWaiting(20)
    server.kill(first)
    await visitor.untilDraining()
    server.kill(second)
    for (const reply of await Promise.all(polls))
      expect(reply).toMatchObject({ messages: [], cursor: expect.any(String) })
    expect(await server.ended).toMatchObject({ exitCode: 0, signal: null, err: '' })
  })

  it('ends it at once when nobody waits', async () => {
    await using server = await ServerProcess.serving(['--drain-pause-ms', hour, '--drain-ms', hour])
    await using visitor = new Visitor(server)
    await visitor.get('/healthz')
    server.kill('SIGTERM')
    expect(await server.ended).toMatchObject({ exitCode: 0, signal: null, err: '' })
  })

  it('leaves cursors that a new process answers with reset, never with ok', async () => {
    let cursor: string
    {
      await using server = await ServerProcess.serving()
      await using visitor = new Visitor(server)
      for (const topic of ['a', 'b']) await visitor.publish(topic, 'said before')
      ;({ cursor } = await visitor.poll('topic=a&topic=b&wait=0'))
    }
    await using server = await ServerProcess.serving()
    await using visitor = new Visitor(server)
    const reply = await visitor.poll(`topic=a&topic=b&wait=60&cursor=${cursor}`)
    expect(reply.topics).toEqual({ a: { verdict: 'reset', missed: null }, b: { verdict: 'reset', missed: null } })
    const { topics } = await visitor.poll(`topic=a&topic=b&wait=0&cursor=${reply.cursor}`)
    expect(topics).toEqual({ a: { verdict: 'ok', missed: 0 }, b: { verdict: 'ok', missed: 0 } })
  })
})

describe.concurrent('what keeps it from starting', () => {
  it('is a port in use: a line that says what and what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    const ended = await endOf(['--port', port])
    other.close()
    expectComplaints(ended, [
      `encke: port ${port} on 127.0.0.1 is in use; stop what uses it, or choose another with --port or ENCKE_PORT, 0 for any free one`,
    ])
  })

  it.each([
    [[], { ENCKE_PORT: 'http' }, ['encke: ENCKE_PORT must be a whole number from 0 to 65535 (got "http")']],
    [[], { ENCKE_PORT: '65536' }, ['encke: ENCKE_PORT must be a whole number from 0 to 65535 (got "65536")']],
    [['--prot', '80'], {}, ['encke: unknown flag "--prot"; did you mean --port? (--help lists them)']],
    [
      ['--host', '0.0.0.0'],
      {},
      [
        'encke: --host is "0.0.0.0", which other machines can reach: set --publish-key (or ENCKE_PUBLISH_KEY) and ' +
          '--subscribe-key (or ENCKE_SUBSCRIBE_KEY), or let everybody publish and read without a key with --open (or ENCKE_OPEN=on)',
      ],
    ],
    [
      ['--drain-ms', '-1'],
      { ENCKE_PORT: '' },
      ['encke: --drain-ms must be a whole number of milliseconds from 0 to 2147483647 (got "-1")'],
    ],
  ])('is %j with %j: a line that says what and what to do', async (flags, variables, complaints) => {
    expectComplaints(await endOf(flags, variables as Record<string, string>), complaints)
  })

  it('is told all together, a line each', async () => {
    const ended = await endOf(['--bogus', '--slice-ms', 'x'], { ENCKE_PORT: 'y' })
    expect(ended.exitCode).toBe(2)
    expect(ended.err.trimEnd().split('\n')).toHaveLength(3)
    expect(ended.err).not.toMatch(/^\s+at /m)
  })
})

describe.concurrent('a question', () => {
  it('--help is answered with the commands, and with the options of one', async () => {
    const overview = await endOf(['--help'])
    for (const name of ['serve', 'publish', 'subscribe', 'bench', 'token', 'doctor'])
      expect(overview.out).toMatch(new RegExp(`^  ${name} `, 'm'))
    const { exitCode, out, err } = await endOf(['serve', '--help'])
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    for (const name of ['--port, ENCKE_PORT (8080)', '--drain-ms, ENCKE_DRAIN_MS (20000)', '--version']) {
      expect(out).toContain(name)
    }
  })

  it('--version is answered with the version', async () => {
    expect(await endOf(['--version'])).toMatchObject({ exitCode: 0, out: `${packageJson.version}\n`, err: '' })
  })
})

function expectComplaints({ exitCode, out, err }: Ended, complaints: readonly string[]): void {
  expect(err).toBe(complaints.map((complaint) => `${complaint}\n`).join(''))
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
}

/** End npm and whatever it has started, if any of it is left. */
function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
