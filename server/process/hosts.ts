// Whose turn it is: the coroutines of requests and the benchmarks share one event loop, each by a host of its own.

import type { Host } from '../../runtime/index.ts'
import { defaultHost } from '../../runtime/index.ts'

/**
 * Make the host for requests. Their coroutines run once all requests that came in one look at the sockets have been read,
 * not after each of them: their replies leave one right after the other, and a client that gets several is woken once.
 * Its `soon` comes later than the runtime's promise of a microtask; nothing here needs it sooner.
 */
export function hostForRequests(report: Host['report']): Host {
  const host = defaultHost(report)
  return { ...host, soon: host.later }
}

/**
 * Make a host for work that shall not hold requests up: before each of its turns comes a look at the sockets, and what that
 * has brought. One macrotask would come too early: it stands in line before the requests that are read meanwhile.
 */
export function hostBehind(host: Host): Host {
  const later = (callback: () => void) => host.later(() => host.later(callback))
  return { ...host, soon: later, later }
}
