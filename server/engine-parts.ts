// What an engine may be given instead of making it.

import type { Broker } from './hub/index.ts'

export interface EngineParts {
  /** Where the truth about topics is kept. Default: what `config.broker` names, which is opened and ends with the engine. */
  readonly broker?: Broker
  /** The monotonic clock, in milliseconds. */
  readonly clock?: () => number
  /** The wall clock, in milliseconds since 1970, by which tokens begin and end. */
  readonly wallClock?: () => number
}
