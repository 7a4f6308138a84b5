// A worker pool with a graceful end: what was accepted is done, what comes later is not, and it takes 5 s at most.

import { Channel, type Coroutine, forEach, Latch, main, moveOn, scope, sleep } from '../../../runtime/index.ts'

const jobs = new Channel<number>(2, { name: 'jobs' })
const stop = new Latch('stop') // in a server: process.once('SIGTERM', () => stop.open())

function* accept(): Coroutine<void> {
  for (let job = 1; ; job += 1) {
    yield* jobs.send(job) // waits while two are worked on and two wait
    console.log(`job ${job} is accepted`)
    if (job === 5) stop.open()
  }
}

function* work(job: number): Coroutine<void> {
  yield* sleep(10)
  console.log(`job ${job} is done`)
}

function* closeConnection(): Coroutine<void> {
  yield* sleep(1)
  console.log('the connection is closed')
}

main(function* pool() {
  yield* scope(function* (family) {
    family.defer(closeConnection) // last of all, however the pool ends, and it may wait
    const accepting = family.spawn(accept)
    const working = family.spawn(function* workers() {
      yield* forEach(jobs, work, { atMost: 2 })
    })
    yield* stop.wait()
    accepting.cancel('the pool closes') // a job that waits to be accepted was not
    jobs.close() // the workers drain what is left, and end
    console.log('no more jobs')
    const grace = yield* moveOn(5_000, function* () {
      yield* working.join()
    })
    if (!grace.done) family.cancel('they took too long')
  })
})
