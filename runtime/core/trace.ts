// The trace hook: a scheduler tells what it does with each coroutine, one event at a time, in the order of its steps.
//
// Untraced it costs one comparison with null at each of these places.

import { inWords } from './errors.ts'
import type { Task } from './task-handle.ts'

/** What happened to `task`; `on` is what it waits for, why it is cancelled, or how it ended, in words. */
export interface TraceEvent {
  readonly kind: 'spawn' | 'resume' | 'park' | 'wake' | 'handOver' | 'cancel' | 'end'
  readonly task: Task<unknown>
  /** Milliseconds on the host's clock. */
  readonly time: number
  readonly on: string
}

/** Called inside the scheduler: it must not run, wake or cancel anything, and must not throw. */
export type Trace = (event: TraceEvent) => void

/** One line for an event: `12.5 ms  worker#2 parks on receive jobs`. */
export function traceLine({ kind, task, time, on }: TraceEvent): string {
  return `${time} ms  ${nameOf(task)} ${phrases[kind]}${on}`
}

const phrases: Readonly<Record<TraceEvent['kind'], string>> = {
  spawn: 'is spawned',
  resume: 'runs',
  park: 'parks on ',
  wake: 'is woken',
  handOver: 'hands over',
  cancel: 'is cancelled: ',
  end: 'ends ',
}

function nameOf(task: Task<unknown>): string {
  const { label } = task
  return `${inWords(() => (typeof label === 'function' ? label() : label)) || 'anonymous'}#${task.id}`
}
