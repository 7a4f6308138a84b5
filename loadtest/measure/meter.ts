// The meter: what the server and the load generators use, over a stretch of time and over the whole scenario.
//
// The load test's own process is always one of the generators. Of several, the one whose busiest thread was busiest is told:
// if that one had time left, none of them held the server back.

import { nowMs } from './clock.ts'
import { type ProcessUse, readFamily, readProcess, useBetween } from './process-reading.ts'

/** Uses are undefined on systems without /proc. */
export interface Use {
  readonly wallMs: number
  readonly server: ProcessUse | undefined
  readonly generator: ProcessUse | undefined
}

interface Stretch {
  end(): Use
}

/** What the plots over time show. Shares are of one core. */
export interface Samples {
  readonly seconds: number[]
  readonly serverShare: number[]
  readonly generatorShare: number[]
  readonly residentMegabytes: number[]
}

const sampleMs = 250

export class Meter implements Disposable {
  readonly samples: Samples = { seconds: [], serverShare: [], generatorShare: [], residentMegabytes: [] }
  readonly #serverPid: number
  readonly #generatorPids = [process.pid]
  readonly #startMs = nowMs()
  readonly #timer: NodeJS.Timeout
  #sinceLastSample: Stretch

  constructor(serverPid: number) {
    this.#serverPid = serverPid
    this.#sinceLastSample = this.begin()
    this.#timer = setInterval(() => this.#sample(), sampleMs)
  }

  addGenerator(pid: number): void {
    this.#generatorPids.push(pid)
  }

  begin(): Stretch {
    const startMs = nowMs()
    const server = readFamily(this.#serverPid)
    const generators = this.#generatorPids.map((pid) => [pid, readProcess(pid)] as const)
    return {
      end: () => {
        const wallMs = nowMs() - startMs
        const uses = generators.flatMap(([pid, before]) => useBetween(before, readProcess(pid), wallMs) ?? [])
        const generator = uses.toSorted((a, b) => b.busiestThreadShare - a.busiestThreadShare)[0]
        return { wallMs, server: useBetween(server, readFamily(this.#serverPid), wallMs), generator }
      },
    }
  }

  /** VmRSS of the server now. */
  get serverBytes(): number | undefined {
    return readFamily(this.#serverPid)?.residentBytes
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #sample(): void {
    const { server, generator } = this.#sinceLastSample.end()
    this.#sinceLastSample = this.begin()
    if (server === undefined || generator === undefined) return
    this.samples.seconds.push((nowMs() - this.#startMs) / 1e3)
    this.samples.serverShare.push(server.cpuShare)
    this.samples.generatorShare.push(generator.busiestThreadShare)
    this.samples.residentMegabytes.push(server.residentBytes / 2 ** 20)
  }
}
