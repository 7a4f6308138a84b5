// `npm run explore`: random programs under random schedules, on the runtime and on the reference model at once; and then
// small ones, under all the schedules that each of them has. `--help` says what can be asked for.

import process from 'node:process'
import { inspect } from 'node:util'
import { UsageError } from './command-line.ts'
import { type Flags, readCommand, usage } from './flags.ts'
import { batchSize, type Extent, exploreRandomPrograms, type Found, type Progress } from './random-programs.ts'

const batchesPerLine = 10
const startedAt = performance.now()

try {
  const command = readCommand(process.argv.slice(2))
  if (command.kind === 'help') process.stdout.write(usage)
  else exploreAll(command.flags)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`explore: ${error.message}\n`)
  process.exitCode = 2
}

function exploreAll({ programs, schedules, small, seed = Date.now() % 1_000_000_000, asFound }: Flags): void {
  say(`${count(programs)} programs, ${schedules} schedules each, and ${count(small)} small ones, from seed ${seed}`)
  const isWell =
    explored({ programs, schedules, seed, asFound }) && explored({ programs: small, schedules: 'all', seed, asFound })
  say(isWell ? 'nothing found' : 'something found')
  if (!isWell) process.exitCode = 1
}

function explored(extent: Extent): boolean {
  if (extent.programs === 0) return true
  let batches = 0
  const outcome = exploreRandomPrograms(extent, (progress) => {
    batches += 1
    if (batches % batchesPerLine === 0) say(inWords(progress))
  })
  say(inWords(outcome))
  if (outcome.found !== null) tellOf(outcome.found, extent, outcome.programs)
  return outcome.found === null
}

function tellOf({ seed, program, error }: Found, { schedules, asFound }: Extent, well: number): void {
  const size =
    schedules === 'all'
      ? `--programs 0 --small ${batchSize}`
      : `--programs ${batchSize} --small 0 --schedules ${schedules}`
  say(`found with seed ${seed}, in program ${count((well % batchSize) + 1)}`)
  say(`npm run explore -- --seed ${seed} ${size} finds it again`)
  say(`${asFound ? 'a' : 'the smallest'} program that fails: ${inspect(program, { depth: null, breakLength: 120 })}`)
  say(error.message)
}

function inWords(progress: Progress): string {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  const all = progress.complete === 0 ? '' : ` (all there are, of ${count(progress.complete)} programs)`
  return [
    `${count(progress.programs)} programs`,
    `${count(progress.schedules)} schedules${all}`,
    `${count(progress.steps)} steps`,
    `${seconds} s`,
  ].join(', ')
}

function count(amount: number): string {
  return amount.toLocaleString('en')
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
