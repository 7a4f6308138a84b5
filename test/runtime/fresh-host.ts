// A virtual host and a scheduler on it, new for each test of whoever imports them; and what must hold at its end.

import { afterEach, beforeEach, expect } from 'vitest'
import type { Scheduler } from '../../runtime/index.ts'
import { VirtualHost } from '../../runtime/index.ts'

export let host: VirtualHost
/** One that leaves the parked alone, so that a test can look at them. */
export let scheduler: Scheduler

beforeEach(() => {
  host = new VirtualHost()
  scheduler = host.scheduler({ deadlock: 'ignore' })
})

afterEach(() => {
  scheduler.validate()
  expect(host.reported).toEqual([])
})
