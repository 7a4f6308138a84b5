// Publish and subscribe with slow consumers: nobody holds up the publisher, and each slow one has a way of its own to be slow.

import { Broadcast, Channel, type Coroutine, forEach, scope, sleep, VirtualHost } from '../../../runtime/index.ts'

type Price = { readonly at: number; readonly euros: number }

/** Reads all that the ring still holds, and learns how much it has missed. */
function* auditor(prices: Broadcast<Price>): Coroutine<void> {
  using place = prices.subscribe()
  yield* forEach(place, function* ({ values, missed }) {
    console.log(`auditor: ${values.map(({ euros }) => euros)}, missed ${missed}`)
    yield* sleep(45)
  })
}

/** Wants the newest price only: whatever comes while it draws replaces what came before. */
function* display(prices: Broadcast<Price>): Coroutine<void> {
  let skipped = 0
  const newest = new Channel<Price>(1, { overflow: 'dropOldest', onDropped: () => void (skipped += 1) })
  yield* scope(function* (family) {
    family.spawn(function* feed() {
      using place = prices.subscribe()
      yield* forEach(place, function* ({ values }) {
        for (const price of values) newest.trySend(price)
      })
      newest.close()
    })
    yield* forEach(newest, function* ({ euros }) {
      yield* sleep(35)
      console.log(`display: ${euros}`)
    })
  })
  console.log(`display: skipped ${skipped}`)
}

/** Gives up on a subscriber that is more than two behind, as a server cuts off a connection that does not read. */
function* connection(prices: Broadcast<Price>): Coroutine<void> {
  const unsent = new Channel<Price>(2, { overflow: 'error' })
  const outcome = yield* scope(function* (family) {
    family.spawnDaemon(function* write() {
      yield* forEach(unsent, function* () {
        yield* sleep(60) // a slow network
      })
    })
    using place = prices.subscribe()
    for (let got = yield* place.next(); !got.done; got = yield* place.next()) {
      if (!got.value.values.every((price) => unsent.trySend(price))) return 'cut off'
    }
    return 'read to the end'
  })
  console.log(`connection: ${outcome}`)
}

new VirtualHost().run(function* market() {
  const prices = new Broadcast<Price>(3)
  yield* scope(function* (family) {
    for (const subscriber of [auditor, display, connection]) family.spawn(subscriber, prices)
    for (let at = 10; at <= 80; at += 10) {
      yield* sleep(10)
      prices.publish({ at, euros: 100 + at / 10 })
    }
    prices.close()
  })
})
