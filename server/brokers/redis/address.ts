// The address of a Redis: what a URL says about it.
//
//   redis://user:password@host:port/database, rediss:// with TLS
//   redis-sentinel://user:password@host:port,host:port/name of the master/database
//   redis-cluster://user:password@host:port,host:port
//
// The last two take `?tls=1`, Sentinel also `?sentinelPassword=` and `?sentinelUser=`. An error repeats no password.

import { ConfigError } from '../../config/config-error.ts'

export interface Endpoint {
  readonly host: string
  readonly port: number
}

export interface Credentials {
  readonly username?: string
  readonly password?: string
}

export interface RedisAddress {
  readonly kind: 'single' | 'sentinel' | 'cluster'
  /** Of the server, of sentinels, or of some nodes of the cluster. */
  readonly endpoints: readonly Endpoint[]
  readonly credentials: Credentials
  readonly sentinelCredentials: Credentials
  /** The name by which sentinels know the master. */
  readonly masterName: string
  readonly database: number
  readonly isEncrypted: boolean
}

const kinds = {
  'redis:': 'single',
  'rediss:': 'single',
  'redis-sentinel:': 'sentinel',
  'redis-cluster:': 'cluster',
} as const

const shape = /^(rediss?:|redis-sentinel:|redis-cluster:)\/\/(?:([^@/]*)@)?([^/?#]+)((?:\/[^/?#]*)*)(?:\?([^#]*))?$/

/** @throws ConfigError ENCKE_ERR_BROKER */
export function readRedisAddress(text: string): RedisAddress {
  const [, scheme, user, hosts, path = '', query] = shape.exec(text) ?? []
  if (scheme === undefined || hosts === undefined) {
    throw complaint('write it as redis://host:port, redis-sentinel://host:port,…/name or redis-cluster://host:port,…')
  }
  const kind = kinds[scheme as keyof typeof kinds]
  const parameters = new URLSearchParams(query)
  const names = path.split('/').slice(1)
  const masterName = kind === 'sentinel' ? decoded(names.shift() ?? '') : ''
  if (kind === 'sentinel' && masterName === '') throw complaint('name the master: redis-sentinel://host:port/name')
  return {
    kind,
    endpoints: readEndpoints(hosts, kind),
    credentials: readCredentials(user),
    sentinelCredentials: present(parameters.get('sentinelUser'), parameters.get('sentinelPassword')),
    masterName,
    database: readDatabase(names, kind),
    isEncrypted: scheme === 'rediss:' || parameters.get('tls') === '1',
  }
}

/** An endpoint as text, for messages and as a key. */
export function endpointText({ host, port }: Endpoint): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

function readEndpoints(hosts: string, kind: RedisAddress['kind']): readonly Endpoint[] {
  const endpoints = hosts.split(',').map((text) => {
    const [, host, port] = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(text) ?? []
    if (host === undefined || Number(port ?? 1) > 65_535)
      throw complaint('one of its hosts is not written as host:port')
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? (kind === 'sentinel' ? 26_379 : 6_379)) }
  })
  if (kind === 'single' && endpoints.length > 1) {
    throw complaint('redis:// has one host; for several servers say redis-sentinel:// or redis-cluster://')
  }
  return endpoints
}

function readCredentials(user: string | undefined): Credentials {
  if (user === undefined) return {}
  const [name = '', ...rest] = user.split(':')
  return present(decoded(name), rest.length === 0 ? null : decoded(rest.join(':')))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw complaint('write % as %25 in a name and in a password')
  }
}

function present(username: string | null, password: string | null): Credentials {
  return { ...(username ? { username } : {}), ...(password ? { password } : {}) }
}

function readDatabase(names: readonly string[], kind: RedisAddress['kind']): number {
  const [text = ''] = names
  if (text === '') return 0
  if (kind === 'cluster') throw complaint('a cluster has no databases: leave out the path')
  if (!/^\d{1,5}$/.test(text) || names.length > 1) throw complaint('after the host comes the number of a database')
  return Number(text)
}

function complaint(what: string): ConfigError {
  return new ConfigError('ENCKE_ERR_BROKER', [`the address of Redis cannot be used: ${what}`])
}
