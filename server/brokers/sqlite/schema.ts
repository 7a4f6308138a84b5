// The tables of the file, and how a file of an older version becomes one of this.
//
// Always true: `user_version` counts the migrations that a file has had, and each happens in one transaction or not at all;
// a file that is not Encke's, or that a newer Encke has written, is not touched.

import type { DatabaseSync } from 'node:sqlite'

/** `Enck`, in the header of the file. */
const applicationId = 0x456e_636b

/** Messages of a topic stand at `topic << offsetBits | offset`: beside each other, in their order. */
export const offsetBits = 33
export const offsetMask = 2 ** offsetBits - 1

/**
 * Migration n makes version n + 1 of version n. One that a release has had is never changed.
 *
 * `trims` has what may be deleted: the messages of a topic below an offset. `oldest_since` is when the oldest kept message
 * came; `stored_from` the first offset that stands below the topic's own number, and not below that of its source.
 */
const migrations: readonly string[] = [
  `CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE topics (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    epoch TEXT NOT NULL,
    content_type TEXT NOT NULL,
    is_whole INTEGER NOT NULL,
    ttl_ms INTEGER,
    expires_at_time INTEGER,
    expires_at INTEGER,
    head INTEGER NOT NULL,
    head_id TEXT,
    oldest INTEGER NOT NULL,
    oldest_since INTEGER,
    bytes INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    is_closed INTEGER NOT NULL,
    is_removed INTEGER NOT NULL,
    source INTEGER,
    forked_from TEXT,
    forked_at INTEGER,
    stored_from INTEGER NOT NULL,
    forks INTEGER NOT NULL,
    sequence TEXT,
    segments TEXT NOT NULL,
    generation INTEGER NOT NULL
  );
  CREATE INDEX topics_unused ON topics (used_at) WHERE is_whole = 0 AND is_removed = 0 AND forks = 0;
  CREATE INDEX topics_aging ON topics (oldest_since) WHERE is_whole = 0 AND oldest < head;
  CREATE INDEX topics_mortal ON topics (expires_at) WHERE expires_at IS NOT NULL AND is_removed = 0;
  CREATE TABLE messages (
    place INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    time INTEGER NOT NULL,
    since INTEGER NOT NULL,
    data NOT NULL
  );
  CREATE TABLE trims (topic INTEGER PRIMARY KEY, before INTEGER NOT NULL);
  CREATE TABLE keys (
    serial INTEGER PRIMARY KEY AUTOINCREMENT,
    topic INTEGER NOT NULL,
    text TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    since INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    receipts TEXT NOT NULL,
    UNIQUE (topic, text)
  );
  CREATE INDEX keys_of_topic ON keys (topic);
  CREATE TABLE producers (
    serial INTEGER PRIMARY KEY AUTOINCREMENT,
    topic INTEGER NOT NULL,
    id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    UNIQUE (topic, id)
  );
  CREATE INDEX producers_of_topic ON producers (topic);`,
]

/** Thrown when a file is not one that this version can serve; the message stands between the file and what to give instead. */
export class FileFormatError extends Error {}

/** Read what a file is, and change nothing. @throws FileFormatError when it is not Encke's, or newer than this version */
export function checkFormat(database: DatabaseSync, steps: readonly string[] = migrations): void {
  const version = readPragma(database, 'user_version')
  const isEmpty = database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
  if (!isEmpty && readPragma(database, 'application_id') !== applicationId) {
    throw new FileFormatError('is a database of another program: ')
  }
  if (version > steps.length) {
    const known = `has format ${version}, and this version of Encke knows ${steps.length} at most`
    throw new FileFormatError(`was written by a newer version: it ${known}; start the newer version, or `)
  }
  // A table that is damaged is found before anything is written.
  if (version > 0 && steps === migrations) database.prepare('SELECT sum(bytes), max(name) FROM topics').get()
}

/** Bring a file to this version. @throws as `checkFormat` */
export function migrate(database: DatabaseSync, steps: readonly string[] = migrations): void {
  checkFormat(database, steps)
  for (let next = readPragma(database, 'user_version'); next < steps.length; next += 1) {
    database.exec('BEGIN IMMEDIATE')
    try {
      database.exec(steps[next] as string)
      database.exec(`PRAGMA user_version = ${next + 1}; PRAGMA application_id = ${applicationId}`)
      database.exec('COMMIT')
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }
}

function readPragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number((database.prepare(`PRAGMA ${name}`).get() as Record<string, number>)[name])
}
