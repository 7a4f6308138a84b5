// Stackless: tasklets that meet in channels, as in Stackless Python 2 and 3. `stackless(main)` is what the module
// `stackless` is to a Python program; `main` is the main tasklet, and gets the thread whose tasklets it makes.
//
// The same as there: a channel has no buffer, one queue, and a balance; `sendException`, closing channels and iteration;
// exceptions that others throw into a tasklet where it waits, and that it may catch; a TaskletExit ends a tasklet and
// nothing else; what a tasklet does not catch comes out of the operation that main waits on; when main ends, the
// tasklets that are left are killed.
//
// What differs, and why:
//   - Nothing switches at once. Here waking enqueues, so where Stackless runs the preferred receiver before all others,
//     that receiver comes to the end of the queue of runnables, and the sender right behind it: in this order the two go
//     on in the original as well, but others that are runnable go before. (The original does the same when `scheduleAll`
//     is set.) A preferred caller, and one with preference 0, goes on at once, as there. `kill` and `raiseException`, too,
//     put the victim before their caller, not before everybody. With `order: 'shuffle'` there is no such order at all.
//   - After 128 operations that needed no waiting a tasklet gives way, whatever the preference: the core's budget.
//   - A tasklet that was killed in the instant after it was handed a value takes it, and ends at its next operation:
//     Stackless overwrites the value. One that waits for something of the core (a sleep, a task), or is in a scope of it
//     (a timeout), is neither runnable nor blocked for `run` and for the run count; a kill cancels it, so that it can catch
//     nothing; and any other exception waits for its next operation of Stackless.
//   - Channels are no cases for `select`: Stackless has none. A tasklet that blocks with nobody left to meet is not told
//     so: the scheduler's deadlock detection says who waits where. Nothing is preempted, pickled, or moved by hand
//     (`insert`, `remove`); `block_trap` and atomic sections are left out.
// Sources: the Stackless Python documentation of tasklets, channels and the scheduler; G. Olson, "Why Stackless", 2006.

import type { Coroutine, Operation } from '../index.ts'
import { scope } from '../index.ts'
import { TaskletExit } from './stackless/tasklet.ts'
import { StacklessThread } from './stackless/thread.ts'

export type { Preference } from './stackless/channel.ts'
export { Channel } from './stackless/channel.ts'
export type { Tasklet } from './stackless/tasklet.ts'
export { TaskletExit } from './stackless/tasklet.ts'
export type { StacklessThread } from './stackless/thread.ts'

/**
 * Run `main` as the main tasklet of a thread of its own, and give its result once all tasklets have ended.
 *
 * @throws what main throws, which may be what a tasklet has thrown into it
 */
export function stackless<T>(main: (thread: StacklessThread) => Coroutine<T>): Operation<T> {
  return scope(function* (tasklets) {
    const thread = new StacklessThread(tasklets)
    try {
      return yield* thread.start(main)
    } finally {
      tasklets.cancel(new TaskletExit('main has ended'))
    }
  })
}
