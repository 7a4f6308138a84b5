// The scenarios, in the order in which they run.

import type { Scenario } from '../scenario.ts'
import { benchmark } from './benchmark.ts'
import { fanOut1000, fanOut10000 } from './fan-out.ts'
import { herd } from './herd.ts'
import { hundredThousand } from './hundred-thousand.ts'
import { ingest } from './ingest.ts'
import { manyTopics } from './many-topics.ts'
import { memory } from './memory.ts'
import { news } from './news.ts'
import { publish } from './publish.ts'
import { offeredRates } from './rates.ts'
import { roundTrips } from './round-trips.ts'
import { start } from './start.ts'
import { storm } from './storm.ts'
import { timers } from './timers.ts'
import { topics } from './topics.ts'

export const scenarios: readonly Scenario[] = [publish, roundTrips, fanOut1000, fanOut10000, topics, benchmark, storm]

/** Those with targets and peers: `--peers` runs them. */
export const hotPath: readonly Scenario[] = [herd, memory, ingest, news, offeredRates, timers, manyTopics, start]

/** Those that are run only when they are named. */
export const large: readonly Scenario[] = [hundredThousand]
