// The public API of the runtime: everything that is promised, and nothing else. Importing it starts nothing.
//
//   start        run, main, Scheduler, keepShapes      ./run.ts, ./main.ts, ./core/scheduler.ts, ./shapes.ts
//   own          scope, timeout, moveOn, shield        ./scope.ts; Task, Scope: ./core/
//   exchange     Channel, Broadcast, Latch             ./channel.ts, ./broadcast.ts, ./subscription.ts, ./latch.ts
//   share        Semaphore, Mutex, Deferred            ./semaphore.ts, ./deferred.ts
//   several      all, race, any, map, atMost           ./race.ts, ./at-most.ts
//   again        forEach, merge, retry                 ./for-each.ts, ./merge.ts, ./retry.ts
//   choose       select, trySelect                     ./select.ts
//   time         sleep, after, ticker, checkpoint      ./timing.ts, ./checkpoint.ts
//   platform     until, abortSignal                    ./until.ts, ./abort.ts
//   streams      from, toAsyncIterable, …Stream        ./source.ts, ./streams.ts
//   values       local                                 ./local.ts
//   the inside   what steps coroutines; operations of one's own are made of it: ./core/
//   testing      virtual time, explored schedules: ./testing/

export { abortSignal } from './abort.ts'
export type { LimitedScope, MapOptions } from './at-most.ts'
export { atMost, map } from './at-most.ts'
export type { BroadcastOptions, SubscribeOptions } from './broadcast.ts'
export { Broadcast } from './broadcast.ts'
export type { BroadcastBatch, BroadcastSubscription } from './broadcast-subscription.ts'
export type { ChannelOptions, Overflow, Received } from './channel.ts'
export { Channel } from './channel.ts'
export { checkpoint } from './checkpoint.ts'
export type { CoroutineDescription } from './core/dump.ts'
export {
  AllFailed,
  Cancelled,
  ChannelClosed,
  ChannelFull,
  Deadlock,
  ExplorationFailed,
  isCancelled,
  Misuse,
  TaskCancelled,
  TimeoutError,
} from './core/errors.ts'
export type { AbortSignalLike, Host } from './core/host.ts'
export { defaultHost } from './core/host.ts'
export type { Coroutine, Operation, Selectable, Signal, Waiter } from './core/operation.ts'
export { SelectableOperation } from './core/operation.ts'
export { Random } from './core/random.ts'
export { Scheduler } from './core/scheduler.ts'
export type { Choices, SchedulerOptions, SchedulerStatistics } from './core/scheduler-options.ts'
export type { DeferOptions, OnFailure, Scope } from './core/scope.ts'
export type { ScopeBody } from './core/scope-operation.ts'
export type { Task, TaskStatus } from './core/task-handle.ts'
export type { Trace, TraceEvent } from './core/trace.ts'
export { traceLine } from './core/trace.ts'
export { Link, WaitList } from './core/wait-list.ts'
export type { DeferredOptions } from './deferred.ts'
export { Deferred } from './deferred.ts'
export type { ForEachBody, ForEachOptions, Receivable } from './for-each.ts'
export { forEach } from './for-each.ts'
export { Latch } from './latch.ts'
export type { Local } from './local.ts'
export { local } from './local.ts'
export { main } from './main.ts'
export type { Mergeable, Merged } from './merge.ts'
export { merge } from './merge.ts'
export type { Entrant, Entrants, FirstOf, ResultOf, ResultsOf } from './race.ts'
export { all, any, race } from './race.ts'
export type { BackOff, ExponentialOptions, RetryOptions } from './retry.ts'
export { exponential, retry } from './retry.ts'
export { run } from './run.ts'
export type { MovedOn, ScopeOptions, ShieldOptions } from './scope.ts'
export { moveOn, scope, shield, timeout } from './scope.ts'
export type { Cases, Selected, SelectOptions } from './select.ts'
export { select, trySelect } from './select.ts'
export type { Permit, SemaphoreOptions } from './semaphore.ts'
export { Mutex, Semaphore } from './semaphore.ts'
export { keepShapes } from './shapes.ts'
export type { ReadableStreamLike, Source, SourceOptions } from './source.ts'
export { from } from './source.ts'
export type { Producer, Reading, ReadOptions, Supply } from './streams.ts'
export { toAsyncIterable, toReadableStream } from './streams.ts'
export type { Exploration, ExploreOptions } from './testing/explore.ts'
export { explore } from './testing/explore.ts'
export type { Explorable, ExploreStage } from './testing/staged-run.ts'
export type { VirtualHostOptions } from './testing/virtual-host.ts'
export { VirtualHost } from './testing/virtual-host.ts'
export type { Ticker } from './timing.ts'
export { after, sleep, ticker } from './timing.ts'
export type { Abortable } from './until.ts'
export { until } from './until.ts'
