// What is looked at when the broker opens: whether this server will do at all, and what its configuration makes of a promise.
//
// A managed service may not let us look: then nothing is said about it.

import { ConfigError } from '../../config/config-error.ts'
import { endpointText } from './address.ts'
import type { Connection, Reply } from './connection.ts'
import { textOf } from './replies.ts'

const oldest = [7, 0] as const

/** @throws ConfigError ENCKE_ERR_BROKER when it is too old */
export async function requireVersion(connection: Connection): Promise<void> {
  const info = textOf(await connection.call(['INFO', 'server']))
  const name = /^server_name:valkey/m.test(info) ? 'Valkey' : 'Redis'
  const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown'
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return
  const place = endpointText(connection.endpoint)
  const message = `${name} at ${place} has version ${version}: sharded channels need ${oldest.join('.')} or newer`
  throw new ConfigError('ENCKE_ERR_BROKER', [message])
}

/** What is asked for and has no effect here. */
export function remarksOnOptions({ historyTotalBytes, maxTopics }: Bounds, defaults: Bounds): readonly string[] {
  const given = [
    ...(historyTotalBytes === defaults.historyTotalBytes ? [] : ['--history-total-bytes']),
    ...(maxTopics === defaults.maxTopics ? [] : ['--max-topics']),
  ]
  if (given.length === 0) return []
  const verb = given.length === 1 ? 'bounds' : 'bound'
  return [`${given.join(' and ')} ${verb} nothing in Redis: its maxmemory does, and topics go by --topic-ttl-ms`]
}

interface Bounds {
  readonly historyTotalBytes: number
  readonly maxTopics: number
}

/** What 201 promises with this configuration, and what would be better: lines for the log. */
export async function remarksOn(connection: Connection, waitReplicas: number): Promise<readonly string[]> {
  const settings = await readSettings(connection)
  if (settings === undefined)
    return ['Redis does not show its configuration: see docs/operations.md for what it must be']
  const remarks = [promiseOf(settings, waitReplicas)]
  const policy = settings.get('maxmemory-policy')
  if (policy !== 'noeviction') {
    remarks.push(`maxmemory-policy is ${policy}: Redis may drop topics when its memory is full; set it to noeviction`)
  }
  if (settings.get('maxmemory') === '0') {
    remarks.push(
      'maxmemory is not set: nothing bounds what all topics take together; set it below the memory of the machine',
    )
  }
  return remarks
}

function promiseOf(settings: ReadonlyMap<string, string>, waitReplicas: number): string {
  const sync = settings.get('appendfsync')
  const onDisk =
    settings.get('appendonly') !== 'yes'
      ? 'is in the memory of Redis (appendonly is off: a crash of Redis loses what came after its last snapshot)'
      : `is in the append-only file of Redis (appendfsync ${sync}: ${lossOf(sync)})`
  const replicas = Number(settings.get('min-replicas-to-write') ?? 0)
  const elsewhere =
    waitReplicas > 0
      ? `and ${waitReplicas} replica(s) have confirmed it`
      : replicas > 0
        ? `and ${replicas} replica(s) were within min-replicas-max-lag`
        : 'and no replica needs to have it (a failover may lose it)'
  return `201 means that a message ${onDisk} ${elsewhere}`
}

function lossOf(sync: string | undefined): string {
  if (sync === 'always') return 'a crash loses nothing'
  return sync === 'everysec'
    ? 'a crash of the machine loses up to a second'
    : 'a crash of the machine loses what the system had not written'
}

async function readSettings(connection: Connection): Promise<ReadonlyMap<string, string> | undefined> {
  const names = ['appendonly', 'appendfsync', 'min-replicas-to-write', 'maxmemory', 'maxmemory-policy']
  try {
    const reply: unknown = await connection.call(['CONFIG', 'GET', ...names])
    return new Map(entriesOf(reply))
  } catch {
    return undefined
  }
}

/** A map comes as an object, as a map or as a list, by the version of the protocol. */
function entriesOf(reply: unknown): [string, string][] {
  if (Array.isArray(reply)) {
    const list = (reply as Reply[]).map(textOf)
    return list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1] ?? ''] as [string, string]] : []))
  }
  const entries = reply instanceof Map ? [...reply] : Object.entries(reply as object)
  return entries.map(([name, value]) => [String(name), String(value)])
}
