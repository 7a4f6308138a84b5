import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Coroutine } from '../../../runtime/index.ts'
import { Latch, scope, VirtualHost } from '../../../runtime/index.ts'
import { chain } from '../../../runtime/programs/chain.ts'

describe('in debug mode each coroutine knows where it was spawned', () => {
  it('by file and line, whether it is a root or a child', () => {
    const { host, scheduler } = hosted(true)
    scheduler.run(function* main() {
      yield* scope(function* (s) {
        s.spawn(forever)
        s.spawn(forever)
      })
    })
    host.settle()
    const sites = [...scheduler.coroutines()].map(({ spawnSite }) => spawnSite)
    expect(sites).toEqual([
      lineOf('scheduler.run(function* main'),
      lineOf('s.spawn(forever)', 0),
      lineOf('s.spawn(forever)', 1),
    ])
  })

  it('and a dump says it behind what the coroutine does', () => {
    const { host, scheduler } = hosted(true)
    scheduler.run(forever)
    host.settle()
    scheduler.run(function* second() {})
    expect(scheduler.dump().split('\n')).toEqual([
      `forever#1  parked 0 ms on wait never  (spawned at ${lineOf('scheduler.run(forever)')})`,
      `second#2  runnable  (spawned at ${lineOf('scheduler.run(function* second')})`,
    ])
  })

  it('and a deadlock says it, too', () => {
    const { host, scheduler } = hosted(true, 'reject')
    const task = scheduler.run(stuck)
    const outcome = expect(task.promise).rejects.toThrow(`(spawned at ${lineOf('scheduler.run(stuck)')})`)
    host.finish()
    return outcome
  })

  it('skipping the frames of the runtime, but not those of programs on it', () => {
    const host = new VirtualHost()
    const sites: (string | undefined)[] = []
    const watching = host.scheduler({
      debug: true,
      trace: ({ kind }) => {
        if (kind === 'park') sites.push(...[...watching.coroutines()].map(({ spawnSite }) => spawnSite))
      },
    })
    watching.run(chain, 3)
    host.finish()
    const files = new Set(sites.map((site) => site?.replace(/:\d+$/, '')))
    expect(files).toEqual(
      new Set([import.meta.filename, join(import.meta.dirname, '../../../runtime/programs/chain.ts')]),
    )
  })
})

it('without debug mode nobody pays for it: nothing is noted, and a dump is as ever', () => {
  const { host, scheduler } = hosted(false)
  scheduler.run(forever)
  host.settle()
  expect([...scheduler.coroutines()].map((coroutine) => 'spawnSite' in coroutine)).toEqual([false])
  expect(scheduler.dump()).toBe('forever#1  parked 0 ms on wait never')
})

function hosted(debug: boolean, deadlock: 'ignore' | 'reject' = 'ignore') {
  const host = new VirtualHost()
  return { host, scheduler: host.scheduler({ deadlock, debug }) }
}

function* forever(): Coroutine<void> {
  yield* new Latch('never').wait()
}

function* stuck(): Coroutine<void> {
  yield* new Latch('never').wait()
}

const source = readFileSync(import.meta.filename, 'utf8').split('\n')

/** This file, and the line of the `nth` place in it where `code` stands. */
function lineOf(code: string, nth = 0): string {
  const lines = source.flatMap((line, index) => (line.includes(code) ? [index + 1] : []))
  return `${import.meta.filename}:${lines[nth]}`
}
