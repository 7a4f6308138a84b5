// `npm run explore`: random programs under random schedules, on the runtime and on the reference model at once; and then
// small ones, under all the schedules that each of them has.
//
//   --programs 100000   how many programs
//   --schedules 3       under how many schedules each
//   --small 1000        how many small programs; 0 leaves them out
//   --seed 1            where to start; left out, it is drawn and printed
//   --as-found          do not look for a smaller program than the one that failed

import { inspect, parseArgs } from 'node:util'
import { batchSize, type Extent, exploreRandomPrograms, type Found, type Progress } from './random-programs.ts'

const batchesPerLine = 10

const { values } = parseArgs({
  options: {
    programs: { type: 'string', default: '100000' },
    schedules: { type: 'string', default: '3' },
    small: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    'as-found': { type: 'boolean', default: false },
  },
})
const programs = wholeNumber('programs')
const schedules = wholeNumber('schedules')
const small = wholeNumber('small')
const seed = wholeNumber('seed')
const asFound = values['as-found']
const startedAt = performance.now()

say(`${count(programs)} programs, ${schedules} schedules each, and ${count(small)} small ones, from seed ${seed}`)
const isWell =
  explored({ programs, schedules, seed, asFound }) && explored({ programs: small, schedules: 'all', seed, asFound })
say(isWell ? 'nothing found' : 'something found')
if (!isWell) process.exitCode = 1

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

function tellOf({ seed: found, program, error }: Found, extent: Extent, well: number): void {
  const size = extent.schedules === 'all' ? `--programs 0 --small ${batchSize}` : `--programs ${batchSize}`
  say(`found with seed ${found}, in program ${count((well % batchSize) + 1)}`)
  say(`npm run explore -- --seed ${found} ${size} --schedules ${schedules} finds it again`)
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

function wholeNumber(name: 'programs' | 'schedules' | 'small' | 'seed'): number {
  const number = Number(values[name])
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new RangeError(`--${name} takes a whole number (got "${values[name]}")`)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
