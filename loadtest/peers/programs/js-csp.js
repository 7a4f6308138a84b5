// The programs as js-csp has them: generators and channels after Clojure's core.async.

import csp from 'js-csp'
import { answerOrders } from './answer-orders.ts'
import { check } from './check.js'

const { buffers, chan, CLOSED, go, put, take, takeAsync } = csp

/** A process gives what its generator returns on a channel of its own. */
function run(main, ...args) {
  return new Promise((resolve) => takeAsync(go(main, args), resolve))
}

function* chain(n) {
  const leftmost = chan()
  let right = leftmost
  for (let made = 0; made < n; made += 1) {
    const left = right
    right = chan()
    go(link, [left, right])
  }
  yield put(right, 0)
  return check('the answer', yield take(leftmost), n)
}

function* link(left, right) {
  yield put(left, 1 + (yield take(right)))
}

function* hackysack(players, turns) {
  // Room for one: nobody has two messages at a time.
  const inboxes = Array.from({ length: players }, () => chan(buffers.fixed(1)))
  const circle = { turns, counter: 0, exits: 0 }
  const ended = inboxes.map((_, self) => go(player, [self, inboxes, circle]))
  yield put(inboxes[0], 'ball')
  for (const end of ended) yield take(end)
  check('exits', circle.exits, players - 1)
  return check('the counter', circle.counter, turns)
}

function* player(self, inboxes, circle) {
  while ((yield take(inboxes[self])) === 'ball') {
    const target = Math.floor(Math.random() * inboxes.length)
    circle.counter += 1
    if (circle.counter === circle.turns) {
      for (const inbox of inboxes) if (inbox !== inboxes[self]) yield put(inbox, 'exit')
      return
    }
    yield put(inboxes[target], 'ball')
  }
  circle.exits += 1
}

function* pingPong(roundTrips) {
  const [there, back] = [chan(), chan()]
  go(pong, [roundTrips, there, back])
  let ball = 0
  for (let trip = 0; trip < roundTrips; trip += 1) {
    yield put(there, ball + 1)
    ball = yield take(back)
  }
  return check('the ball', ball, 2 * roundTrips)
}

function* pong(roundTrips, there, back) {
  for (let trip = 0; trip < roundTrips; trip += 1) yield put(back, 1 + (yield take(there)))
}

function* sieve(limit, primes) {
  let last = chan()
  go(count, [limit, last])
  let [found, largest] = [0, 0]
  for (let prime = yield take(last); prime !== CLOSED; prime = yield take(last)) {
    found += 1
    largest = prime
    const next = chan()
    go(filter, [prime, last, next])
    last = next
  }
  check('primes', found, primes)
  return largest
}

function* count(limit, to) {
  for (let number = 2; number <= limit; number += 1) yield put(to, number)
  to.close()
}

function* filter(prime, from, to) {
  for (let number = yield take(from); number !== CLOSED; number = yield take(from)) {
    if (number % prime !== 0) yield put(to, number)
  }
  to.close()
}

function* park(coroutines, whileParked) {
  const channels = Array.from({ length: coroutines }, () => chan())
  const ended = channels.map((channel) => go(wait, [channel]))
  // A process begins at once, and goes up to its first wait.
  whileParked()
  for (const channel of channels) yield put(channel, 1)
  let received = 0
  for (const end of ended) received += yield take(end)
  return received
}

function* wait(channel) {
  return yield take(channel)
}

await answerOrders('js-csp 1.0.1', {
  chain: (n) => run(chain, n),
  hackysack: (players, turns) => run(hackysack, players, turns),
  'ping-pong': (roundTrips) => run(pingPong, roundTrips),
  sieve: (limit, primes) => run(sieve, limit, primes),
  park: (coroutines, whileParked) => run(park, coroutines, whileParked),
})
