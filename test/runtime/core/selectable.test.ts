// Selectables that a user makes, in the way in which the hub makes its own: one waiter that stands in many lists.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Coroutine, Operation, Scheduler, Task, Waiter } from '../../../runtime/index.ts'
import {
  after,
  Channel,
  Latch,
  Link,
  moveOn,
  Scheduler as RealScheduler,
  SelectableOperation,
  select,
  trySelect,
  VirtualHost,
  WaitList,
} from '../../../runtime/index.ts'

/** Something that changes, and the links of those who wait for that. */
class Topic {
  readonly name: string
  readonly watches = new WaitList<Watch>()
  version = 0

  constructor(name: string) {
    this.name = name
  }

  change(): void {
    this.version += 1
    for (let watch = this.watches.first; watch !== undefined; watch = this.watches.first) watch.owner.happened(this)
  }

  get waiting(): number {
    this.watches.validate()
    return [...this.watches].length
  }
}

/** The place of one waiter in the list of one topic. */
class Watch extends Link {
  readonly owner: Changed

  constructor(owner: Changed) {
    super()
    this.owner = owner
  }
}

/** Waits for the first of many topics to change after the version that was seen. */
class Changed extends SelectableOperation<Topic> {
  readonly #topics: readonly Topic[]
  readonly #seen: readonly number[]
  #watches: Watch[] = []
  #changed: Topic | undefined

  constructor(topics: readonly Topic[]) {
    super()
    this.#topics = topics
    this.#seen = topics.map((topic) => topic.version)
  }

  poll(): boolean {
    this.#changed = this.#topics.find((topic, index) => topic.version > (this.#seen[index] as number))
    return this.#changed !== undefined
  }

  take(): Topic {
    return this.#changed as Topic
  }

  describe(): string {
    return `changed ${this.#topics.map((topic) => topic.name).join(', ')}`
  }

  happened(topic: Topic): void {
    this.#changed = topic
    this.#unlinkAll()
    this.complete()
  }

  override withdraw(waiter: Waiter): void {
    this.#unlinkAll()
    super.withdraw(waiter)
  }

  protected enlist(): void {
    this.#watches = this.#topics.map((topic) => {
      const watch = new Watch(this)
      topic.watches.add(watch)
      return watch
    })
  }

  #unlinkAll(): void {
    for (const watch of this.#watches) watch.unlink()
    this.#watches = []
  }
}

let host: VirtualHost
/** One that leaves the parked alone, so that a test can look at them. */
let scheduler: Scheduler
let news: Topic
let sports: Topic
let weather: Topic

beforeEach(() => {
  host = new VirtualHost()
  scheduler = host.scheduler({ deadlock: 'ignore' })
  news = new Topic('news')
  sports = new Topic('sports')
  weather = new Topic('weather')
})

afterEach(() => {
  scheduler.validate()
  expect([news, sports, weather].map((topic) => topic.waiting)).toEqual([0, 0, 0])
  expect(scheduler.statistics()).toMatchObject({ coroutines: 0, timers: 0 })
  expect(host.reported).toEqual([])
})

function log<T>(into: unknown[], operation: () => Operation<T>, translate: (value: T) => unknown): Task<void> {
  const task = scheduler.run(function* watcher(): Coroutine<void> {
    try {
      into.push(translate(yield* operation()))
    } catch (error) {
      into.push((error as { code: string }).code)
    }
  })
  host.settle()
  return task
}

function watch(into: unknown[], ...topics: Topic[]): Task<void> {
  return log(
    into,
    () => new Changed(topics),
    (topic) => topic.name,
  )
}

describe('an operation that stands in many wait lists', () => {
  it('is done once the first of them calls, and then stands in none', () => {
    const seen: unknown[] = []
    const task = watch(seen, news, sports, weather)
    expect([news, sports, weather].map((topic) => topic.waiting)).toEqual([1, 1, 1])
    sports.change()
    expect([news, sports, weather].map((topic) => topic.waiting)).toEqual([0, 0, 0])
    expect(task.status).toBe('runnable')
    expect(seen).toEqual([])
    news.change()
    host.settle()
    expect(seen).toEqual(['sports'])
  })

  it('is done at once when it can be, without suspending its coroutine', () => {
    const seen: unknown[] = []
    const changed = new Changed([news, sports])
    sports.change()
    log(
      seen,
      () => changed,
      (topic) => topic.name,
    )
    expect(seen).toEqual(['sports'])
    expect(scheduler.statistics().resumes).toBe(1)
  })

  it('wakes everybody who waits, in the order in which they came', () => {
    const order: unknown[] = []
    for (const name of ['a', 'b', 'c']) {
      log(
        order,
        () => new Changed([news, sports]),
        (topic) => `${name}: ${topic.name}`,
      )
    }
    sports.change()
    news.change()
    host.settle()
    expect(order).toEqual(['a: sports', 'b: sports', 'c: sports'])
  })

  it('leaves every list when its coroutine is cancelled', () => {
    const seen: unknown[] = []
    const task = watch(seen, news, sports)
    watch(seen, sports, news)
    task.cancel()
    expect([news.waiting, sports.waiting]).toEqual([1, 1])
    news.change()
    host.settle()
    expect(seen).toEqual(['CANCELLED', 'news'])
  })

  it('keeps what happened before a cancel', () => {
    const seen: unknown[] = []
    const task = watch(seen, news, sports)
    news.change()
    task.cancel()
    host.settle()
    expect(seen).toEqual(['news'])
  })

  it('leaves every list when the time is up', () => {
    const seen: unknown[] = []
    log(
      seen,
      () =>
        moveOn(50, function* () {
          return (yield* new Changed([news, sports])).name
        }),
      (result) => result,
    )
    host.advance(50)
    expect([news.waiting, sports.waiting]).toEqual([0, 0])
    expect(seen).toEqual([{ done: false }])
  })

  it('costs one waiter, however many lists it stands in', () => {
    const topics = Array.from({ length: 1_000 }, (_, index) => new Topic(`topic ${index}`))
    const seen: unknown[] = []
    watch(seen, ...topics)
    expect(scheduler.statistics().parked).toBe(1)
    topics[999]?.change()
    host.settle()
    expect(seen).toEqual(['topic 999'])
    expect(topics.every((topic) => topic.waiting === 0)).toBe(true)
  })

  it('wakes waiters of several schedulers', () => {
    const other = new RealScheduler({ host })
    const seen: unknown[] = []
    watch(seen, news)
    other.run(function* () {
      seen.push((yield* new Changed([news])).name)
    })
    host.settle()
    news.change()
    host.settle()
    expect(seen).toEqual(['news', 'news'])
    expect(other.statistics().coroutines).toBe(0)
  })

  it('is described in a dump as it describes itself', () => {
    const task = watch([], news, sports)
    expect(scheduler.dump()).toBe('watcher#1  parked 0 ms on changed news, sports')
    task.cancel()
    host.settle()
  })
})

describe('as a case of select it', () => {
  it('wins, and the others leave no trace', () => {
    const channel = new Channel<number>()
    const seen: unknown[] = []
    log(
      seen,
      () => select({ topic: new Changed([news, sports]), value: channel.receive(), idle: after(1_000) }),
      (selected) => (selected.case === 'topic' ? selected.value.name : selected.case),
    )
    sports.change()
    expect(channel.trySend(1)).toBe(false)
    expect(scheduler.statistics().timers).toBe(0)
    host.settle()
    expect(seen).toEqual(['sports'])
  })

  it('loses to another that commits first, and stands in no list from then on', () => {
    const channel = new Channel<number>()
    const seen: unknown[] = []
    log(
      seen,
      () => select({ topic: new Changed([news, sports]), value: channel.receive() }),
      (selected) => selected.case,
    )
    channel.trySend(1)
    expect([news.waiting, sports.waiting]).toEqual([0, 0])
    news.change()
    host.settle()
    expect(seen).toEqual(['value'])
  })

  it('loses to another that is ready, and was in no list at all', () => {
    const seen: unknown[] = []
    log(
      seen,
      () => select({ topic: new Changed([news, sports]), now: after(0) }),
      (selected) => selected.case,
    )
    expect(seen).toEqual(['now'])
  })

  it('can stand beside another of its kind on the same lists', () => {
    const seen: unknown[] = []
    log(
      seen,
      () => select({ a: new Changed([news, sports]), b: new Changed([sports, weather]) }, { order: 'first' }),
      (selected) => `${selected.case}: ${selected.value.name}`,
    )
    expect(sports.waiting).toBe(2)
    sports.change()
    expect([news, sports, weather].map((topic) => topic.waiting)).toEqual([0, 0, 0])
    host.settle()
    expect(seen).toEqual(['a: sports'])
  })

  it('is polled by trySelect and never stands in a list', () => {
    expect(trySelect({ topic: new Changed([news]) })).toBeUndefined()
    const changed = new Changed([news, sports])
    sports.change()
    expect(trySelect({ topic: changed })).toEqual({ case: 'topic', value: sports })
  })

  it('leaves every list when the coroutine that selects is cancelled', () => {
    const seen: unknown[] = []
    const latch = new Latch()
    const task = log(
      seen,
      () => select({ topic: new Changed([news, sports, weather]), latch: latch.wait() }),
      (selected) => selected.case,
    )
    expect(weather.waiting).toBe(1)
    task.cancel()
    expect([news, sports, weather].map((topic) => topic.waiting)).toEqual([0, 0, 0])
    host.settle()
    expect(seen).toEqual(['CANCELLED'])
  })

  it('misses no change between two looks, however the coroutines are interleaved', () => {
    const shuffled = host.scheduler({ order: 'shuffle', seed: 5 })
    let seenVersion = 0
    shuffled.run(function* reader() {
      while (seenVersion < 100) {
        const changed = new Changed([news])
        seenVersion = news.version
        if (seenVersion < 100) yield* select({ changed, patience: after(1_000) })
      }
    })
    for (let writer = 0; writer < 5; writer += 1) {
      shuffled.run(function* () {
        for (let round = 0; round < 20; round += 1) {
          yield* after(round % 3)
          news.change()
        }
      })
    }
    host.finish()
    expect(seenVersion).toBe(100)
    expect(host.now()).toBeLessThan(1_000)
  })
})
