// What each kind of broker is opened with: every option has its value.

import type { Scheduler } from '../../runtime/index.ts'
import type { BrokerOptions, totalsOf } from './options.ts'

export interface Opening {
  /** The whole address, scheme included. */
  readonly address: string
  readonly options: BrokerOptions & ReturnType<typeof totalsOf>
  /** What its background work runs on. */
  readonly scheduler: Scheduler
  /** Milliseconds since 1970. It may jump. */
  readonly clock: () => number
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
}
