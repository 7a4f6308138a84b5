// The top: the runtime itself, by its public API, as it comes and with what it can be asked for.

import type { Coroutine, SchedulerOptions } from '../../../runtime/index.ts'
import { Channel, checkpoint, keepShapes, local, Scheduler, scope, timeout } from '../../../runtime/index.ts'
import type { Family, Kit } from '../kit.ts'

type Main = (family: Family) => Coroutine<number>
/** What is put around a program. */
type Around = (main: Main) => Coroutine<number>

export function encke(options: SchedulerOptions = {}, around: Around = inScope): Kit {
  keepShapes()
  return {
    channel: () => new Channel<number>(),
    checkpoint,
    run: (main) => new Scheduler({ deadlock: 'reject', ...options }).run(around, main).promise,
  }
}

export function* inScope(main: Main): Coroutine<number> {
  return yield* scope((family) => main(family))
}

/** @param depth how many more scopes there are around the program's own */
export function inScopes(depth: number): Around {
  return depth === 0 ? inScope : (main) => inScope(() => inScopes(depth - 1)(main))
}

export function* inTimeout(main: Main): Coroutine<number> {
  return yield* timeout(600_000, (family) => main(family))
}

const user = local('nobody')

/** Everybody who is spawned inherits it. */
export function* withLocal(main: Main): Coroutine<number> {
  using _ = user.set('somebody')
  return yield* inScope(main)
}
