// The programs with nothing but promises: what an async function costs, without cancelling, scopes, fairness or names.
//
// A channel is what is written for it here: it keeps who waits, and a send waits for its receive.

import { answerOrders } from './answer-orders.ts'
import { check } from './programs.js'

/** Unbuffered. Senders and receivers never both wait. */
class Channel {
  #senders = []
  #receivers = []

  send(value) {
    const receive = this.#receivers.shift()
    if (receive !== undefined) {
      receive(value)
      return Promise.resolve()
    }
    return new Promise((sent) => this.#senders.push({ value, sent }))
  }

  receive() {
    const sender = this.#senders.shift()
    if (sender === undefined) return new Promise((receive) => this.#receivers.push(receive))
    sender.sent()
    return Promise.resolve(sender.value)
  }
}

async function chain(n) {
  const leftmost = new Channel()
  let right = leftmost
  for (let made = 0; made < n; made += 1) {
    const left = right
    right = new Channel()
    link(left, right)
  }
  await right.send(0)
  return check('the answer', await leftmost.receive(), n)
}

async function link(left, right) {
  await left.send(1 + (await right.receive()))
}

async function hackysack(players, turns) {
  const inboxes = Array.from({ length: players }, () => new Channel())
  const circle = { turns, counter: 0, exits: 0 }
  const ended = inboxes.map((_, self) => player(self, inboxes, circle))
  inboxes[0].send('ball')
  await Promise.all(ended)
  check('exits', circle.exits, players - 1)
  return check('the counter', circle.counter, turns)
}

/** Sends are not waited for: a player may kick to itself. */
async function player(self, inboxes, circle) {
  while ((await inboxes[self].receive()) === 'ball') {
    const target = Math.floor(Math.random() * inboxes.length)
    circle.counter += 1
    if (circle.counter === circle.turns) {
      for (const inbox of inboxes) if (inbox !== inboxes[self]) inbox.send('exit')
      return
    }
    inboxes[target].send('ball')
  }
  circle.exits += 1
}

async function pingPong(roundTrips) {
  const [there, back] = [new Channel(), new Channel()]
  pong(roundTrips, there, back)
  let ball = 0
  for (let trip = 0; trip < roundTrips; trip += 1) {
    await there.send(ball + 1)
    ball = await back.receive()
  }
  return check('the ball', ball, 2 * roundTrips)
}

async function pong(roundTrips, there, back) {
  for (let trip = 0; trip < roundTrips; trip += 1) await back.send(1 + (await there.receive()))
}

async function sieve(limit, primes) {
  let last = new Channel()
  count(limit, last)
  let [found, largest] = [0, 0]
  for (let prime = await last.receive(); prime !== null; prime = await last.receive()) {
    found += 1
    largest = prime
    const next = new Channel()
    filter(prime, last, next)
    last = next
  }
  check('primes', found, primes)
  return largest
}

async function count(limit, to) {
  for (let number = 2; number <= limit; number += 1) await to.send(number)
  await to.send(null)
}

async function filter(prime, from, to) {
  for (let number = await from.receive(); number !== null; number = await from.receive()) {
    if (number % prime !== 0) await to.send(number)
  }
  await to.send(null)
}

async function park(coroutines, whileParked) {
  const channels = Array.from({ length: coroutines }, () => new Channel())
  const ended = channels.map(wait)
  whileParked()
  for (const channel of channels) channel.send(1)
  return (await Promise.all(ended)).reduce((sum, value) => sum + value, 0)
}

async function wait(channel) {
  return await channel.receive()
}

await answerOrders('promises', { chain, hackysack, 'ping-pong': pingPong, sieve, park })
