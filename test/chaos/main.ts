// `npm run chaos`: three nodes on one Redis, a crowd, and everything that can go wrong. See docs/operations.md.
//
// It prints its seed, a table of how long each fault was felt, and what the checker says; it fails when a reader missed an
// acknowledged message, heard one twice or slept too long. `--help` says what can be asked for.

import process from 'node:process'
import { parseArgs } from 'node:util'
import { redisIsMissing } from '../server/brokers/redis-server.ts'
import { faults } from './faults.ts'
import { play } from './play.ts'
import { reportOf } from './report.ts'

const usage = `npm run chaos -- [options]
  --seed <number>      which node is hit, and when; default: a random one, which is printed
  --readers <number>   default 500, of 50 topics
  --only <text>        only faults whose name or kind (single, sentinel, cluster) has this text
  --list               the faults
`

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    readers: { type: 'string', default: '500' },
    only: { type: 'string', default: '' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const wanted = faults.filter(({ name, kind }) => name.includes(values.only) || kind === values.only)

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

if (values.help) process.stdout.write(usage)
else if (values.list) for (const { kind, name } of faults) process.stdout.write(`${kind}: ${name}\n`)
else if (redisIsMissing !== undefined) stop(redisIsMissing)
else if (wanted.length === 0) stop(`no fault has "${values.only}" in its name; --list shows them`)
else await playAll()

async function playAll(): Promise<void> {
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
  const readers = Number(values.readers)
  process.stdout.write(`seed ${seed}, ${readers} readers of 50 topics, 3 nodes, 10 publishers\n`)
  const size = { readers, topics: 50, topicsPerReader: 2, publishers: 10, pauseMs: 250 }
  const played = await play(wanted, size, seed, (line) => process.stdout.write(`${line}\n`))
  process.stdout.write(`\n${reportOf(played)}`)
  if (played.verdicts.some(({ failures }) => failures.length > 0)) process.exitCode = 1
}

function stop(why: string): void {
  process.stderr.write(`chaos: ${why}\n`)
  process.exitCode = 2
}
