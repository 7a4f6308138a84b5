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
  readonly origin: string
  /** Where messages are published. */
  readonly publishOrigin: string
  readonly control: EnckeControl
  readonly #child: ChildProcess
  readonly #complaints: () => string
  #wasAsked = false
  #hadEnded = false

  private constructor(child: ChildProcess, subject: Subject, origins: Origins, complaints: () => string) {
    this.pid = child.pid!
    this.#child = child
    this.subject = subject
    this.origin = origins.origin
    this.publishOrigin = origins.publishOrigin
    this.control = new EnckeControl(this.origin, subject.adminToken)
    this.#complaints = complaints
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
    let errors = ''
    child.stderr.on('data', (chunk) => {
      errors = (errors + chunk).slice(0, keptCharacters)
    })
    try {
      const origins = await said(child, subject.banner, () => errors)
      return new ServerProcess(child, subject, origins, () => errors)
    } catch (error) {
      await end(child, 0)
      throw error
    }
  }

  /** What it has written on its standard error: every line is a warning or worse. */
  get complaints(): string {
    return this.#complaints().trim()
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
}

interface Origins {
  readonly origin: string
  readonly publishOrigin: string
}

function said(child: ChildProcess, banner: RegExp, errors: () => string): Promise<Origins> {
  return new Promise((resolve, reject) => {
    let printed = ''
    const timer = setTimeout(() => reject(new Error(`the server has not said where it listens: ${errors()}`)), startMs)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} instead of listening: ${errors()}`)))
    child.stdout?.on('data', (chunk) => {
      printed += chunk
      const [, origin, publishOrigin = origin] = banner.exec(printed) ?? []
      if (origin === undefined) return
      clearTimeout(timer)
      resolve({ origin, publishOrigin: publishOrigin! })
    })
  })
}

/** Whatever configures the server that somebody runs here is not for this one. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(ENCKE_|NODE_OPTIONS$)/.test(name)))
}
