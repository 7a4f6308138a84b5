// The server under load, in a process of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import process from 'node:process'
import { EnckeControl } from '../client/encke-control.ts'
import { adopt, end } from './child.ts'
import type { Subject } from './subject.ts'

const startMs = 20_000
const stopMs = 10_000
/** Enough to see what it complains of. */
const keptCharacters = 4_000

export class ServerProcess implements AsyncDisposable {
  readonly pid: number
  readonly subject: Subject
  origin = ''
  /** Where messages are published. */
  publishOrigin = ''
  control!: EnckeControl
  readonly #child: ChildProcess
  #errors = ''
  #wasAsked = false
  #hadEnded = false

  private constructor(child: ChildProcess, subject: Subject) {
    this.pid = child.pid!
    this.#child = child
    this.subject = subject
    child.stderr?.on('data', (chunk) => {
      this.#errors = (this.#errors + chunk).slice(0, keptCharacters)
    })
  }

  /**
   * Start it and wait until it has said where it listens.
   *
   * @param variables beside those of the subject
   * @throws Error when it ends instead, or says nothing for twenty seconds
   */
  static async start(subject: Subject, variables: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const [program, ...flags] = subject.command
    const child = spawn(program, flags, {
      cwd: subject.folder,
      env: { ...withoutOurs(process.env), ...subject.variables, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    adopt(child, subject.lastSignal)
    const server = new ServerProcess(child, subject)
    try {
      await server.#listening()
      return server
    } catch (error) {
      await end(child, 0)
      throw error
    }
  }

  /** What it has written on its standard error: every line is a warning or worse. */
  get complaints(): string {
    return this.#errors.trim()
  }

  /** Of its own accord. */
  get hasEnded(): boolean {
    return this.#wasAsked ? this.#hadEnded : this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hadEnded = this.hasEnded
    this.#wasAsked = true
    await this.control[Symbol.asyncDispose]()
    await end(this.#child, stopMs)
  }

  async #listening(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const fail = (what: string) => reject(new Error(`${what}: ${this.#errors}`))
    const timer = setTimeout(() => fail('the server has not said where it listens'), startMs)
    this.#child.once('error', reject)
    this.#child.once('exit', (code) => fail(`the server ended with ${code} instead of listening`))
    let printed = ''
    this.#child.stdout?.on('data', (chunk) => {
      printed += chunk
      const [, origin, publishOrigin = origin] = this.subject.banner.exec(printed) ?? []
      if (origin === undefined || this.origin !== '') return
      this.origin = origin
      this.publishOrigin = publishOrigin!
      this.control = new EnckeControl(origin, this.subject.adminToken)
      resolve()
    })
    await promise.finally(() => clearTimeout(timer))
  }
}

/** What configures a server of the user's own is not for this one. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(ENCKE_|NODE_OPTIONS$)/.test(name)))
}
