import { hash } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { Batch } from '../../../server/hub/batch.ts'
import { Feed } from '../../../server/hub/feed.ts'
import type { Position } from '../../../server/hub/index.ts'
import { earliest } from '../../../server/hub/position.ts'
import { ReaderSlot } from '../../../server/hub/reader-slot.ts'
import { type BatchRequest, SharedBatches } from '../../../server/hub/shared-batches.ts'

const sha = (text: string) => hash('sha256', text, 'buffer')
const options = { ring: { messages: 1, bytes: 0 }, later: () => {} }
const a = new Feed('a', 'A', sha, options)
const b = new Feed('b', 'B', sha, options)
const position: Position = { epoch: 7, tag: 8, offset: 9 }

function batch(): Batch {
  return new Batch({ messages: [], cursor: 'AQ', more: false, verdicts: [], positions: [], start: 0 })
}

function slot(feed: Feed, at: Position | null): ReaderSlot {
  return new ReaderSlot(feed, at)
}

function requestOf(change: Partial<BatchRequest> = {}): BatchRequest {
  return { slots: [slot(a, position)], start: 0, limit: 10, ...change }
}

let shared: SharedBatches

beforeEach(() => {
  shared = new SharedBatches()
})

describe('a reading of one topic', () => {
  it('finds what was kept for the same one, whichever came in between', () => {
    const [one, other] = [batch(), batch()]
    shared.keep(requestOf(), one)
    shared.keep(requestOf({ limit: 11 }), other)
    expect(shared.find(requestOf())).toBe(one)
    expect(shared.find(requestOf())).toBe(one)
    expect(shared.find(requestOf({ limit: 11 }))).toBe(other)
  })

  it('finds it also by a position that is equal and not the same object', () => {
    const kept = batch()
    shared.keep(requestOf(), kept)
    expect(shared.find(requestOf({ slots: [slot(a, { ...position })] }))).toBe(kept)
  })

  it.each([
    ['limit', { limit: 11 }],
    ['topic', { slots: [slot(b, position)] }],
    ['epoch', { slots: [slot(a, { ...position, epoch: 1 })] }],
    ['tag', { slots: [slot(a, { ...position, tag: 1 })] }],
    ['offset', { slots: [slot(a, { ...position, offset: 1 })] }],
    ['beginning', { slots: [slot(a, earliest)] }],
    ['position, with none', { slots: [slot(a, null)] }],
    ['number of topics', { slots: [slot(a, position), slot(b, position)] }],
  ])('finds none kept for another %s', (_what, change) => {
    shared.keep(requestOf(), batch())
    expect(shared.find(requestOf(change))).toBeUndefined()
  })
})

it('a reading of several topics is the same only when it begins with the same one', () => {
  const slots = [slot(a, position), slot(b, null)]
  const kept = batch()
  shared.keep(requestOf({ slots, start: 1 }), kept)
  expect(shared.find(requestOf({ slots, start: 1 }))).toBe(kept)
  expect(shared.find(requestOf({ slots, start: 0 }))).toBeUndefined()
})

it('readers that are each somewhere else do not fill the memory', () => {
  for (let offset = 0; offset < 1_000; offset += 1) {
    shared.keep(requestOf({ slots: [slot(a, { ...position, offset })] }), batch())
    expect(shared.size).toBeLessThanOrEqual(32)
  }
})
