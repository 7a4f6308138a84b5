// The end of a peer's process that answers: a line of words comes in on standard input, a line of JSON goes out.
//
//   run <times> <program> <size> …    plays a program so many times in a row: { wallMs, answer }, the wall time of all of them
//   collect                           collects garbage: {}
//   park <coroutines>                 what coroutines take that all wait on a channel of their own: { bytes }
//
// The first line says who answers: { system }. An order that fails is answered with { error }. Peers in other languages do
// the same in theirs.

import { createInterface } from 'node:readline'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { check } from './programs.js'

export interface Programs {
  chain(n: number): Promise<number> | number
  hackysack(players: number, turns: number): Promise<number> | number
  'ping-pong'(roundTrips: number): Promise<number> | number
  /** Gives the largest prime up to `limit`; there are `primes` of them. */
  sieve(limit: number, primes: number): Promise<number> | number
  /** Park them, call `whileParked` once all of them wait, let them go, and give how many have received a value. */
  park(coroutines: number, whileParked: () => void): Promise<number> | number
}

type ProgramName = Exclude<keyof Programs, 'park'>

export async function answerOrders(system: string, programs: Programs): Promise<void> {
  say({ system: `${system}, Node ${process.versions.node}` })
  for await (const line of createInterface({ input: process.stdin })) {
    say(await answer(programs, line.split(' ')).catch((error: Error) => ({ error: error.message })))
  }
}

async function answer(programs: Programs, [order, ...words]: readonly string[]): Promise<unknown> {
  if (order === 'run') return play(programs, Number(words[0]), words[1] as ProgramName, words.slice(2).map(Number))
  if (order === 'park') return measureParked(programs, Number(words[0]))
  if (order !== 'collect') throw new Error(`there are the orders run, collect and park (got ${order})`)
  collect()
  return {}
}

async function play(programs: Programs, times: number, name: ProgramName, sizes: number[]): Promise<unknown> {
  if (!Object.hasOwn(programs, name)) throw new Error(`${name} is not among ${Object.keys(programs).join(', ')}`)
  const program = programs[name] as (...sizes: number[]) => Promise<number> | number
  const begin = process.hrtime.bigint()
  let answer = 0
  for (let time = 0; time < times; time += 1) answer = await program(...sizes)
  return { wallMs: Number(process.hrtime.bigint() - begin) / 1e6, answer }
}

async function measureParked(programs: Programs, coroutines: number): Promise<unknown> {
  let bytes = Number.NaN
  collect()
  const before = getHeapStatistics().used_heap_size
  const received = await programs.park(coroutines, () => {
    collect()
    bytes = getHeapStatistics().used_heap_size - before
  })
  check('the values received', received, coroutines)
  return { bytes }
}

let gc: (() => void) | undefined

/** Only a process that is asked to collect gets the flag for it: others run with exactly the flags that they were given. */
function collect(): void {
  if (gc === undefined) {
    setFlagsFromString('--expose-gc')
    gc = runInNewContext('gc') as () => void
  }
  gc()
}

function say(reply: unknown): void {
  process.stdout.write(`${JSON.stringify(reply)}\n`)
}
