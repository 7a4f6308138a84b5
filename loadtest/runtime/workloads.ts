// What is played: a program, how large, and by which systems. A system that is too slow for a size, or needs more memory for it
// than most machines have, is left out of it, and the table says so.

import type { SystemName } from './systems.ts'

export interface Workload {
  readonly name: string
  readonly title: string
  readonly program: keyof typeof programs
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

const programs = {
  chain: (n: number) => ({ title: `chain of ${count(n)} links`, unit: 'link', units: n, answer: n }),
  hackysack: (players: number, turns: number) => ({
    title: `hackysack, ${count(players)} players × ${count(turns)} turns`,
    unit: 'player and turn',
    units: players + turns,
    answer: turns,
  }),
  'ping-pong': (trips: number) => ({
    title: `ping-pong, ${count(trips)} round trips`,
    unit: 'round trip',
    units: trips,
    answer: 2 * trips,
  }),
  /** There are so many primes up to the limit, which is the largest of them. */
  sieve: (limit: number, primes: number) => ({
    name: `sieve-${primes}`,
    title: `sieve of ${count(primes)} primes`,
    unit: 'prime',
    units: primes,
    answer: limit,
  }),
}

export const workloads: readonly Workload[] = [
  workload('chain', [1_000], all),
  workload('chain', [100_000], all),
  workload('chain', [1_000_000], quickest),
  workload('hackysack', [1_000, 1_000], all),
  workload('hackysack', [10_000, 1_000], all),
  workload('hackysack', [100_000, 1_000], quick),
  workload('hackysack', [1_000_000, 1_000], quickest),
  workload('hackysack', [1_000, 1_000_000], quick),
  workload('ping-pong', [10_000], [...all, 'go-1']),
  workload('ping-pong', [1_000_000], [...quick, 'go-1']),
  workload('sieve', [1_223, 200], all),
  workload('sieve', [17_389, 2_000], quick),
]

/** Of these the first run in a fresh process is measured as well: nothing is compiled yet, and the heap is small. */
export const firstRuns: ReadonlyMap<string, readonly SystemName[]> = new Map([['chain-100000', quickest]])

export const memoryWorkloads: readonly MemoryWorkload[] = [parked(100_000, all), parked(1_000_000, quickest)]

/** For a look at all of it within some minutes: sizes that every system finishes soon. No target is judged by these. */
export const quickNames = ['chain-1000', 'hackysack-1000x1000', 'hackysack-10000x1000', 'ping-pong-10000', 'sieve-200']

function workload(program: Workload['program'], sizes: [number, number?], systems: Workload['systems']): Workload {
  const [size, second = 0] = sizes
  const name = `${program}-${sizes.join('x')}`
  return { name, program, sizes: sizes as number[], systems, ...programs[program](size, second) }
}

function parked(coroutines: number, systems: readonly SystemName[]): MemoryWorkload {
  return { name: `parked-${coroutines}`, title: `${count(coroutines)} coroutines parked`, coroutines, systems }
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}
