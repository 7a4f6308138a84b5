// The configurations of docs/deployment.md for nginx, HAProxy and Caddy, each before a server: the doctor finds nothing wrong, a
// reader that leaves is gone for the server, too, and what a proxy is for works through it.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type ClientHttp2Session, connect } from 'node:http2'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { doctor } from '../../server/cli/doctor.ts'
import { freePort } from './brokers/redis-server.ts'
import { runCommand } from './cli/run.ts'
import { Served } from './http/served.ts'
import { caddy, caddyAuthority, caddyWithTls, haproxy, nginx, type ProxyKind, ProxyProcess } from './proxies.ts'

const places = [
  { kind: nginx, basePath: '/push' },
  { kind: nginx, basePath: '' },
  { kind: haproxy, basePath: '' },
  { kind: caddy, basePath: '/push' },
  { kind: caddy, basePath: '' },
]

describe.each(places)('$kind.name before a server, with the base path "$basePath"', ({ kind, basePath }) => {
  it.skipIf(kind.missing !== undefined)('is found well by the doctor', async () => {
    await using server = await serve(basePath)
    await using proxy = await putBefore(kind, server, basePath)
    const { out } = await runCommand(doctor, [`${proxy.origin}${basePath}`, '--json', '--wait-seconds', '2'])
    const { findings } = JSON.parse(out) as { findings: { result: string; about: string; text: string }[] }
    expect(findings.filter(({ result }) => result !== 'ok')).toEqual([])
    expect(new Set(findings.map(({ about }) => about))).toEqual(
      new Set(['reach', 'headers', 'caching', 'streaming', 'holding']),
    )
  })

  it.skipIf(kind.missing !== undefined)('lets go of the reader that leaves, by a poll and by events', async () => {
    await using server = await serve(basePath)
    await using proxy = await putBefore(kind, server, basePath)
    for (const path of ['/messages?topic=a&wait=110', '/events?topic=a']) {
      const leaving = new AbortController()
      const reply = fetch(`${proxy.origin}${basePath}${path}`, { signal: leaving.signal })
      reply.catch(() => {})
      await server.waiting(1)
      leaving.abort()
      await server.waiting(0)
    }
  })
})

describe('Caddy with a certificate', () => {
  it.skipIf(caddy.missing !== undefined)('carries many polls and streams by one connection of HTTP/2', async () => {
    await using server = await serve('')
    await using proxy = await putBefore(caddyWithTls, server, '')
    using session = await connected(proxy)
    const ask = (path: string) => {
      const stream = session.request({ ':path': path })
      stream.on('error', () => {})
      return stream
    }
    const polls = Array.from({ length: 30 }, () => text(ask('/messages?topic=a&wait=110')))
    const events = ask('/events?topic=a')
    await server.waiting(31)
    await server.publish('a', 'to all')
    for (const poll of polls) expect(JSON.parse(await poll)).toMatchObject({ messages: [{ data: 'to all' }] })
    // Not by `once`: what comes right behind a chunk would be lost.
    let told = ''
    for await (const chunk of events.iterator({ destroyOnReturn: false })) {
      told += chunk
      if (told.includes('to all')) break
    }
    expect(told).toContain('to all')
    const left = ask('/messages?topic=b&wait=110')
    await server.waiting(2)
    left.close()
    await server.waiting(1)
  })
})

function serve(basePath: string): Promise<Served> {
  const flags = ['--trust-proxy', '127.0.0.1', '--public-hosts', 'push.example.com', '--admin-token', 'a']
  return Served.start(basePath === '' ? flags : [...flags, '--base-path', basePath])
}

async function putBefore(kind: ProxyKind, server: Served, basePath: string): Promise<ProxyProcess> {
  return await ProxyProcess.start(kind, await freePort(), [Number(new URL(server.origin).port)], basePath)
}

async function connected(proxy: ProxyProcess): Promise<ClientHttp2Session & Disposable> {
  const session = connect(proxy.origin, { ca: readFileSync(join(proxy.folder, caddyAuthority)) })
  await once(session, 'connect')
  return Object.assign(session, { [Symbol.dispose]: () => session.destroy() })
}
