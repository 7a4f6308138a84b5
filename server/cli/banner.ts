// What a server says when it is ready: a few lines for who sits at the terminal, one line of JSON for a program. Only the
// terminal sees the token, in the part of the URL that is sent nowhere.

import { styleText } from 'node:util'
import { withoutSecrets } from '../config/without-secrets.ts'

export interface Ready {
  readonly version: string
  /** Where it listens, with the base path and without a slash at the end. */
  readonly url: string
  readonly adminToken: string
  /** Where topics are kept: the address of the broker. */
  readonly broker: string
  readonly startMs: number
  /** What a reader of the topic `hello` presents. Default: nothing. */
  readonly reading?: 'nothing' | 'key' | 'token'
}

/** By the names of the variables: what is printed on a terminal stays there. */
const presenting = {
  nothing: '',
  key: '-H "Authorization: Bearer $ENCKE_SUBSCRIBE_KEY" ',
  token: '-H "Authorization: Bearer $ENCKE_TOKEN" ',
}

export function bannerFor({ version, url, adminToken, broker, startMs, reading = 'nothing' }: Ready): string {
  const seconds = (startMs / 1_000).toFixed(1)
  const rows = [
    ['Chat', `${url}/`],
    ['Dashboard', `${url}/admin/#token=${encodeURIComponent(adminToken)}`],
    ['Data', dataInWords(broker)],
    ...(reading === 'token' ? [['Token', 'export ENCKE_TOKEN=$(encke token --subscribe hello)'] as const] : []),
    ['Try', `curl ${presenting[reading]}'${url}/messages?topic=hello'`],
  ] as const
  return [
    `${styleText('bold', `Encke ${version}`)} · ready in ${seconds} s`,
    ...rows.map(([name, text]) => `  ${name.padEnd(10)} ${text}`),
    '  Ctrl-C drains; twice stops now',
    '',
  ].join('\n')
}

/** The same in one line of JSON, in the form of the log's lines. */
export function readyLine({ version, url, broker, startMs }: Ready, time: number): string {
  const { kind, isDurable } = kindOf(broker)
  const line = { level: 30, time, pid: process.pid, msg: 'ready', version, url, broker: kind, durable: isDurable }
  return `${JSON.stringify({ ...line, startMs: Math.round(startMs) })}\n`
}

function dataInWords(broker: string): string {
  const { kind, place } = kindOf(broker)
  if (kind === 'memory') return 'in memory (forgotten when it stops; --broker keeps it)'
  if (kind === 'sqlite') return `${place} (durable)`
  return `${place} (shared)`
}

function kindOf(broker: string): { kind: string; place: string; isDurable: boolean } {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(broker) ?? []
  const kind = scheme.toLowerCase()
  if (kind !== 'sqlite') {
    return { kind, place: withoutSecrets(broker).replace(/:\/\/[^/]*@/, '://'), isDurable: kind !== 'memory' }
  }
  const path = rest.replace(/^\/\/(?=\/)/, '').replace(/[?#].*$/, '')
  return { kind, place: /^[./]/.test(path) ? path : `./${path}`, isDurable: true }
}
