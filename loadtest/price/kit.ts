// What a program needs of a scheduler, whichever it is: so all of them are given the same program.

import type { Coroutine, Operation } from '../../runtime/index.ts'

export interface Kit {
  /** Make a rendezvous channel. */
  channel(): Queue
  /** Where a long loop lets the host have its turn, on those that know of one. */
  checkpoint(): Operation<void>
  /**
   * Run `main` and all that it spawns until nobody can go on, and give its result.
   *
   * @throws what a coroutine throws; Error if `main` has not come to its end
   */
  run(main: (family: Family) => Coroutine<number>): Promise<number>
}

export interface Queue {
  send(value: number): Operation<void>
  receive(): Operation<number>
}

export interface Family {
  spawn<Args extends unknown[]>(body: (...args: Args) => Coroutine<void>, ...args: Args): unknown
}
