// The peers: what Encke is laid beside, each started by a small server file in peers/servers/ and spoken to in its dialect.
//
// Those from npm are installed by the first load test that wants them, into peers/node_modules, out of the product's
// dependencies. nginx with nchan, and Pushpin, are there or are not.

import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import type { DialectName } from '../dialects/index.ts'
import { flagsOfStart, type Subject } from './subject.ts'

export interface Peer {
  readonly name: string
  readonly dialect: DialectName
  /** In peers/servers/, without its ending. */
  readonly file: string
  /** What must be there: a package of npm, or programs on the PATH. */
  readonly needs: { readonly package?: string; readonly programs?: readonly string[] }
  readonly pollsPerSecond?: number
}

const pushpin = ['pushpin', 'condure', 'zurl']

export const peers: readonly Peer[] = [
  { name: 'node:net', dialect: 'encke', file: 'node-net', needs: {} },
  { name: 'node:http', dialect: 'encke', file: 'node-http', needs: {} },
  { name: 'Fastify', dialect: 'encke', file: 'fastify', needs: { package: 'fastify' } },
  { name: 'nchan', dialect: 'nchan', file: 'nchan', needs: { programs: ['nginx'] } },
  { name: 'faye', dialect: 'bayeux', file: 'faye', needs: { package: 'faye' } },
  { name: 'CometD', dialect: 'bayeux', file: 'cometd', needs: { package: 'cometd-nodejs-server' } },
  { name: 'socket.io', dialect: 'socket.io', file: 'socket-io', needs: { package: 'socket.io' } },
  {
    name: 'Durable Streams',
    dialect: 'streams',
    file: 'durable-streams',
    needs: { package: '@durable-streams/server' },
  },
  // Each poll goes through its backend; a burst is answered with 502.
  { name: 'Pushpin', dialect: 'pushpin', file: 'pushpin', needs: { programs: pushpin }, pollsPerSecond: 500 },
]

const folder = fileURLToPath(new URL('../peers/', import.meta.url))

/** Those in JavaScript run on the flags of Node that `npm start` has, so that Encke has no advantage by them. */
export function subjectOf({ name, dialect, file, pollsPerSecond }: Peer): Subject {
  return {
    name,
    folder,
    command: [process.execPath, ...flagsOfStart(), `${folder}servers/${file}.js`],
    variables: { NODE_ENV: 'production' },
    banner: /listens on (http:\/\/\S+)(?: and takes messages on (http:\/\/\S+))?\n/,
    adminToken: '',
    dialect,
    lastSignal: 'SIGTERM',
    ...(pollsPerSecond !== undefined && { pollsPerSecond }),
  }
}

/** Why a peer cannot be had on this machine; undefined when it can. */
export function whatLacks({ needs }: Peer): string | undefined {
  const missing = needs.programs?.find((program) => !isOnPath(program))
  if (missing !== undefined) return `${missing} is not installed`
  const isThere = needs.package === undefined || existsSync(`${folder}node_modules/${needs.package}/package.json`)
  return isThere ? undefined : `the package ${needs.package} is not installed`
}

/** A system administrator's programs are not on every user's PATH. */
function isOnPath(program: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.some((place) => existsSync(join(place, program)))
}
