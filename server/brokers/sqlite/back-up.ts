// A copy of a file while it is served: everything that was committed when it began, in a file of its own.
//
// A copy that is served begins new epochs and segments: the file it was made of went on, and the same offsets have other
// messages there. Readers who were served by the other are told so, and are not given the wrong messages.

import { chmodSync, closeSync, existsSync, openSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '../../config/config-error.ts'
import { explainOpenFailure } from './open-file.ts'
import { checkFormat } from './schema.ts'
import { errorNumber, sqliteCorrupt } from './sqlite-errors.ts'

/**
 * Copy the file of a broker, `sqlite:` or a path, to `target`, which must not exist. It may be served meanwhile; it blocks
 * until it is done, so a server does it in a process of its own.
 *
 * @throws ConfigError ENCKE_ERR_BROKER with one line about what is in the way
 */
export function backUp(source: string, target: string): void {
  const file = resolve(source.replace(/^sqlite:(\/\/(?=\/))?/, ''))
  if (!existsSync(file)) throw complaint(`there is no ${file}; name the file of a broker`)
  if (existsSync(target)) throw complaint(`${target} is there already; name a file that is not`)
  let database: DatabaseSync | undefined
  let isCopying = false
  try {
    database = new DatabaseSync(file, { readOnly: true })
    checkFormat(database)
    isCopying = true
    // It is for its owner's eyes, from the first byte on.
    closeSync(openSync(target, 'wx', 0o600))
    database.prepare('VACUUM INTO ?').run(target)
    markAsCopy(target)
  } catch (error) {
    rmSync(target, { force: true })
    const isDamaged = errorNumber(error) === sqliteCorrupt
    if (!isCopying || isDamaged) throw complaint(explainOpenFailure(error, file))
    throw complaint(`${target} cannot be written: ${(error as Error).message}; name another file, or make room for it`)
  } finally {
    database?.close()
  }
}

function markAsCopy(target: string): void {
  chmodSync(target, 0o600)
  const copy = new DatabaseSync(target)
  try {
    copy.prepare("INSERT INTO meta VALUES ('copied', '1') ON CONFLICT DO UPDATE SET value = excluded.value").run()
  } finally {
    copy.close()
  }
}

function complaint(line: string): ConfigError {
  return new ConfigError('ENCKE_ERR_BROKER', [line])
}
