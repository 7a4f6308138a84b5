// The programs for systems whose coroutines are generators: written once, with the operations of each system, which its file gives.
// Whatever may wait is waited for by `yield*`. Each gives its answer, or throws when it is wrong.

/**
 * Give `is`, if it is what it should be.
 *
 * @param {string} what
 * @param {number} is
 * @param {number} shouldBe
 * @throws Error when it is not
 */
export function check(what, is, shouldBe) {
  if (is !== shouldBe) throw new Error(`${what} should be ${shouldBe} (got ${is})`)
  return is
}

/** What goes through a sieve after its last number. */
const end = 0

/**
 * @param system operations to be waited for: `channel`, `mailbox` (a channel whose sends do not wait for a receive), `send`,
 *   `receive`, `spawn` (a generator function and its arguments, which begins of its own accord) and `join`
 * @param run starts a generator function with arguments, and gives a promise of what it returns
 */
export function programsOf({ channel, mailbox, send, receive, spawn, join }, run) {
  function* chain(n) {
    const leftmost = yield* channel()
    let right = leftmost
    for (let made = 0; made < n; made += 1) {
      const left = right
      right = yield* channel()
      yield* spawn(link, left, right)
    }
    yield* send(right, 0)
    return check('the answer', yield* receive(leftmost), n)
  }

  function* link(left, right) {
    yield* send(left, 1 + (yield* receive(right)))
  }

  function* hackysack(players, turns) {
    const inboxes = []
    while (inboxes.length < players) inboxes.push(yield* mailbox())
    const circle = { turns, counter: 0, exits: 0 }
    const tasks = []
    for (let self = 0; self < players; self += 1) tasks.push(yield* spawn(player, self, inboxes, circle))
    yield* send(inboxes[0], 'ball')
    for (const task of tasks) yield* join(task)
    check('exits', circle.exits, players - 1)
    return check('the counter', circle.counter, turns)
  }

  function* player(self, inboxes, circle) {
    while ((yield* receive(inboxes[self])) === 'ball') {
      const target = Math.floor(Math.random() * inboxes.length)
      circle.counter += 1
      if (circle.counter === circle.turns) {
        for (const inbox of inboxes) if (inbox !== inboxes[self]) yield* send(inbox, 'exit')
        return
      }
      yield* send(inboxes[target], 'ball')
    }
    circle.exits += 1
  }

  function* pingPong(roundTrips) {
    const [there, back] = [yield* channel(), yield* channel()]
    yield* spawn(pong, roundTrips, there, back)
    let ball = 0
    for (let trip = 0; trip < roundTrips; trip += 1) {
      yield* send(there, ball + 1)
      ball = yield* receive(back)
    }
    return check('the ball', ball, 2 * roundTrips)
  }

  function* pong(roundTrips, there, back) {
    for (let trip = 0; trip < roundTrips; trip += 1) yield* send(back, 1 + (yield* receive(there)))
  }

  function* sieve(limit, primes) {
    let last = yield* channel()
    yield* spawn(count, limit, last)
    let [found, largest] = [0, 0]
    for (let prime = yield* receive(last); prime !== end; prime = yield* receive(last)) {
      found += 1
      largest = prime
      const next = yield* channel()
      yield* spawn(filter, prime, last, next)
      last = next
    }
    check('primes', found, primes)
    return largest
  }

  function* count(limit, to) {
    for (let number = 2; number <= limit; number += 1) yield* send(to, number)
    yield* send(to, end)
  }

  function* filter(prime, from, to) {
    for (let number = yield* receive(from); number !== end; number = yield* receive(from)) {
      if (number % prime !== 0) yield* send(to, number)
    }
    yield* send(to, end)
  }

  function* park(coroutines, whileParked) {
    const [channels, tasks] = [[], []]
    while (channels.length < coroutines) channels.push(yield* channel())
    for (const channel of channels) tasks.push(yield* spawn(receive, channel))
    // Begun after all of them: they wait once it has been heard.
    const last = yield* channel()
    yield* spawn(send, last, 1)
    yield* receive(last)
    whileParked()
    let received = 0
    for (const channel of channels) yield* send(channel, 1)
    for (const task of tasks) received += yield* join(task)
    return received
  }

  const running =
    (program) =>
    (...sizes) =>
      run(program, ...sizes)
  const all = { chain, hackysack, 'ping-pong': pingPong, sieve, park }
  return Object.fromEntries(Object.entries(all).map(([name, program]) => [name, running(program)]))
}
