// What is played: a program, how large, and by which systems. A system that is too slow for a size, or needs more memory for it
// than most machines have, is left out of it, and the table says so.

import type { SystemName } from './systems.ts'

export interface Workload {
  readonly name: string
  readonly title: string
  readonly program: 'chain' | 'hackysack' | 'ping-pong' | 'sieve'
  readonly sizes: readonly number[]
  readonly answer: number
  /** What a run is made of, to compare sizes by what one of them costs. */
  readonly unit: string
  readonly units: number
  readonly systems: readonly SystemName[]
}

/** Coroutines that all wait, each on a channel of its own. */
export interface MemoryWorkload extends Pick<Workload, 'name' | 'title' | 'systems'> {
  readonly coroutines: number
}

const quickest: readonly SystemName[] = ['encke', 'go', 'erlang', 'promises']
const quick: readonly SystemName[] = [...quickest, 'greenlet', 'js-csp']
const all: readonly SystemName[] = [...quick, 'effect', 'effection']

export const workloads: readonly Workload[] = [
  chain(1_000, all),
  chain(100_000, all),
  chain(1_000_000, quickest),
  hackysack(1_000, 1_000, all),
  hackysack(10_000, 1_000, all),
  hackysack(100_000, 1_000, quick),
  hackysack(1_000_000, 1_000, quickest),
  hackysack(1_000, 1_000_000, quick),
  pingPong(10_000, [...all, 'go-1']),
  pingPong(1_000_000, [...quick, 'go-1']),
  sieve(1_223, 200, all),
  sieve(17_389, 2_000, quick),
]

/** Of these the first run in a fresh process is measured as well: nothing is compiled yet, and the heap is small. */
export const firstRuns: ReadonlyMap<string, readonly SystemName[]> = new Map([['chain-100000', quickest]])

export const memoryWorkloads: readonly MemoryWorkload[] = [parked(100_000, all), parked(1_000_000, quickest)]

/** For a look at all of it within some minutes: sizes that every system finishes soon. No target is judged by these. */
export const quickNames: readonly string[] = [
  'chain-1000',
  'hackysack-1000x1000',
  'hackysack-10000x1000',
  'ping-pong-10000',
  'sieve-200',
]

function chain(n: number, systems: readonly SystemName[]): Workload {
  const title = `chain of ${count(n)} links`
  return { name: `chain-${n}`, title, program: 'chain', sizes: [n], answer: n, unit: 'link', units: n, systems }
}

function hackysack(players: number, turns: number, systems: readonly SystemName[]): Workload {
  return {
    name: `hackysack-${players}x${turns}`,
    title: `hackysack, ${count(players)} players × ${count(turns)} turns`,
    program: 'hackysack',
    sizes: [players, turns],
    answer: turns,
    unit: 'player and turn',
    units: players + turns,
    systems,
  }
}

function pingPong(trips: number, systems: readonly SystemName[]): Workload {
  const [name, title] = [`ping-pong-${trips}`, `ping-pong, ${count(trips)} round trips`]
  return {
    name,
    title,
    program: 'ping-pong',
    sizes: [trips],
    answer: 2 * trips,
    unit: 'round trip',
    units: trips,
    systems,
  }
}

/** @param primes how many there are up to `limit`, which is the largest of them */
function sieve(limit: number, primes: number, systems: readonly SystemName[]): Workload {
  const [name, title] = [`sieve-${primes}`, `sieve of ${count(primes)} primes`]
  return { name, title, program: 'sieve', sizes: [limit, primes], answer: limit, unit: 'prime', units: primes, systems }
}

function parked(coroutines: number, systems: readonly SystemName[]): MemoryWorkload {
  return { name: `parked-${coroutines}`, title: `${count(coroutines)} coroutines parked`, coroutines, systems }
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}
