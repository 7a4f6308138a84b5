// The scenarios, in the order in which they run.

import type { Scenario } from '../scenario.ts'
import { benchmark } from './benchmark.ts'
import { fanOut1000, fanOut10000 } from './fan-out.ts'
import { publish } from './publish.ts'
import { roundTrips } from './round-trips.ts'
import { storm } from './storm.ts'
import { topics } from './topics.ts'

export const scenarios: readonly Scenario[] = [publish, roundTrips, fanOut1000, fanOut10000, topics, benchmark, storm]
