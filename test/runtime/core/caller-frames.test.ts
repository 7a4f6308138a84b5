import { describe, expect, it } from 'vitest'
import type { Coroutine } from '../../../runtime/index.ts'
import { isCancelled, scope, sleep, timeout, VirtualHost } from '../../../runtime/index.ts'

function* inner(): Coroutine<void> {
  yield* sleep(1)
  throw new Error('on purpose')
}

function* middle(): Coroutine<void> {
  yield* timeout(5, inner)
}

function* outer(): Coroutine<void> {
  yield* scope(() => middle())
}

/** The functions of this file on the stack of what `outer` fails of, innermost first. */
async function functionsOn(debug: boolean): Promise<string[]> {
  const host = new VirtualHost()
  const task = host.scheduler({ debug }).run(outer)
  const failed = task.promise.catch((error: Error) => error.stack ?? '')
  host.finish()
  const frames = String(await failed).split('\n')
  const here = frames.filter((frame) => frame.includes('caller-frames.test.ts'))
  return here.flatMap((frame) => /at (?:\w+\.)?(inner|middle|outer)\b/.exec(frame)?.[1] ?? [])
}

describe('an error that leaves a scope', () => {
  it('has the frames of those who called for the scope in debug mode', async () => {
    expect(await functionsOn(true)).toEqual(['inner', 'middle', 'outer'])
  })

  it('has its own otherwise: they cost a stack for each scope', async () => {
    expect(await functionsOn(false)).toEqual(['inner'])
  })

  it('gets no longer by leaving the same scope again and again', async () => {
    const failure = new Error('one for all')
    const lengths = new Set<number | undefined>()
    const host = new VirtualHost()
    host.scheduler({ debug: true }).run(function* () {
      for (let round = 0; round < 100; round += 1) {
        try {
          yield* scope(throwing)
        } catch (error) {
          lengths.add((error as Error).stack?.length)
        }
      }
    })
    host.finish()
    expect(lengths.size).toBe(1)

    function* throwing(): Coroutine<void> {
      throw failure
    }
  })

  it('is left as it is if it is a cancel, which many share, or no error at all', () => {
    const host = new VirtualHost()
    const thrown: unknown[] = []
    host.scheduler({ debug: true }).run(function* () {
      try {
        yield* scope(function* () {
          throw 'text'
        })
      } catch (error) {
        thrown.push(error)
      }
      try {
        yield* timeout(1, () => passing(thrown))
      } catch {}
    })
    host.finish()
    expect(thrown[0]).toBe('text')
    expect(isCancelled(thrown[1])).toBe(true)
    expect((thrown[1] as Error).stack).not.toContain('in a scope that was opened')

    function* passing(into: unknown[]): Coroutine<void> {
      yield* scope(function* () {
        try {
          yield* sleep(10)
        } catch (error) {
          into.push(error)
          throw error
        }
      })
    }
  })
})
