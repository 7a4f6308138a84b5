// Notices: what an operator must know without looking, each in one line: limits that are reached, wrong keys, and a broker that is
// lost and back. A line of a kind comes at once, and then at most every ten seconds with how many there were: a flood of
// refusals must not become a flood of lines. Nothing that a client sent as a secret is in them.

import { type ErrorCode, errorTable } from '../errors.ts'
import type { Health } from '../hub/index.ts'

/** What notices are written to. */
export interface NoticeLog {
  info(members: object, line: string): void
  warn(members: object, line: string): void
}

/** How long lines of one kind are held back after one, in milliseconds. */
const quietMs = 10_000

interface Kind {
  toldAtMs: number
  /** Since the last line. */
  untold: number
}

const limits = new Set([429, 503, 507])

export class Notices {
  readonly #log: NoticeLog
  readonly #clock: () => number
  readonly #kinds = new Map<ErrorCode, Kind>()
  #failingSinceMs: number | null = null

  /** `clock` is the monotonic one, in milliseconds. */
  constructor(log: NoticeLog, clock: () => number) {
    this.#log = log
    this.#clock = clock
  }

  /** A request of `client` was refused with `code`. */
  refused(code: ErrorCode, client: string | undefined): void {
    const { statusCode } = errorTable[code]
    const isLimit = limits.has(statusCode) && code !== 'ENCKE_ERR_SERVER_DRAINING' && code !== 'ENCKE_ERR_SERVER_BROKER'
    if (!isLimit && statusCode !== 401) return
    const kind = this.#kinds.get(code)
    const now = this.#clock()
    if (kind !== undefined && now - kind.toldAtMs < quietMs) {
      kind.untold += 1
      return
    }
    const count = (kind?.untold ?? 0) + 1
    this.#kinds.set(code, { toldAtMs: now, untold: 0 })
    const who = client === undefined ? '' : `, the last from ${client}`
    const what = isLimit ? 'a limit is reached' : 'a key or token is missing or wrong'
    this.#log.warn(
      { code, count },
      `${what}: ${count} ${count === 1 ? 'request' : 'requests'} refused with ${code}${who}`,
    )
  }

  /** Look at the broker's health: its changes are told. */
  look(health: Health): void {
    const now = this.#clock()
    if (!health.isOk && this.#failingSinceMs === null) {
      this.#failingSinceMs = now
      this.#log.warn({ since: health.since }, `the broker is lost: ${health.reason}`)
    } else if (health.isOk && this.#failingSinceMs !== null) {
      const seconds = Math.round((now - this.#failingSinceMs) / 100) / 10
      this.#failingSinceMs = null
      this.#log.info({ seconds }, `the broker is back after ${seconds} s`)
    }
  }
}
