// What a file remembers of its own: single values by name.

import type { DatabaseSync, StatementSync } from 'node:sqlite'

/**
 * `clean`: it was closed in order. `durability`: what it was last opened with. `generation`: how often its newest messages
 * may have been lost. `segment`: the highest number of a segment. `now`: a late time of its clock. `copied`: it is a backup
 * that has not been opened yet.
 */
export type MetaName = 'clean' | 'durability' | 'generation' | 'segment' | 'now' | 'copied'

export class Meta {
  readonly #get: StatementSync
  readonly #set: StatementSync

  constructor(database: DatabaseSync) {
    this.#get = database.prepare('SELECT value FROM meta WHERE name = ?')
    this.#set = database.prepare('INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value')
  }

  text(name: MetaName): string | undefined {
    const row = this.#get.get(name)
    return row === undefined ? undefined : String(row.value)
  }

  number(name: MetaName): number {
    return Number(this.text(name) ?? 0)
  }

  set(name: MetaName, value: string | number): void {
    this.#set.run(name, value)
  }
}
