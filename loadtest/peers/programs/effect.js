// The programs as Effect has them: fibers and queues.
//
// A queue without room would be a rendezvous channel. But with `Queue.bounded(0)` a chain of a thousand links stops half way,
// for ever (4.1.0): so the queues have room for one, and a sender need not meet its receiver.

import { Effect, Fiber, Queue } from 'effect'
import { answerOrders } from './answer-orders.ts'
import { check } from './check.js'

const chain = Effect.fnUntraced(function* (n) {
  const leftmost = yield* Queue.bounded(1)
  let right = leftmost
  for (let made = 0; made < n; made += 1) {
    const left = right
    right = yield* Queue.bounded(1)
    yield* Effect.forkChild(link(left, right))
  }
  yield* Queue.offer(right, 0)
  return check('the answer', yield* Queue.take(leftmost), n)
})

const link = Effect.fnUntraced(function* (left, right) {
  const value = yield* Queue.take(right)
  yield* Queue.offer(left, 1 + value)
})

const hackysack = Effect.fnUntraced(function* (players, turns) {
  const inboxes = []
  for (let made = 0; made < players; made += 1) inboxes.push(yield* Queue.unbounded())
  const circle = { turns, counter: 0, exits: 0 }
  const fibers = []
  for (let self = 0; self < players; self += 1) fibers.push(yield* Effect.forkChild(player(self, inboxes, circle)))
  yield* Queue.offer(inboxes[0], 'ball')
  yield* Fiber.joinAll(fibers)
  check('exits', circle.exits, players - 1)
  return check('the counter', circle.counter, turns)
})

const player = Effect.fnUntraced(function* (self, inboxes, circle) {
  while ((yield* Queue.take(inboxes[self])) === 'ball') {
    const target = Math.floor(Math.random() * inboxes.length)
    circle.counter += 1
    if (circle.counter === circle.turns) {
      for (const inbox of inboxes) if (inbox !== inboxes[self]) yield* Queue.offer(inbox, 'exit')
      return
    }
    yield* Queue.offer(inboxes[target], 'ball')
  }
  circle.exits += 1
})

const pingPong = Effect.fnUntraced(function* (roundTrips) {
  const [there, back] = [yield* Queue.bounded(1), yield* Queue.bounded(1)]
  yield* Effect.forkChild(pong(roundTrips, there, back))
  let ball = 0
  for (let trip = 0; trip < roundTrips; trip += 1) {
    yield* Queue.offer(there, ball + 1)
    ball = yield* Queue.take(back)
  }
  return check('the ball', ball, 2 * roundTrips)
})

const pong = Effect.fnUntraced(function* (roundTrips, there, back) {
  for (let trip = 0; trip < roundTrips; trip += 1) {
    const ball = yield* Queue.take(there)
    yield* Queue.offer(back, 1 + ball)
  }
})

const sieve = Effect.fnUntraced(function* (limit, primes) {
  let last = yield* Queue.bounded(1)
  yield* Effect.forkChild(count(limit, last))
  let [found, largest] = [0, 0]
  for (let prime = yield* Queue.take(last); prime !== null; prime = yield* Queue.take(last)) {
    found += 1
    largest = prime
    const next = yield* Queue.bounded(1)
    yield* Effect.forkChild(filter(prime, last, next))
    last = next
  }
  check('primes', found, primes)
  return largest
})

const count = Effect.fnUntraced(function* (limit, to) {
  for (let number = 2; number <= limit; number += 1) yield* Queue.offer(to, number)
  yield* Queue.offer(to, null)
})

const filter = Effect.fnUntraced(function* (prime, from, to) {
  for (let number = yield* Queue.take(from); number !== null; number = yield* Queue.take(from)) {
    if (number % prime !== 0) yield* Queue.offer(to, number)
  }
  yield* Queue.offer(to, null)
})

const park = Effect.fnUntraced(function* (coroutines, whileParked) {
  const queues = []
  for (let made = 0; made < coroutines; made += 1) queues.push(yield* Queue.bounded(1))
  const fibers = []
  for (const queue of queues) fibers.push(yield* Effect.forkChild(Queue.take(queue)))
  const last = yield* Queue.bounded(1)
  yield* Effect.forkChild(Queue.offer(last, true))
  yield* Queue.take(last)
  whileParked()
  for (const queue of queues) yield* Queue.offer(queue, 1)
  const values = yield* Fiber.joinAll(fibers)
  return values.reduce((sum, value) => sum + value, 0)
})

await answerOrders('Effect 4.1.0', {
  chain: (n) => Effect.runPromise(chain(n)),
  hackysack: (players, turns) => Effect.runPromise(hackysack(players, turns)),
  'ping-pong': (roundTrips) => Effect.runPromise(pingPong(roundTrips)),
  sieve: (limit, primes) => Effect.runPromise(sieve(limit, primes)),
  park: (coroutines, whileParked) => Effect.runPromise(park(coroutines, whileParked)),
})
