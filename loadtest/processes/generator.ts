// A load generator, seen from the load test: orders go to its process, answers come back.

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Envelope, Orders } from '../generator/main.ts'
import { adopt, end } from './child.ts'

const program = fileURLToPath(new URL('../generator/main.ts', import.meta.url))

export class Generator implements AsyncDisposable {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #orders = 0

  /** @param flags of Node; none, as a generator has no server to be like */
  constructor(flags: readonly string[] = []) {
    // Arrays of ten thousand numbers are copied as they are, instead of being written out as text.
    this.#child = fork(program, { serialization: 'advanced', execArgv: [...flags] })
    adopt(this.#child)
    this.pid = this.#child.pid!
    this.#child.on('message', ({ id, answer, error }: { id: number; answer?: unknown; error?: string }) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(answer)
      else waiting?.reject(new Error(error))
    })
    this.#child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the load generator has ended'))
    })
  }

  /** @throws Error when the order could not be carried out */
  order<Name extends keyof Orders>(name: Name, ...given: Parameters<Orders[Name]>) {
    const waiting = Promise.withResolvers<unknown>()
    const envelope: Envelope = { id: this.#orders++, name, given }
    this.#waiting.set(envelope.id, waiting)
    this.#child.send(envelope, (error) => error && waiting.reject(error))
    return waiting.promise as Promise<Awaited<ReturnType<Orders[Name]>>>
  }

  [Symbol.asyncDispose](): Promise<void> {
    return end(this.#child, 1_000)
  }
}
