// The programs as Effection has them: structured operations. Its channels show a value to every subscriber, so what hands a
// value to one receiver is its queue, which never makes a sender wait.

import { createQueue, run, spawn } from 'effection'
import { answerOrders } from './answer-orders.ts'
import { check } from './check.js'

function* chain(n) {
  const leftmost = createQueue()
  let right = leftmost
  for (let made = 0; made < n; made += 1) {
    const left = right
    right = createQueue()
    const [from, to] = [right, left]
    yield* spawn(() => link(to, from))
  }
  right.add(0)
  return check('the answer', (yield* leftmost.next()).value, n)
}

function* link(left, right) {
  const { value } = yield* right.next()
  left.add(1 + value)
}

function* hackysack(players, turns) {
  const inboxes = Array.from({ length: players }, () => createQueue())
  const circle = { turns, counter: 0, exits: 0 }
  const tasks = []
  for (let self = 0; self < players; self += 1) tasks.push(yield* spawn(() => player(self, inboxes, circle)))
  inboxes[0].add('ball')
  for (const task of tasks) yield* task
  check('exits', circle.exits, players - 1)
  return check('the counter', circle.counter, turns)
}

function* player(self, inboxes, circle) {
  while ((yield* inboxes[self].next()).value === 'ball') {
    const target = Math.floor(Math.random() * inboxes.length)
    circle.counter += 1
    if (circle.counter === circle.turns) {
      for (const inbox of inboxes) if (inbox !== inboxes[self]) inbox.add('exit')
      return
    }
    inboxes[target].add('ball')
  }
  circle.exits += 1
}

function* pingPong(roundTrips) {
  const [there, back] = [createQueue(), createQueue()]
  yield* spawn(() => pong(roundTrips, there, back))
  let ball = 0
  for (let trip = 0; trip < roundTrips; trip += 1) {
    there.add(ball + 1)
    ball = (yield* back.next()).value
  }
  return check('the ball', ball, 2 * roundTrips)
}

function* pong(roundTrips, there, back) {
  for (let trip = 0; trip < roundTrips; trip += 1) {
    const { value } = yield* there.next()
    back.add(1 + value)
  }
}

function* sieve(limit, primes) {
  const first = createQueue()
  yield* spawn(() => count(limit, first))
  let [last, found, largest] = [first, 0, 0]
  for (let next = yield* last.next(); !next.done; next = yield* last.next()) {
    found += 1
    largest = next.value
    const [from, to, prime] = [last, createQueue(), next.value]
    yield* spawn(() => filter(prime, from, to))
    last = to
  }
  check('primes', found, primes)
  return largest
}

function* count(limit, to) {
  for (let number = 2; number <= limit; number += 1) to.add(number)
  to.close()
}

function* filter(prime, from, to) {
  for (let next = yield* from.next(); !next.done; next = yield* from.next()) {
    if (next.value % prime !== 0) to.add(next.value)
  }
  to.close()
}

function* park(coroutines, whileParked) {
  const queues = Array.from({ length: coroutines }, () => createQueue())
  const tasks = []
  for (const queue of queues) tasks.push(yield* spawn(() => wait(queue)))
  const everybodyWaits = createQueue()
  yield* spawn(() => say(everybodyWaits))
  yield* everybodyWaits.next()
  whileParked()
  let received = 0
  for (const queue of queues) queue.add(1)
  for (const task of tasks) received += yield* task
  return received
}

function* wait(queue) {
  return (yield* queue.next()).value
}

function* say(queue) {
  queue.add(true)
}

await answerOrders('Effection 4.1.1', {
  chain: (n) => run(() => chain(n)),
  hackysack: (players, turns) => run(() => hackysack(players, turns)),
  'ping-pong': (roundTrips) => run(() => pingPong(roundTrips)),
  sieve: (limit, primes) => run(() => sieve(limit, primes)),
  park: (coroutines, whileParked) => run(() => park(coroutines, whileParked)),
})
