// The public API of the runtime: everything that is promised, and nothing else.

export { abortSignal } from './abort.ts'
export type { BroadcastOptions, SubscribeOptions } from './broadcast.ts'
export { Broadcast } from './broadcast.ts'
export type { ChannelOptions, Overflow, Received } from './channel.ts'
export { Channel } from './channel.ts'
export { checkpoint } from './checkpoint.ts'
export type { CoroutineDescription } from './dump.ts'
export {
  Cancelled,
  ChannelClosed,
  ChannelFull,
  Deadlock,
  ExplorationFailed,
  Misuse,
  TaskCancelled,
  TimeoutError,
} from './errors.ts'
export type { Exploration, ExploreOptions } from './explore.ts'
export { explore } from './explore.ts'
export type { AbortSignalLike, Host } from './host.ts'
export { defaultHost } from './host.ts'
export { Latch } from './latch.ts'
export type { Local } from './local.ts'
export { local } from './local.ts'
export type { Coroutine, Operation, Selectable, Signal, Waiter } from './operation.ts'
export { SelectableOperation } from './operation.ts'
export { Random } from './random.ts'
export { run } from './run.ts'

import './shapes.ts'

export type { Choices, SchedulerOptions, SchedulerStatistics } from './scheduler.ts'
export { Scheduler } from './scheduler.ts'
export type { OnFailure, Scope } from './scope.ts'
export type { MovedOn, ScopeBody, ScopeOptions, ShieldOptions } from './scope-operation.ts'
export { moveOn, scope, shield, timeout } from './scope-operation.ts'
export type { Cases, Selected, SelectOptions } from './select.ts'
export { select, trySelect } from './select.ts'
export type { ReadableStreamLike, Source, SourceOptions } from './source.ts'
export { from } from './source.ts'
export type { Explorable, Stage } from './staged-run.ts'
export type { Producer, Reading, ReadOptions, Supply } from './streams.ts'
export { toAsyncIterable, toReadableStream } from './streams.ts'
export type { Batch, Subscription } from './subscription.ts'
export type { Task, TaskStatus } from './task.ts'
export type { Ticker } from './timing.ts'
export { after, sleep, ticker } from './timing.ts'
export type { Trace, TraceEvent } from './trace.ts'
export { traceLine } from './trace.ts'
export type { Abortable } from './until.ts'
export { until } from './until.ts'
export { VirtualHost } from './virtual-host.ts'
export { Link, WaitList } from './wait-list.ts'
