// Programs in processes of their own: an exit code is of a process.

import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const top = fileURLToPath(new URL('../..', import.meta.url))

interface Ending {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

async function ending(program: string): Promise<Ending> {
  const code = `import * as runtime from './runtime/index.ts'
    const { Channel, main, run, scope, shield, sleep, until } = runtime
    ${program}`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-'], { cwd: top })
  child.stdin.end(code)
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await ended, out, err }
}

describe('a program', () => {
  it('that ends well prints nothing and exits with 0, and gets its arguments', async () => {
    const program = `main(function* greet(name: string, count: number) {
      yield* sleep(1)
      console.log(name.repeat(count))
    }, 'ab', 2)`
    expect(await ending(program)).toEqual({ code: 0, out: 'abab\n', err: '' })
  })

  it('that fails prints its failure and exits with 1', async () => {
    const { code, err } = await ending(`main(function* () {
      yield* sleep(1)
      throw new TypeError('on purpose')
    })`)
    expect(code).toBe(1)
    expect(err).toMatch(/^TypeError: on purpose\n +at /)
  })

  it('keeps an exit code of its own choice when it fails', async () => {
    const { code } = await ending(`main(function* () {
      process.exitCode = 3
      throw new Error('on purpose')
    })`)
    expect(code).toBe(3)
  })

  it('in deadlock is told so: it cleans up, prints who waits for what, and exits with 1', async () => {
    const { code, out, err } = await ending(`main(function* dinner() {
      const fork = new Channel(0, { name: 'the fork' })
      yield* scope(function* (table) {
        table.spawn(function* philosopher() {
          try {
            yield* fork.receive()
          } finally {
            yield* shield(() => pause(5))
            console.log('left the table')
          }
        })
      })
    })
    function* pause(ms: number) { yield* sleep(ms) }`)
    expect([code, out]).toEqual([1, 'left the table\n'])
    expect(err).toMatch(/^Deadlock: every coroutine is parked/)
    expect(err).toContain('dinner#1 > philosopher#2  parked')
    expect(err).toContain('receive the fork')
  })

  it('that waits for a promise that nothing will settle is in deadlock as well', async () => {
    const { code, err } = await ending(`main(function* () {
      yield* until(new Promise(() => {}))
    })`)
    expect(code).toBe(1)
    expect(err).toContain('a promise')
  })

  it('whose finalizer waits for ever is left where it is, and exits with 1', async () => {
    const { code, err } = await ending(`main(function* () {
      try {
        yield* new Channel().receive()
      } finally {
        yield* shield(function* () { yield* new Channel(0, { name: 'never' }).receive() })
      }
    })`)
    expect(code).toBe(1)
    expect(err).toMatch(/^Deadlock/)
  })

  it('that something outside will wake is not in deadlock', async () => {
    const program = `main(function* () {
      const news = new Channel(1)
      setTimeout(() => news.trySend('from outside'), 20)
      console.log(yield* news.receive())
    })`
    expect(await ending(program)).toEqual({ code: 0, out: 'from outside\n', err: '' })
  })

  it('runs where there is no process', async () => {
    const { err, code } = await ending(`const { process } = globalThis
      delete (globalThis as any).process
      main(function* () {
        throw new Error('on purpose')
      })
      setTimeout(() => { globalThis.process = process }, 20)`)
    expect([code, err.split('\n')[0]]).toEqual([0, 'Error: on purpose'])
  })
})
