// How a trap is tried: not in the one order that a test happens to run in, but in all of them.

import { expect } from 'vitest'
import type { Explorable } from '../../../runtime/index.ts'
import { explore } from '../../../runtime/index.ts'

/**
 * Run `program` in every order there is, and see that these were all and more than one. Time moves only when nobody can
 * run: these programs sleep until the others have come to where the trap is.
 */
export function inEveryOrder(program: Explorable): void {
  const { schedules, complete } = explore(program, { exhaustive: true, timers: 'idle' })
  expect(complete).toBe(true)
  expect(schedules).toBeGreaterThan(1)
}
