// What is put under load: a command that starts a server and says where it listens. Encke is one; the peers to be laid beside
// it are others (peers.ts).

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import type { DialectName } from '../dialects/index.ts'
import { type Access, presentedFor } from './access.ts'

export interface Subject {
  readonly name: string
  readonly folder: string
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]]
  readonly variables: Readonly<Record<string, string>>
  /** Finds the origin in what it prints, and, where messages are taken elsewhere, that origin as well. */
  readonly banner: RegExp
  readonly adminToken: string
  readonly dialect: DialectName
  /** That go with each request of readers and publishers; none when they are left out. */
  readonly headers?: Readonly<Record<string, string>>
  /** How many polls a second it can be sent; any number when it is left out. */
  readonly pollsPerSecond?: number
  /** What it is sent when the load test crashes; SIGKILL when it is left out. */
  readonly lastSignal?: NodeJS.Signals
}

/** The folder of this checkout, with a slash at its end. */
export const top = fileURLToPath(new URL('../../', import.meta.url))

/**
 * Encke as `npm start` runs it, from package.json, so that what is measured is what is run: the same flags of Node, on a
 * free port of loopback.
 *
 * @param folder a checkout; this one when it is left out
 * @param profile the file into which Node shall write a CPU profile when the server ends
 * @param access what it wants of its clients; nothing when it is left out
 */
export function encke({
  folder = top,
  profile,
  access = 'open',
}: {
  folder?: string
  profile?: string | undefined
  access?: Access
} = {}): Subject {
  const { variables, headers } = presentedFor(access)
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { scripts: { start: string } }
  const flags = nodeFlags(scripts.start)
  if (profile !== undefined) {
    mkdirSync(dirname(profile), { recursive: true })
    // Flags of the server, not of the program that starts it: a signal of the profiler would end what takes its place.
    const inFolder = [`--cpu-prof-dir=${dirname(profile)}`, `--cpu-prof-name=${basename(profile)}`]
    flags.splice(-1, 0, '--cpu-prof', ...inFolder)
  }
  const adminToken = randomBytes(18).toString('base64url')
  return {
    name: 'encke',
    folder,
    command: [process.execPath, ...flags],
    variables: {
      ENCKE_HOST: '127.0.0.1',
      ENCKE_PORT: '0',
      ENCKE_ADMIN_TOKEN: adminToken,
      ENCKE_CLIENT_LIMITS: 'off',
      // What it has to complain of is a finding; that it listens is not.
      ENCKE_LOG_LEVEL: 'warn',
      ENCKE_DRAIN_MS: '0',
      ENCKE_DRAIN_PAUSE_MS: '0',
      // A commit from before there was a choice refuses a variable that it does not know.
      ...(existsSync(join(folder, 'server/brokers/open-broker.ts')) && { ENCKE_BROKER: 'memory:' }),
      ...variables,
    },
    // The first address, in whatever sentence it stands: other commits have other ones.
    banner: /(http:\/\/[\w.:[\]-]+)[^\w.:[\]-]/,
    adminToken,
    dialect: 'encke',
    headers,
  }
}

/** The flags of V8 that `npm start` sets. */
export function flagsOfStart(): string[] {
  const text = readFileSync(`${top}server/process/v8-flags.json`, 'utf8')
  return Object.keys((JSON.parse(text) as { flags: Record<string, string> }).flags)
}

/** @throws Error when the script is more than a plain `exec node …` */
export function nodeFlags(startScript: string): string[] {
  const [program, ...flags] = startScript.replace(/^exec /, '').split(/\s+/)
  if (program !== 'node' || /[&|;<>$'"`\\]/.test(startScript)) {
    throw new Error(`the start script of package.json must be a plain "node …" to be run here (got ${startScript})`)
  }
  return flags
}
