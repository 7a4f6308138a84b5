// Debug mode tells of a forgotten yield* also where what was made is more than one operation.

import { expect, it } from 'vitest'
import type { Operation } from '../../runtime/index.ts'
import {
  all,
  any,
  atMost,
  Channel,
  Deferred,
  forEach,
  Mutex,
  map,
  merge,
  race,
  retry,
  scope,
} from '../../runtime/index.ts'
import { host } from './fresh-host.ts'

const nothing = function* () {}

it.each<[string, () => Operation<unknown>]>([
  ['acquire', () => new Mutex().acquire()],
  ['vacancy', () => new Mutex().vacancy()],
  ['wait', () => new Deferred<number>().wait()],
  ['all', () => all([nothing])],
  ['race', () => race([nothing])],
  ['any', () => any([nothing])],
  ['map', () => map([1], nothing)],
  ['retry', () => retry(nothing)],
  ['forEach', () => forEach(new Channel<number>(), nothing)],
  ['forEach, several at once', () => forEach(new Channel<number>(), nothing, { atMost: 2 })],
  ['next of what is merged', () => merge(new Channel<number>()).next()],
])('%s', (_name, forgotten) => {
  host.scheduler({ debug: true }).run(function* forgetful() {
    forgotten()
  })
  host.settle()
  expect(host.reported.splice(0)).toEqual([
    expect.objectContaining({ code: 'MISUSE', message: expect.stringContaining('a forgotten yield*?') }),
  ])
})

it('room', () => {
  host.scheduler({ debug: true }).run(function* forgetful() {
    yield* scope(function* (family) {
      atMost(1, family).room()
    })
  })
  host.settle()
  expect(host.reported.splice(0)).toHaveLength(1)
})
