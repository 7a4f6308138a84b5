// `npm run faults`: puts each fault into a copy of the runtime and has the explorer look for it.
//
// What is printed for each is the seed that found it. It fails when a fault survives, when what it replaces is not there
// exactly once, and when the explorer finds something in the source as it is.

import { Copy } from './copy.ts'
import { type Effort, examined, explored, inWords, isFound } from './examination.ts'
import { faults } from './faults.ts'

const unchanged: Effort = { seed: 1, programs: 3_000, limitMs: 120_000 }
/** Most faults are found within a few dozen programs; one that is still there after so many has survived. */
const faulty: Effort = { seed: 1, programs: 10_000, limitMs: 60_000 }

using copy = new Copy()
const startedAt = performance.now()
let failures = 0

const verdict = await explored(copy, unchanged)
if (verdict.kind !== 'survived') failures += 1
say(`the source as it is: ${inWords(verdict)}`)

for (const fault of faults) {
  const found = await examined(copy, fault, faulty)
  if (!isFound(fault, found)) failures += 1
  say(`${isFound(fault, found) ? 'found' : 'NOT FOUND'}  ${fault.name}\n       ${inWords(found)}`)
}

const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0)
say(`${faults.length} faults, ${failures === 0 ? 'all found' : `${failures} failures`}, in ${seconds} s`)
if (failures > 0) process.exitCode = 1

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
