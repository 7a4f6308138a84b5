import { describe, expect, it } from 'vitest'
import { packReplies, packRequest, unpackReplies, unpackRequest } from '../../../server/brokers/sqlite/packing.ts'
import type { Posted, Reply, WriterRequest } from '../../../server/brokers/sqlite/requests.ts'
import type { Append } from '../../../server/hub/index.ts'

const message = { data: '{"a":"ä"}', bytes: 10 }
const moment = { number: 7, now: 1_000, clock: 1_764_475_200_000 }

function posted(append: Append): Posted<WriterRequest> {
  return { ...moment, request: { what: 'append', topic: 'a', append, isRead: true } }
}

const standing = {
  epoch: 'e',
  head: 3,
  headId: 'i',
  oldest: 2,
  isClosed: false,
  segment: 2 ** 50,
  contentType: 'application/json',
}
const receipt = { offset: 3, id: 'i', time: moment.clock }
const plain = { number: 7, result: { outcome: 'appended', standing, receipts: [receipt] } } satisfies Reply

describe('what travels between the threads', () => {
  it('is a list for an append of one message, and for its answer', () => {
    expect(packRequest(posted({ messages: [message] }))).toBeInstanceOf(Array)
    expect(packReplies({ replies: [plain] }).replies).toEqual([expect.any(Array)])
  })

  it.each<Append>([
    { messages: [message] },
    { messages: [{ data: new Uint8Array([1, 2]), bytes: 2 }] },
    { messages: [message, message] },
    { messages: [], close: true },
    { messages: [message], close: true },
    { messages: [message], ifMissing: 'refuse' },
    { messages: [message], contentType: 'text/plain' },
    { messages: [message], key: { text: 'k', bodyHash: 'h' } },
    { messages: [message], producer: { id: 'p', epoch: 0, sequence: 0 } },
    { messages: [message], sequence: '1' },
  ])('arrives as it was sent: %j', (append) => {
    expect(unpackRequest(structuredClone(packRequest(posted(append))))).toEqual(posted(append))
  })

  it('arrives as it was sent when it is no append', () => {
    const sweep: Posted<WriterRequest> = { ...moment, request: { what: 'sweep' } }
    expect(unpackRequest(structuredClone(packRequest(sweep)))).toEqual(sweep)
  })

  it.each<Reply>([
    plain,
    { ...plain, moves: [['a', standing]] },
    { ...plain, moves: [] },
    { number: 8, result: { ...plain.result, outcome: 'replayed' } },
    { number: 8, result: { ...plain.result, producerSequence: 4 } },
    { number: 8, result: { ...plain.result, receipts: [receipt, receipt] } },
    { number: 8, result: { ...plain.result, receipts: [] } },
    { number: 8, result: { outcome: 'refused', standing, reason: { kind: 'closed' } } },
    { number: 8, failure: { code: 'ENCKE_ERR_SERVER_DISK', message: 'm' } },
    { number: 8, result: null },
    { number: 8, result: true },
  ])('arrives as it was answered: %j', (reply) => {
    const replies = { replies: [reply], trouble: 't', statistics: { topics: 1, messages: 2, bytes: 3 } }
    expect(unpackReplies(structuredClone(packReplies(replies)))).toEqual(replies)
  })
})
