// The admin token of a server that keeps its topics on disk: made once, and kept beside them for its owner's eyes only, so that
// a bookmark of the dashboard holds over restarts.

import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeFolder } from '../brokers/sqlite/make-folder.ts'
import { ConfigError } from '../config.ts'

type Warn = (line: string) => void

/**
 * The token beside the database of `broker`, made when there is none; undefined when nothing is kept on disk here. A file
 * that others can read becomes its owner's alone, and `warn` is told.
 */
export function keptAdminToken(broker: string, warn: Warn = () => {}): string | undefined {
  const [, database] = /^sqlite:(?:\/\/(?=\/))?([^?#]+)/i.exec(broker) ?? []
  if (database === undefined || database === ':memory:') return undefined
  const folder = dirname(database)
  const path = join(folder, 'admin-token')
  try {
    makeFolder(folder)
  } catch {
    // There is no place for the database either, and whoever opens that says so.
    return undefined
  }
  try {
    const token = read(path) ?? make(path)
    keepFromOthers(path, warn)
    return token
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

/** A copy or a restored backup has lost its mode. */
function keepFromOthers(path: string, warn: Warn): void {
  // There are no such modes on Windows, where every file seems to be open to all.
  if (process.platform === 'win32') return
  const mode = statSync(path).mode & 0o777
  if ((mode & 0o077) === 0) return
  const shown = `${path} could be read by others (mode ${mode.toString(8)})`
  try {
    chmodSync(path, 0o600)
    warn(
      `${shown} and is for its owner alone now: remove it and start again for a new admin token, unless you know who has read it`,
    )
  } catch {
    warn(`${shown}, and this user may not change that: let its owner set mode 600`)
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
