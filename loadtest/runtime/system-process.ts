// A system at work, in a process of its own: an order goes to it as a line of words, its answer comes back as a line of JSON.
//
// Always true: at most one order is under way; and once the process has ended, or was ended, every order fails.

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { peakBytesOf } from '../measure/process-reading.ts'
import { adopt, end } from '../processes/child.ts'
import type { Command } from './systems.ts'

const startLimitMs = 30_000
/** Enough to see what it complains of. */
const keptCharacters = 2_000
/** What configures a Node, Go or Erlang of the user's own is not for these. */
const configuring = /^(NODE_OPTIONS|GOGC|GOMAXPROCS|GOMEMLIMIT|ERL_.*FLAGS)$/

export class SystemProcess implements AsyncDisposable {
  /** What it says it is: name and versions. */
  system = ''
  readonly #child: ChildProcess
  #complaints = ''
  #awaiting: PromiseWithResolvers<string> | undefined
  #ended: Error | undefined

  private constructor(child: ChildProcess) {
    this.#child = child
    createInterface({ input: child.stdout! }).on('line', (line) => this.#awaiting?.resolve(line))
    child.stderr!.on('data', (chunk) => {
      this.#complaints = (this.#complaints + chunk).slice(-keptCharacters)
    })
    // One that has ended cannot be written to; that it has ended is what the order is told.
    child.stdin!.on('error', () => {})
    child.once('error', (error) => this.#fail(error))
    child.once('close', (code, signal) => {
      this.#fail(new Error(`it ended with ${signal ?? code}: ${this.#complaints.trim() || 'it had nothing to say'}`))
    })
  }

  /** Start it and wait until it has said what it is. @throws Error when it ends instead, or says nothing for 30 s */
  static async start({ program, words, variables }: Command): Promise<SystemProcess> {
    const inherited = Object.entries(process.env).filter(([name]) => !configuring.test(name))
    const child = spawn(program, words, { env: { ...Object.fromEntries(inherited), ...variables }, stdio: 'pipe' })
    adopt(child)
    const started = new SystemProcess(child)
    try {
      started.system = (JSON.parse(await started.#next(startLimitMs)) as { system: string }).system
      return started
    } catch (error) {
      // What could not be started never ends.
      if (child.pid !== undefined) await end(child, 0)
      throw error
    }
  }

  /** Give an order. @throws Error when it answers with one, ends, or takes longer than `limitMs`: then it is ended */
  async order<Answer>(words: readonly (string | number)[], limitMs: number): Promise<Answer> {
    const answer = this.#next(limitMs)
    this.#child.stdin?.write(`${words.join(' ')}\n`)
    const reply = JSON.parse(await answer) as Answer & { error?: string }
    if (reply.error !== undefined) throw new Error(reply.error)
    return reply
  }

  /** The most memory it has had at a time, in bytes; undefined where there is no /proc, and once it has ended. */
  get peakBytes(): number | undefined {
    return peakBytesOf(this.#child.pid)
  }

  /** Nothing has to be tidied up: it is killed, however busy it is. */
  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#child, 0)
  }

  /** The next line that it says. */
  #next(limitMs: number): Promise<string> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    this.#awaiting = Promise.withResolvers<string>()
    const timer = setTimeout(() => {
      this.#fail(new Error(`it took longer than ${limitMs / 1_000} s`))
      this.#child.kill('SIGKILL')
    }, limitMs)
    return this.#awaiting.promise.finally(() => clearTimeout(timer))
  }

  #fail(error: Error): void {
    this.#ended ??= error
    this.#awaiting?.reject(this.#ended)
  }
}
