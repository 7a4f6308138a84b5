// The doctor on paths that are ill: a proxy in front of a real server that does to requests and replies what proxies do.

import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { doctor } from '../../../server/cli/doctor.ts'
import { Served } from '../http/served.ts'
import { runCommand } from './run.ts'

interface Illness {
  /** Changes a request before it is passed on. */
  readonly change?: (incoming: IncomingMessage) => void
  /** Passes the reply on. */
  readonly reply?: (from: IncomingMessage, to: ServerResponse, incoming: IncomingMessage) => void
  /** Cuts a request after so many milliseconds, with a 504 or without a word. */
  readonly cutMs?: number
  readonly cut?: (to: ServerResponse) => void
}

class Path implements AsyncDisposable {
  readonly url: string
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  }

  static async with({ change, reply, cutMs, cut }: Illness): Promise<Path> {
    const proxy = createServer((incoming, response) => {
      change?.(incoming)
      const { method, url, headers } = incoming
      const onward = request(server.origin + url, { method: method as string, headers }, (from) => {
        if (reply !== undefined) return reply(from, response, incoming)
        response.writeHead(from.statusCode as number, from.headers)
        response.flushHeaders()
        from.pipe(response)
      })
      onward.on('error', () => response.destroy())
      incoming.pipe(onward)
      const timer = cutMs && setTimeout(() => (cut ?? ((to) => to.destroy()))(response), cutMs)
      response.once('close', () => {
        clearTimeout(timer || undefined)
        onward.destroy()
      })
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    return new Path(proxy)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

let server: Served

beforeEach(async () => {
  server = await Served.start(['--admin-token', 'a'])
})

afterEach(() => server[Symbol.asyncDispose]())

async function examine(url: string, ...flags: string[]) {
  const { code, out } = await runCommand(doctor, [
    url,
    '--json',
    ...(flags.includes('--wait-seconds') ? [] : ['--wait-seconds', '0']),
    ...flags,
  ])
  const { findings } = JSON.parse(out) as { findings: { result: string; about: string; text: string }[] }
  const of = (result: string) => findings.filter((one) => one.result === result).map(({ text }) => text)
  return { code, findings, ok: of('ok'), problems: of('problem'), notes: of('note'), skipped: of('skipped') }
}

describe('encke doctor', () => {
  it('finds a direct path well, and says what it looked at', async () => {
    const { code, problems, notes, ok } = await examine(server.origin, '--wait-seconds', '1')
    expect({ code, problems, notes }).toEqual({ code: 0, problems: [], notes: [] })
    for (const words of [
      'Encke answers',
      'Authorization arrives',
      'Idempotency-Key arrives',
      '%2F',
      'long URLs',
      'no answer is kept',
      'piece by piece',
      'a poll is held for',
    ]) {
      expect(ok.some((text) => text.includes(words))).toBe(true)
    }
  })

  it('finds a path well that passes everything on, and says so in words', async () => {
    await using path = await Path.with({})
    const { code, out } = await runCommand(doctor, [path.url, '--wait-seconds', '0'])
    expect(code).toBe(0)
    expect(out).toMatch(/^✓ reach {5}Encke answers at http/)
    expect(out).toMatch(/\n\nThe path is well\.\n$/)
  })

  it.each(['authorization', 'idempotency-key'])('finds that a path takes %s away', async (name) => {
    await using path = await Path.with({
      change: ({ headers }) => {
        delete headers[name]
      },
    })
    const { code, problems } = await examine(path.url)
    expect(code).toBe(1)
    expect(problems).toHaveLength(1)
    expect(problems[0]?.toLowerCase()).toContain(`takes the ${name} header away`)
  })

  it('finds that a path changes Host: pages may not publish', async () => {
    await using path = await Path.with({
      change: ({ headers }) => {
        headers.host = 'localhost:1'
      },
    })
    const { problems } = await examine(path.url)
    expect(problems).toEqual([
      expect.stringMatching(/may not publish, because the path changes Host: .*--public-hosts/),
    ])
  })

  it('finds that the server does not go by the name it is called', async () => {
    await using path = await Path.with({
      change: ({ headers }) => {
        headers.host = 'push.example.com'
      },
    })
    const { code, problems } = await examine(path.url)
    expect({ code, problems }).toEqual({ code: 1, problems: [expect.stringContaining('add --public-hosts')] })
  })

  it('finds a path that collects event streams', async () => {
    await using path = await Path.with({
      reply: async (from, to) => {
        const body = Buffer.concat(await from.toArray().catch(() => []))
        if (!to.destroyed) to.writeHead(from.statusCode as number, from.headers).end(body)
      },
    })
    const { code, problems } = await examine(path.url)
    expect({ code, problems }).toEqual({
      code: 1,
      problems: [expect.stringMatching(/holds event streams back.*proxy_buffering off/)],
    })
  })

  it('finds a path that lets the head of an event stream through and collects the rest', async () => {
    await using path = await Path.with({
      reply: async (from, to) => {
        to.writeHead(from.statusCode as number, from.headers)
        to.flushHeaders()
        const body = Buffer.concat(await from.toArray().catch(() => []))
        if (!to.destroyed) to.end(body)
      },
    })
    const { problems } = await examine(path.url)
    expect(problems).toEqual([expect.stringMatching(/collects event streams: an event had not arrived/)])
  })

  it('finds a path that keeps answers', async () => {
    const kept = new Map<string, string>()
    await using path = await Path.with({
      reply: async (from, to, incoming) => {
        const isPoll = incoming.method === 'GET' && incoming.url?.includes('/messages')
        if (!isPoll) {
          to.writeHead(from.statusCode as number, from.headers)
          to.flushHeaders()
          from.pipe(to)
          return
        }
        const body = kept.get(incoming.url as string) ?? String(Buffer.concat(await from.toArray()))
        kept.set(incoming.url as string, body)
        from.headers['content-length'] = String(Buffer.byteLength(body))
        to.writeHead(from.statusCode as number, from.headers).end(body)
      },
    })
    const { problems } = await examine(path.url)
    expect(problems).toEqual([expect.stringContaining('keeps answers that are no-store')])
  })

  it.each([
    ['ends the connection', undefined],
    ["answers 504 in the server's place", (to: ServerResponse) => to.headersSent || to.writeHead(504).end()],
  ])('finds a path that cuts polls, says after how long and how: it %s', async (how, cut) => {
    await using path = await Path.with({ cutMs: 1_200, ...(cut && { cut }) })
    const { code, problems } = await examine(path.url, '--wait-seconds', '20')
    expect(code).toBe(1)
    const [problem] = problems.filter((text) => text.includes('cuts requests'))
    expect(problem).toMatch(/^the path cuts requests after 1\.[2-9] s: it /)
    expect(problem).toContain(how)
    expect(problem).toContain('--wait-default-seconds and --wait-max-seconds to 1 or less')
  })

  it('notes a path that decodes %2F, and one that takes no long URLs', async () => {
    await using path = await Path.with({
      change: (incoming) => {
        incoming.url = (incoming.url as string).replace(/^[^?]*/, (before) => before.replaceAll('%2F', '/'))
        if (incoming.url.length > 8_192) incoming.url = '/nowhere'
      },
    })
    const { code, notes } = await examine(path.url)
    expect(code).toBe(0)
    expect(notes).toEqual([
      expect.stringContaining('decodes %2F'),
      expect.stringContaining('long URLs do not arrive (404)'),
    ])
  })

  it('leaves out what needs a right that the token lacks, and says so', async () => {
    await using closed = await Served.start(['--publish-key', 'p'])
    const { code, skipped, problems } = await examine(closed.origin)
    expect({ code, problems }).toEqual({ code: 0, problems: [] })
    expect(skipped.join('\n')).toMatch(/may not publish.*\n.*may not publish.*\n.*may not publish/)
    expect((await examine(closed.origin, '--token', 'p')).skipped).toEqual([])
  })

  it('says that nothing answers, or that what answers is something else', async () => {
    const gone = await runCommand(doctor, ['http://127.0.0.1:2'])
    expect(gone).toMatchObject({ code: 1, err: expect.stringContaining('does not answer (ECONNREFUSED)') })
    await using other = await Path.with({ reply: (_from, to) => void to.writeHead(200).end('hello') })
    expect((await examine(other.url)).problems).toEqual([expect.stringContaining('is not Encke (200)')])
  })
})
