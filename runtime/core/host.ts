// The platform, as the runtime sees it: one value with five functions.

/** What the runtime asks of the platform. Times are in milliseconds on a clock that never goes back. */
export interface Host {
  now(): number
  /** Call before the host does anything else (a microtask). */
  soon(callback: () => void): void
  /** Call after the host has looked at its I/O (a macrotask). */
  later(callback: () => void): void
  /** Call once after `delayMs`; the result undoes it. */
  setTimer(callback: () => void, delayMs: number): () => void
  /** Told of failures that nobody looks at. */
  report(error: unknown): void
  /**
   * How many resumes make a slice, for a host whose clock stands still while coroutines run (the virtual one). Without
   * it a slice is `sliceMs` of time.
   */
  readonly sliceResumes?: number
  /** For a host whose timers are choices of an explorer, as the next coroutine is: any step may have taken so long. */
  readonly timers?: ChosenTimers
}

export interface ChosenTimers {
  /** When the first timer of the host is due that is none of a scheduler's; infinity without any. */
  nextDue(): number
  /** Let time pass until then. */
  passTo(time: number): void
}

// The parts of the platform this file uses, by small structural types of its own: the folder is checked without any
// platform's types, because it must run on all of them.
interface Platform {
  readonly performance: { now(): number }
  queueMicrotask(callback: () => void): void
  setTimeout(callback: () => void, delayMs: number): unknown
  clearTimeout(timer: unknown): void
  readonly setImmediate?: (callback: () => void) => unknown
  readonly MessageChannel?: new () => { readonly port1: Port; readonly port2: Port }
  readonly console: { error(...values: unknown[]): void }
}

interface Port {
  onmessage: (() => void) | null
  postMessage(message: unknown): void
}

/** The part of an AbortSignal that the runtime uses. */
export interface AbortSignalLike {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

export interface AbortControllerLike {
  readonly signal: AbortSignalLike
  abort(reason?: unknown): void
}

/** Make one of the platform's. */
export function newAbortController(): AbortControllerLike {
  const { AbortController } = globalThis as unknown as { AbortController: new () => AbortControllerLike }
  return new AbortController()
}

/** A longer timer would fire at once: the delay is a signed 32-bit number on every platform. */
const longestTimerMs = 2 ** 31 - 1

/** Build the host of the platform this runs on: Node, Deno, Bun or a browser. */
export function defaultHost(report?: (error: unknown) => void): Host {
  const platform = globalThis as unknown as Platform
  return {
    now: () => platform.performance.now(),
    soon: (callback) => platform.queueMicrotask(callback),
    later: macrotask(platform),
    setTimer(callback, delayMs) {
      const timer = platform.setTimeout(callback, Math.min(Math.max(Math.ceil(delayMs), 0), longestTimerMs))
      return () => platform.clearTimeout(timer)
    },
    report: report ?? ((error) => platform.console.error('a coroutine failed and nobody was looking:', error)),
  }
}

function macrotask(platform: Platform): (callback: () => void) => void {
  const { setImmediate, MessageChannel } = platform
  if (setImmediate !== undefined) return (callback) => void setImmediate(callback)
  if (MessageChannel === undefined) return (callback) => void platform.setTimeout(callback, 0)
  // A browser delays nested time-outs by 4 ms; messages it does not.
  const { port1, port2 } = new MessageChannel()
  const waiting: (() => void)[] = []
  port1.onmessage = () => waiting.shift()?.()
  return (callback) => {
    waiting.push(callback)
    port2.postMessage(null)
  }
}
