// The real host. Only here is real time spent, and little of it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Coroutine, Operation } from '../../../runtime/index.ts'
import { checkpoint, defaultHost, Latch, Scheduler, sleep, until } from '../../../runtime/index.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('the default host', () => {
  it('calls soon before anything else and later after it', async () => {
    const host = defaultHost()
    const log: string[] = []
    await new Promise<void>((resolve) => {
      host.later(() => {
        log.push('later')
        resolve()
      })
      host.soon(() => log.push('soon'))
      log.push('at once')
    })
    expect(log).toEqual(['at once', 'soon', 'later'])
  })

  it('has a clock that goes on, in fractions of milliseconds', async () => {
    const host = defaultHost()
    const before = host.now()
    await new Promise<void>((resolve) => host.later(resolve))
    expect(host.now()).toBeGreaterThan(before)
  })

  it('rounds timers up and caps them where the platform would fire them at once', () => {
    const asked: number[] = []
    vi.stubGlobal('setTimeout', (_: () => void, delayMs: number) => asked.push(delayMs))
    const host = defaultHost()
    for (const delayMs of [0.1, 1, -5, 2 ** 31, 1e12]) host.setTimer(() => {}, delayMs)
    expect(asked).toEqual([1, 1, 0, 2 ** 31 - 1, 2 ** 31 - 1])
  })

  it('undoes a timer', async () => {
    const host = defaultHost()
    const undone = vi.fn()
    host.setTimer(undone, 1)()
    await new Promise<void>((resolve) => void host.setTimer(resolve, 5))
    expect(undone).not.toHaveBeenCalled()
  })

  it('reports on the console unless it is told where', () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    const failure = new Error('failure')
    defaultHost().report(failure)
    expect(error).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('nobody was looking'), failure)
    const told: unknown[] = []
    defaultHost((reported) => told.push(reported)).report(failure)
    expect(told).toEqual([failure])
    expect(error).toHaveBeenCalledOnce()
  })

  it('finds a macrotask on platforms without setImmediate, one message or timer for each call', async () => {
    for (const missing of [['setImmediate'], ['setImmediate', 'MessageChannel']]) {
      const channels: { close(): void }[] = []
      vi.stubGlobal(
        'MessageChannel',
        class extends MessageChannel {
          constructor() {
            super()
            channels.push(this.port1)
          }
        },
      )
      for (const name of missing) vi.stubGlobal(name, undefined)
      const host = defaultHost()
      vi.unstubAllGlobals()
      const log: string[] = []
      await new Promise<void>((resolve) => {
        host.later(() => {
          log.push('first')
          host.soon(() => log.push('a microtask in between'))
        })
        host.later(() => {
          log.push('second')
          resolve()
        })
      })
      expect(log).toEqual(['first', 'a microtask in between', 'second'])
      for (const port of channels) port.close()
    }
  })
})

describe('a scheduler on the default host', () => {
  it('sleeps for as long as it was told, never less', async () => {
    const scheduler = new Scheduler()
    const lengths = await Promise.all(
      [0.5, 1, 2.5, 10, 15.1].map(async (ms) => {
        const began = performance.now()
        await scheduler.run(() => running(sleep(ms))).promise
        return performance.now() - began - ms
      }),
    )
    for (const surplus of lengths) expect(surplus).toBeGreaterThanOrEqual(0)
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, timers: 0 })
  })

  it('sleeps for longer than the platform has timers for without spinning', async () => {
    const scheduler = new Scheduler()
    const task = scheduler.run(() => running(sleep(2 ** 33)))
    await scheduler.run(() => running(sleep(20))).promise
    expect(task.status).toBe('parked')
    expect(scheduler.statistics().resumes).toBeLessThan(5)
    task.cancel()
    await expect(task.promise).rejects.toMatchObject({ code: 'TASK_CANCELLED' })
  })

  const open = new Latch()
  open.open()
  const busy: [string, () => Operation<unknown>][] = [
    ['waits for promises that are kept already', () => until(Promise.resolve())],
    ['runs operations that never park', () => open.wait()],
    ['swallows its cancel', () => new Latch().wait()],
    ['does nothing but checkpoints', () => checkpoint()],
  ]
  const freezeMs = 5_000

  it.each(busy)('lets a setTimeout fire while a coroutine %s', async (name, make) => {
    const scheduler = new Scheduler({ host: defaultHost(() => {}) })
    let fired = 0
    const timer = setInterval(() => {
      fired += 1
    }, 1)
    const task = scheduler.run(() => looping(make, () => fired >= 3))
    if (name === 'swallows its cancel') task.cancel()
    await task.promise
    clearInterval(timer)
    expect(fired).toBeGreaterThanOrEqual(3)
  })

  it.each(busy.slice(0, -1))('wakes the sleepers while a coroutine %s', async (name, make) => {
    const scheduler = new Scheduler({ host: defaultHost(() => {}) })
    let woken = 0
    const task = scheduler.run(() => looping(make, () => woken >= 3))
    if (name === 'swallows its cancel') task.cancel()
    scheduler.run(function* () {
      for (; woken < 3; woken += 1) yield* sleep(2)
    })
    await task.promise
    expect(woken).toBe(3)
  })

  function* looping(make: () => Operation<unknown>, isOver: () => boolean): Coroutine<void> {
    // The bound makes a failure of a freeze.
    for (const began = performance.now(); !isOver() && performance.now() - began < freezeMs; ) {
      try {
        yield* make()
      } catch {}
    }
  }

  it('says on the console what fails with nobody looking', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    const failure = new Error('unseen')
    new Scheduler().run(function* () {
      throw failure
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(error).toHaveBeenCalledExactlyOnceWith(expect.any(String), failure)
  })
})

describe('a process', () => {
  const imports = `import { Latch, moveOn, run, select, sleep, after, until } from '${runtimeUrl()}';`

  it.each([
    [
      'cancelled its only sleeper',
      'const t = run(function* () { yield* sleep(60_000) }); setTimeout(() => t.cancel(), 5)',
    ],
    ['was done before its time-out', 'run(function* () { yield* moveOn(60_000, function* () { yield* sleep(5) }) })'],
    ['left a timer behind in a select', 'run(function* () { yield* select({ a: after(60_000), b: after(5) }) })'],
    ['has only coroutines that nothing can wake', 'run(function* () { yield* new Latch().wait() })'],
    ['waits for a promise that nobody will keep', 'run(function* () { yield* until(new Promise(() => {})) })'],
  ])('exits when it %s', async (_, program) => {
    const { code, seconds, output } = await runNode(`${imports}\n${program}`)
    expect({ code, output }).toEqual({ code: 0, output: '' })
    expect(seconds).toBeLessThan(30)
  })

  it('stays while a coroutine sleeps, and until it is done', async () => {
    const { code, output } = await runNode(
      `${imports}\nrun(function* () { yield* sleep(20); process.stdout.write('awake') })`,
    )
    expect({ code, output }).toEqual({ code: 0, output: 'awake' })
  })
})

describe('importing the runtime', () => {
  it.each(['index.ts', 'testing/index.ts'])('asks nothing of the platform and starts nothing: %s', async (file) => {
    const url = new URL(file, pathToFileURL(runtimeUrl())).href
    const { output } = await runNode(`
      const asked = []
      for (const name of ['queueMicrotask', 'setTimeout', 'setImmediate', 'MessageChannel', 'AbortController', 'Promise']) {
        globalThis[name] = new Proxy(globalThis[name], {
          apply: (target, self, args) => (asked.push(name), Reflect.apply(target, self, args)),
          construct: (target, args) => (asked.push(name), Reflect.construct(target, args)),
        })
      }
      const { now } = performance
      performance.now = () => (asked.push('now'), now.call(performance))
      const before = Object.keys(globalThis).length
      await import('${url}')
      process.stdout.write(JSON.stringify({ asked, globals: Object.keys(globalThis).length - before }))
    `)
    expect(JSON.parse(output)).toEqual({ asked: [], globals: 0 })
  })
})

async function runNode(program: string): Promise<{ code: number; seconds: number; output: string }> {
  const began = performance.now()
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { timeout: 60_000 })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text))
  const [code] = await once(child, 'close')
  return { code, seconds: (performance.now() - began) / 1_000, output }
}

function runtimeUrl(): string {
  return fileURLToPath(new URL('../../../runtime/index.ts', import.meta.url))
}

function* running<T>(operation: Operation<T>): Coroutine<T> {
  return yield* operation
}
