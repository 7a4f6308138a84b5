// What tests use beside the runtime itself: a host on virtual time, and the explorer of schedules.

export { ExplorationFailed } from '../core/errors.ts'
export type { Host } from '../core/host.ts'
export { Random } from '../core/random.ts'
export type { Choices } from '../core/scheduler-options.ts'
export type { Trace, TraceEvent } from '../core/trace.ts'
export { traceLine } from '../core/trace.ts'
export type { Exploration, ExploreOptions } from './explore.ts'
export { explore } from './explore.ts'
export type { Explorable, ExploreStage } from './staged-run.ts'
export type { VirtualHostOptions } from './virtual-host.ts'
export { VirtualHost } from './virtual-host.ts'
