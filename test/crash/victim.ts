// A process that publishes to a file until it is killed: `victim.ts <file> <first number> <durability>`.
//
// Message n goes to topic n mod 8 under the key kn, ten at a time, in the order of their numbers; for each that was
// acknowledged a line is written: number, offset, id, epoch.

import process from 'node:process'
import { type Coroutine, run } from '../../runtime/index.ts'
import { openBroker } from '../../server/brokers/open-broker.ts'
import { appendOf, boundless, topicOf } from './ledger.ts'

const [file = '', first = '1', durability = 'full'] = process.argv.slice(2)
const broker = await openBroker(`sqlite:${file}`, { ...boundless, durability: durability as 'full' })
process.stdout.write('open\n')
let number = Number(first)

for (let writer = 0; writer < 10; writer += 1) run(write)

function* write(): Coroutine<never> {
  for (;;) {
    const own = number
    number += 1
    const answer = yield* broker.append(topicOf(own), appendOf(own))
    if (answer.outcome === 'refused') throw new Error(`message ${own} was refused`)
    const { offset, id } = answer.receipts[0] as { offset: number; id: string }
    process.stdout.write(`${own} ${offset} ${id} ${answer.standing.epoch}\n`)
  }
}
