// What ties a process to others: links, monitors, a name. Most processes have none of it.

import type { DownMessage, Monitor } from './exit.ts'
import type { Life } from './life.ts'
import type { Pid } from './process.ts'

export class Ties {
  trapsExits = false
  name: string | null = null
  readonly links = new Set<Life>()
  /** Monitors of others on this process. */
  readonly watchedBy = new Set<LiveMonitor>()
  /** Its own monitors on others. */
  readonly watching = new Set<LiveMonitor>()

  /** `process`, whose ties these are, has ended: tell whoever is at their other ends, links first, and let go of them. */
  sever(process: Life, reason: unknown): void {
    if (this.name !== null) process.node.names.unregister(this.name)
    for (const other of this.links) {
      other.ties?.links.delete(process)
      other.receiveExit(process, reason, 'link')
    }
    this.links.clear()
    for (const monitor of this.watchedBy) monitor.tell(reason)
    for (const monitor of this.watching) monitor.stop()
  }
}

export class LiveMonitor implements Monitor {
  readonly watcher: Life
  /** What was asked for: a pid, or a name. */
  readonly #asked: Pid | string
  /** Null when nobody has that name. */
  readonly #target: Life | null

  constructor(watcher: Life, asked: Pid | string, target: Life | null) {
    this.watcher = watcher
    this.#asked = asked
    this.#target = target
  }

  start(): void {
    this.watcher.tied().watching.add(this)
    this.#target?.tied().watchedBy.add(this)
  }

  /** Whatever happens, nobody is told any more. Idempotent. */
  stop(): void {
    this.watcher.ties?.watching.delete(this)
    this.#target?.ties?.watchedBy.delete(this)
  }

  tell(reason: unknown): void {
    this.stop()
    this.watcher.accept({ type: 'DOWN', monitor: this, process: this.#asked, reason } satisfies DownMessage)
  }
}
