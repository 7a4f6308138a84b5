// A load generator, seen from the load test: orders go to its process, answers come back.

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { AnswerEnvelope, Envelope, OrderName, Orders } from '../generator/orders.ts'
import { adopt, end } from './child.ts'

type Settle = { resolve(answer: unknown): void; reject(error: Error): void }

const program = fileURLToPath(new URL('../generator/main.ts', import.meta.url))

export class Generator implements AsyncDisposable {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Settle>()
  #orders = 0

  /** @param flags of Node; none, as a generator has no server to be like */
  constructor(flags: readonly string[] = []) {
    // Arrays of ten thousand numbers are copied as they are, instead of being written out as text.
    this.#child = fork(program, { serialization: 'advanced', execArgv: [...flags] })
    adopt(this.#child)
    this.pid = this.#child.pid!
    this.#child.on('message', (envelope: AnswerEnvelope) => this.#answered(envelope))
    this.#child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the load generator has ended'))
    })
  }

  /** @throws Error when the order could not be carried out */
  order<Name extends OrderName>(name: Name, given: Orders[Name]['given']): Promise<Orders[Name]['answer']> {
    const id = this.#orders++
    const envelope: Envelope<Name> = { id, name, given }
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.send(envelope, (error) => error && reject(error))
    }) as Promise<Orders[Name]['answer']>
  }

  [Symbol.asyncDispose](): Promise<void> {
    return end(this.#child, 1_000)
  }

  #answered(envelope: AnswerEnvelope): void {
    const waiting = this.#waiting.get(envelope.id)
    this.#waiting.delete(envelope.id)
    if ('error' in envelope) waiting?.reject(new Error(envelope.error))
    else waiting?.resolve(envelope.answer)
  }
}
