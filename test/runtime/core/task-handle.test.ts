import { expect, it } from 'vitest'
import type { Task } from '../../../runtime/index.ts'
import { isCancelled, sleep, until } from '../../../runtime/index.ts'
import { host, scheduler } from '../fresh-host.ts'

function start(): Task<number> {
  return scheduler.run(function* () {
    yield* sleep(1)
    return 7
  })
}

it('a task is no promise: the type refuses to await it, and to return it from an async function', async () => {
  const task = start()
  expect('then' in task).toBe(false)
  // @ts-expect-error TS1320: it would give the task itself, at once
  expect(await task).toBe(task)
  expect(task.status).toBe('runnable')
  // @ts-expect-error TS1058: so would the promise of an async function
  async function given() {
    return task
  }
  expect(await given()).toBe(task)
  expect(() => until(task)).toThrow(TypeError)
  host.finish()
  expect(await task.promise).toBe(7)
})

it('isCancelled knows the cancel on its way, also beside what a disposal has thrown, and nothing else', () => {
  const seen: [string, boolean][] = []
  const task = scheduler.run(function* () {
    try {
      using _ = {
        [Symbol.dispose]: () => {
          throw new Error('while disposing')
        },
      }
      yield* sleep(1_000)
    } catch (error) {
      seen.push([(error as Error).name, isCancelled(error)])
      throw error
    }
  })
  host.settle()
  task.cancel()
  host.settle()
  expect(seen).toEqual([['SuppressedError', true]])
  expect(host.reported.splice(0)).toEqual([new Error('while disposing')])
  expect(task.status).toBe('cancelled')
  for (const other of [new Error('no'), { code: 'CANCELLED' }, undefined, 'cancelled']) {
    expect(isCancelled(other)).toBe(false)
  }
})
