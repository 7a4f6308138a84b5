// The programs whose price is asked for: those of runtime/programs, without their counters, on whatever kit they are given.

import type { Coroutine } from '../../runtime/index.ts'
import type { Family, Kit, Queue } from './kit.ts'

/** How many coroutines are made between two looks at whether the host is due its turn. */
const perCheckpoint = 1_024

/** A chain of `n` links, which adds one at each. Gives what comes out: `n`. */
export function chain({ channel, checkpoint, run }: Kit, n: number): Promise<number> {
  return run(function* sendThrough(links): Coroutine<number> {
    const leftmost = channel()
    let right = leftmost
    for (let made = 1; made <= n; made += 1) {
      const left = right
      right = channel()
      links.spawn(link, left, right)
      if (made % perCheckpoint === 0) yield* checkpoint()
    }
    yield* right.send(0)
    return yield* leftmost.receive()
  })
}

function* link(left: Queue, right: Queue): Coroutine<void> {
  const value = yield* right.receive()
  yield* left.send(value + 1)
}

/** A ball goes there and back `roundTrips` times, and grows by one at each end. Gives the ball: `2 * roundTrips`. */
export function pingPong({ channel, run }: Kit, roundTrips: number): Promise<number> {
  return run(function* ping(family): Coroutine<number> {
    const [there, back] = [channel(), channel()]
    family.spawn(pong, roundTrips, there, back)
    let ball = 0
    for (let trip = 0; trip < roundTrips; trip += 1) {
      yield* there.send(ball + 1)
      ball = yield* back.receive()
    }
    return ball
  })
}

function* pong(roundTrips: number, there: Queue, back: Queue): Coroutine<void> {
  for (let trip = 0; trip < roundTrips; trip += 1) {
    const ball = yield* there.receive()
    yield* back.send(ball + 1)
  }
}

/**
 * Park `coroutines` coroutines, each on a channel of its own; call `whileParked`; let them go. Gives how many received
 * their value.
 */
export async function park(
  { channel, checkpoint, run }: Kit,
  coroutines: number,
  whileParked: () => void,
): Promise<number> {
  const book = { begun: 0, received: 0 }
  await run(function* main(family): Coroutine<number> {
    // Of its final length at once: one that grows has room that nobody uses.
    const channels = new Array<Queue>(coroutines)
    for (let made = 0; made < coroutines; made += 1) {
      channels[made] = channel()
      family.spawn(wait, channels[made] as Queue, book)
      if ((made + 1) % perCheckpoint === 0) yield* checkpoint()
    }
    while (book.begun < coroutines) yield* othersFirst(channel(), family)
    whileParked()
    for (const its of channels) yield* its.send(1)
    return coroutines
  })
  // Only now: a value was handed over before whoever got it goes on.
  return book.received
}

function* wait(channel: Queue, book: { begun: number; received: number }): Coroutine<void> {
  book.begun += 1
  const value = yield* channel.receive()
  book.received += value
}

/** Wait for somebody who is spawned last: others have their turns before, all of them but where turns are shuffled. */
function* othersFirst(signal: Queue, family: Family): Coroutine<void> {
  family.spawn(give, signal)
  yield* signal.receive()
}

function* give(signal: Queue): Coroutine<void> {
  yield* signal.send(0)
}

/**
 * Leave a few coroutines waiting for ever. With the last instance of a class V8 forgets its shape, and what it has compiled
 * for it; between two runs of a rung there would be none. The runtime itself keeps some of its own.
 */
export async function leaveSomeWaiting({ channel, run }: Kit): Promise<void> {
  const book = { begun: 0, received: 0 }
  const stuck = run(function* main(family): Coroutine<number> {
    for (let round = 0; round < 3; round += 1) {
      const [sending, receiving] = [channel(), channel()]
      family.spawn(give, sending)
      family.spawn(wait, receiving, book)
      waitedOn.push(sending, receiving)
    }
    return yield* channel().receive()
  })
  await stuck.catch(() => {})
}

const waitedOn: Queue[] = []
