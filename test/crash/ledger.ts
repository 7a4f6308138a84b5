// What publishers were told, and what must therefore be in a file, however its process has ended.

import type { Coroutine } from '../../runtime/index.ts'
import type { Append, Appended, Broker, Message, Refused } from '../../server/hub/index.ts'

/** Bounds that no test reaches: what is missing was lost. */
export const boundless = { historyMessages: 1_000_000, historyBytes: 2 ** 30, historyTotalBytes: 2 ** 40 }

const topics = 8

/** So many were on their way at most: whether they are there is not known. */
const onTheirWay = 10

export function topicOf(number: number): string {
  return `t${number % topics}`
}

export function appendOf(number: number): Append {
  const data = `${number}`
  return { messages: [{ data, bytes: data.length }], key: { text: `k${number}`, bodyHash: data } }
}

interface Acknowledged {
  readonly offset: number
  readonly id: string
  readonly epoch: string
}

export class Ledger {
  readonly #acknowledged = new Map<number, Acknowledged>()
  last = 0

  get size(): number {
    return this.#acknowledged.size
  }

  enter(number: number, acknowledged: Acknowledged): void {
    this.#acknowledged.set(number, acknowledged)
    this.last = Math.max(this.last, number)
  }

  /** The line that a victim wrote. */
  enterLine(line: string): void {
    const [number, offset, id = '', epoch = ''] = line.split(' ')
    this.enter(Number(number), { offset: Number(offset), id, epoch })
  }

  /** The number from which the next victim goes on. */
  get next(): number {
    return this.last + onTheirWay + 1
  }

  /** Read everything, publish some of it once more, and throw where anything is not as was promised. */
  *check(broker: Broker): Coroutine<void> {
    const before = yield* everyMessage(broker)
    for (const [number, { offset, id, epoch }] of this.#acknowledged) {
      const there = before.get(topicOf(number))
      expectSame(`the epoch of ${topicOf(number)}`, there?.epoch, epoch)
      const message = there?.messages[offset - 1]
      expectSame(`message ${number}`, [message?.offset, message?.id, message?.data], [offset, id, `${number}`])
    }
    const end = this.next
    for (const number of this.#toAskAgain())
      this.#judge(number, yield* broker.append(topicOf(number), appendOf(number)))
    const counts = new Map<unknown, number>()
    for (const { messages } of (yield* everyMessage(broker)).values()) {
      for (const { data } of messages) counts.set(data, (counts.get(data) ?? 0) + 1)
    }
    for (let number = 1; number < end; number += 1) {
      expectSame(`how often message ${number} is there`, counts.get(`${number}`), 1)
    }
  }

  /** All that were not acknowledged, and some of the others. */
  #toAskAgain(): number[] {
    const every = Math.ceil(this.#acknowledged.size / 40)
    return Array.from({ length: this.next - 1 }, (_, index) => index + 1).filter(
      (number) => !this.#acknowledged.has(number) || number % every === 0,
    )
  }

  #judge(number: number, answer: Appended | Refused): void {
    const known = this.#acknowledged.get(number)
    if (answer.outcome === 'refused') throw new Error(`message ${number} was refused`)
    const [receipt] = answer.receipts
    if (known !== undefined) {
      expectSame(
        `the answer to key k${number}`,
        [answer.outcome, receipt?.offset, receipt?.id],
        ['replayed', known.offset, known.id],
      )
    }
    this.enter(number, { offset: receipt?.offset ?? 0, id: receipt?.id ?? '', epoch: answer.standing.epoch })
  }
}

/** All messages of all topics; throws where their offsets have a hole or end elsewhere than at the head. */
function* everyMessage(broker: Broker): Coroutine<Map<string, { epoch: string; messages: Message[] }>> {
  const all = new Map<string, { epoch: string; messages: Message[] }>()
  for (const { topic, epoch, head } of yield* broker.list('', topics + 1)) {
    const messages: Message[] = []
    while (messages.length < head) {
      const slice = yield* broker.history(topic, messages.length + 1, { messages: 1_000, bytes: 1_000_000 })
      if (slice.messages.length === 0) break
      messages.push(...slice.messages)
    }
    expectSame(`how many messages ${topic} has`, messages.length, head)
    messages.forEach(({ offset }, index) => {
      expectSame(`an offset of ${topic}`, offset, index + 1)
    })
    all.set(topic, { epoch, messages })
  }
  return all
}

function expectSame(what: string, is: unknown, shouldBe: unknown): void {
  if (JSON.stringify(is) === JSON.stringify(shouldBe)) return
  throw new Error(`${what} is ${JSON.stringify(is)}, and should be ${JSON.stringify(shouldBe)}`)
}
