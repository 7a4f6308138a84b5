// Advice about proxies, in the log, each once: a proxy that the server is not told about, or that changes Host, makes
// itself felt only as 403, 421 and limits that all its clients share.

import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { clip, EnckeError } from '../errors.ts'
import type { ClientIdentity } from './client-identity.ts'

export interface ProxyAdviceOptions {
  readonly identity: ClientIdentity
  /** Whether there are limits per client. */
  readonly clientLimits: boolean
}

/** Watch what comes, and what is refused. Call it before the guards are added. */
export function adviseAboutProxies(app: FastifyInstance, { identity, clientLimits }: ProxyAdviceOptions): void {
  const said = new Set<string>()
  function sayOnce(about: string, advice: string): void {
    if (said.has(about)) return
    said.add(about)
    app.log.warn(advice)
  }

  if (clientLimits) {
    app.addHook('onRequest', (request, _reply, done) => {
      if (!said.has('client')) {
        const advice = adviceAboutClients(request, identity)
        if (advice !== undefined) sayOnce('client', advice)
      }
      done()
    })
  }
  app.addHook('onError', (request, _reply, error, done) => {
    if (error instanceof EnckeError) {
      if (error.code === 'ENCKE_ERR_ORIGIN') sayOnce('origin', adviceAboutOrigin(request))
      if (error.code === 'ENCKE_ERR_HOST') sayOnce('host', adviceAboutHost(request))
    }
    done()
  })
}

function adviceAboutClients({ raw }: FastifyRequest, identity: ClientIdentity): string | undefined {
  const name = namingHeader(raw.headers)
  if (name === undefined) return undefined
  const peer = raw.socket.remoteAddress ?? 'unknown'
  if (!identity.trusts(peer, 0)) {
    return `${peer} names clients in ${name} and is not trusted to, so they all count as one client: if it is a proxy of yours, set --trust-proxy 1 or --trust-proxy ${peer}`
  }
  if (name === 'X-Forwarded-For') return undefined
  return `${peer} names clients in ${name}, which is not read, so they all count as one client: have it send X-Forwarded-For`
}

function namingHeader(headers: IncomingHttpHeaders): string | undefined {
  if (headers['x-forwarded-for'] !== undefined) return 'X-Forwarded-For'
  if (headers['forwarded'] !== undefined) return 'Forwarded'
  return headers['x-real-ip'] === undefined ? undefined : 'X-Real-IP'
}

function adviceAboutOrigin({ headers }: FastifyRequest): string {
  const { origin = '', host = '' } = headers
  const page = URL.parse(origin)
  const remedy = `set --public-hosts ${clipped(page?.hostname)} and have the proxy pass Host on, or set --origins ${clipped(origin)}`
  return page !== null && page.host === headers['x-forwarded-host']
    ? `a page of ${clipped(origin)} may not publish, because the proxy in front changes Host to ${clipped(host)}: ${remedy}`
    : `a page of ${clipped(origin)} may not publish to ${clipped(host)}: if that page is yours, ${remedy}`
}

function adviceAboutHost({ headers: { host = '' } }: FastifyRequest): string {
  const name = host.replace(/:\d*$/, '')
  return `a request for the host ${clipped(host)} is refused: if the server is reached by that name, set --public-hosts ${clipped(name)}`
}

/** Without its quotes when it is whole: as it is written on a command line. */
function clipped(text = ''): string {
  const shown = clip(text)
  return shown === `"${text}"` ? text : shown
}
