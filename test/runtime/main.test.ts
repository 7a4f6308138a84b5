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

/** Each time it prints that it is ready, it gets the next of the signals. */
async function ending(program: string, ...signals: NodeJS.Signals[]): Promise<Ending> {
  const code = `import * as runtime from './runtime/index.ts'
    const { Channel, main, run, scope, shield, sleep, until } = runtime
    ${program}`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-'], { cwd: top })
  child.stdin.end(code)
  child.stdout.on('data', (printed: Buffer) => {
    for (const _ of printed.toString().matchAll(/^ready$/gm)) child.kill(signals.shift())
  })
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

describe('a program that a signal interrupts', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'cleans up, and ends with what a shell gives for %s, whatever else keeps its process',
    async (name, code) => {
      const program = `setInterval(() => {}, 1_000)
    main(function* () {
      yield* scope(function* (family) {
        family.defer(function* () {
          yield* sleep(5)
          console.log('deferred')
        })
        try {
          console.log('ready')
          yield* sleep(1_000_000)
        } catch (error) {
          console.log(error.reason)
          throw error
        }
      })
    })`
      expect(await ending(program, name)).toEqual({ code, out: `ready\n${name}\ndeferred\n`, err: '' })
    },
  )

  it('is ended at once by a second signal, also when it would clean up for ever', async () => {
    const program = `setInterval(() => {}, 1_000)
    main(function* () {
      yield* scope(function* (family) {
        family.defer(function* () {
          console.log('ready')
          yield* new Channel().receive()
        }, { limitMs: Infinity })
        console.log('ready')
        yield* new Channel().receive()
      })
    })`
    expect(await ending(program, 'SIGTERM', 'SIGINT')).toEqual({ code: 130, out: 'ready\nready\n', err: '' })
  })

  it('ends with 0 when it has taken the cancel for a request and returned', async () => {
    const program = `setInterval(() => {}, 1_000)
    main(function* () {
      try {
        console.log('ready')
        yield* new Channel().receive()
      } catch {}
    })`
    expect(await ending(program, 'SIGTERM')).toEqual({ code: 0, out: 'ready\n', err: '' })
  })

  it('ends with 1 and says why when cleaning up fails', async () => {
    const { code, err } = await ending(
      `main(function* () {
        try {
          console.log('ready')
          yield* sleep(1_000_000)
        } finally {
          throw new Error('on purpose')
        }
      })`,
      'SIGINT',
    )
    expect([code, err.split('\n')[0]]).toEqual([1, 'Error: on purpose'])
  })

  it('leaves the end of the process to others who listen for the signal', async () => {
    const program = `main(function* () {
      process.on('SIGTERM', () => {
        setTimeout(() => {
          console.log('theirs')
          process.exit(7)
        }, 20)
      })
      console.log('ready')
      yield* sleep(1_000_000)
    })`
    expect(await ending(program, 'SIGTERM')).toEqual({ code: 7, out: 'ready\ntheirs\n', err: '' })
  })
})
