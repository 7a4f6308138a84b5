// The admin token of a server that keeps its topics on disk: made once, and kept beside them for its owner's eyes only, so that
// a bookmark of the dashboard holds over restarts.

import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ConfigError } from '../config.ts'

/** The token beside the database of `broker`, made when there is none; undefined when nothing is kept on disk here. */
export function keptAdminToken(broker: string): string | undefined {
  const [, database] = /^sqlite:(?:\/\/(?=\/))?([^?#]+)/i.exec(broker) ?? []
  if (database === undefined || database === ':memory:') return undefined
  const folder = dirname(database)
  const path = join(folder, 'admin-token')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return read(path) ?? make(path)
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new ConfigError('ENCKE_ERR_CONFIG', [
      `the admin token cannot be kept in ${path} (${why}); give one as ENCKE_ADMIN_TOKEN, or let this user write there`,
    ])
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return undefined
  }
}

function make(path: string): string {
  const token = randomBytes(18).toString('base64url')
  try {
    // `wx`: of two servers that start at once, one makes it and the other reads it.
    writeFileSync(path, `${token}\n`, { mode: 0o600, flag: 'wx' })
    return token
  } catch (error) {
    const others = (error as NodeJS.ErrnoException).code === 'EEXIST' ? read(path) : undefined
    if (others === undefined) throw error
    return others
  }
}
