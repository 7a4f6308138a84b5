// `npm run faults`: puts each fault into a copy of the runtime and has the explorer look for it.
//
// What is printed for each is the seed that found it. It fails when a fault survives, when what it replaces is not there
// exactly once, and when the explorer finds something in the source as it is. `--help` says what can be asked for. However
// it ends, the explorer that it has started ends first, and then its copy goes.

import { constants } from 'node:os'
import process from 'node:process'
import { UsageError } from '../runtime/explore/command-line.ts'
import { Copy } from './copy.ts'
import { type Effort, examined, explored, inWords, isFound } from './examination.ts'
import { type Fault, faults } from './faults.ts'
import { list, readCommand, usage } from './flags.ts'

type Ending = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE'

const interruption = new AbortController()
const interrupted = interruption.signal
const unchanged: Effort = { seed: 1, programs: 3_000, limitMs: 120_000, interrupted }
/** Most faults are found within a few dozen programs; one that is still there after so many has survived. */
const faulty: Effort = { seed: 1, programs: 10_000, limitMs: 60_000, interrupted }

try {
  const command = readCommand(process.argv.slice(2), faults)
  if (command.kind === 'help') process.stdout.write(usage)
  else if (command.kind === 'list') process.stdout.write(list(command.wanted))
  else await lookForAll(command.wanted)
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`faults: ${error.message}\n`)
    process.exitCode = 2
  } else if (interrupted.aborted) {
    process.stderr.write('faults: interrupted; the explorer has ended, and the copy is gone\n')
    process.exitCode = codeOf(interrupted.reason)
  } else throw error
}

async function lookForAll(wanted: readonly Fault[]): Promise<void> {
  interruptOnSignals()
  using copy = new Copy()
  const startedAt = performance.now()
  const isWell = await isNothingFoundUnchanged(copy)
  let failures = isWell ? 0 : 1
  for (const fault of wanted) if (!(await isFoundIn(copy, fault))) failures += 1
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0)
  const looked = wanted.length === 1 ? '1 fault' : `${wanted.length} faults`
  say(`${looked}, ${failures === 0 ? 'all found' : `${failures} failures`}, in ${seconds} s`)
  if (failures > 0) process.exitCode = 1
}

async function isNothingFoundUnchanged(copy: Copy): Promise<boolean> {
  const verdict = await explored(copy, unchanged)
  say(`the source as it is: ${inWords(verdict)}`)
  return verdict.kind === 'survived'
}

async function isFoundIn(copy: Copy, fault: Fault): Promise<boolean> {
  const verdict = await examined(copy, fault, faulty)
  const found = isFound(fault, verdict)
  say(`${found ? 'found' : 'NOT FOUND'}  ${fault.name}\n       ${inWords(verdict)}`)
  return found
}

/** A reader that has seen enough (`| head`) ends it as well. */
function interruptOnSignals(): void {
  const end = (by: Ending) => interruption.abort(by)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
  process.stdout.on('error', () => end('SIGPIPE'))
}

/** What a shell gives for a program that a signal has ended. */
function codeOf(signal: Ending): number {
  return 128 + constants.signals[signal]
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
