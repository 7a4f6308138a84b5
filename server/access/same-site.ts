// Who may talk to us, as far as a browser tells: the guards against rebinding and against foreign pages.

import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { clip, EnckeError } from '../errors.ts'
import type { Guard } from './admission.ts'

export interface SameSiteOptions {
  /** Names that the server is reached by, beside loopback names and IP addresses. */
  readonly publicHosts: readonly string[]
  /** Origins, beside our own, whose pages may change something. */
  readonly origins: readonly string[]
  /** Whether a `Host` that is none of those is refused. */
  readonly guardsHost: boolean
}

const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Refuse foreign hosts and origins before a body is read. What repeats, byte for byte, names the same. */
export function siteGuard(options: SameSiteOptions): Guard {
  const hosts = new KnownHosts(options.publicHosts, options.guardsHost)
  const origins = new Set(options.origins)
  return {
    onRequest: (request, _reply, done) => {
      const isReading = readingMethods.has(request.method)
      done(hostError(request, hosts) ?? (isReading ? undefined : originError(request, origins)))
    },
  }
}

// A page that had its name pointed at this address sends that name: rebinding needs one, so an address is harmless.
function hostError({ headers: { host }, raw }: FastifyRequest, hosts: KnownHosts): EnckeError | undefined {
  if (host === undefined && raw.httpVersion === '1.0') return undefined
  if (host === undefined) {
    const message = `a request of HTTP/${raw.httpVersion} has a Host header (got none)`
    return new EnckeError('ENCKE_ERR_REQUEST_MALFORMED', message)
  }
  const other = otherHost(raw)
  if (other !== undefined) {
    return new EnckeError(
      'ENCKE_ERR_REQUEST_MALFORMED',
      `a request goes to one host (got ${clip(host)} and ${clip(other)})`,
    )
  }
  if (hosts.isKnown(host)) return undefined
  return new EnckeError(
    'ENCKE_ERR_HOST',
    `this server does not go by that name: add it to --public-hosts if it should (got ${clip(host)})`,
  )
}

/** The names that this server goes by. */
class KnownHosts {
  readonly #names: ReadonlySet<string>
  readonly #isGuarded: boolean
  /** The last host header that was one of them: most requests bring the same. */
  #last: string | undefined

  constructor(names: readonly string[], isGuarded: boolean) {
    this.#names = new Set(names)
    this.#isGuarded = isGuarded
  }

  isKnown(host: string): boolean {
    if (host === this.#last || !this.#isGuarded) return true
    const name = withoutPort(host)
    const isKnown = isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || this.#names.has(name)
    if (isKnown) this.#last = host
    return isKnown
  }
}

/** A host that the request names beside its Host header: in a second one, or in an absolute target. */
function otherHost({ rawHeaders, headers, url = '' }: IncomingMessage): string | undefined {
  const target = url.startsWith('/') ? null : URL.parse(url)
  if (target !== null && !isSameHost(target.protocol, target.host, headers.host ?? '')) return target.host
  let seen = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    if (name.length === 4 && name.toLowerCase() === 'host' && ++seen > 1) return rawHeaders[at + 1]
  }
  return undefined
}

function originError({ headers }: FastifyRequest, origins: ReadonlySet<string>): EnckeError | undefined {
  const { origin, host } = headers
  if (origin === undefined || origins.has(origin)) return undefined
  if (host !== undefined && isOriginOf(origin, host)) return undefined
  return new EnckeError(
    'ENCKE_ERR_ORIGIN',
    `a page of another origin may not do this: add it to --origins if it should (got ${clip(origin)})`,
  )
}

function isOriginOf(origin: string, host: string): boolean {
  const [, scheme, ownHost] = /^(https?:)\/\/([^/]+)$/i.exec(origin) ?? []
  return scheme !== undefined && ownHost !== undefined && isSameHost(scheme, ownHost, host)
}

/** Whether two hosts with their ports are one: case, the scheme's own port, a last dot and how an address is written aside. */
function isSameHost(scheme: string, one: string, other: string): boolean {
  return one === other || canonicalHost(scheme, one) === canonicalHost(scheme, other)
}

function canonicalHost(scheme: string, host: string): string {
  // Nothing that a URL has beside its host may come in: "localhost" is not the host of "localhost/@evil.example".
  const url = /^[\w.:[\]-]+$/.test(host) ? URL.parse(`${scheme}//${host}`) : null
  return url === null ? host : `${url.hostname.replace(/\.$/, '')}:${url.port}`
}

function withoutPort(host: string): string {
  const name = host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
  return name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name
}
