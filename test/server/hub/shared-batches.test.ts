import { hash } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { Batch } from '../../../server/hub/batch.ts'
import { Feed } from '../../../server/hub/feed.ts'
import type { Position } from '../../../server/hub/index.ts'
import { Place } from '../../../server/hub/place.ts'
import { earliest } from '../../../server/hub/position.ts'
import { type Reading, SharedBatches } from '../../../server/hub/shared-batches.ts'

const sha = (text: string) => hash('sha256', text, 'buffer')
const options = { ring: { messages: 1, bytes: 0 }, later: () => {} }
const a = new Feed('a', 'A', sha, options)
const b = new Feed('b', 'B', sha, options)
const position: Position = { epoch: 7, tag: 8, offset: 9 }

function batch(): Batch {
  return new Batch({ messages: [], cursor: 'AQ', more: false, verdicts: [], positions: [], start: 0 })
}

function place(feed: Feed, at: Position | null): Place {
  return new Place(feed, at)
}

function reading(change: Partial<Reading> = {}): Reading {
  return { places: [place(a, position)], start: 0, limit: 10, ...change }
}

let shared: SharedBatches

beforeEach(() => {
  shared = new SharedBatches()
})

describe('a reading of one topic', () => {
  it('finds what was kept for the same one, whichever came in between', () => {
    const [one, other] = [batch(), batch()]
    shared.keep(reading(), one)
    shared.keep(reading({ limit: 11 }), other)
    expect(shared.find(reading())).toBe(one)
    expect(shared.find(reading())).toBe(one)
    expect(shared.find(reading({ limit: 11 }))).toBe(other)
  })

  it('finds it also by a position that is equal and not the same object', () => {
    const kept = batch()
    shared.keep(reading(), kept)
    expect(shared.find(reading({ places: [place(a, { ...position })] }))).toBe(kept)
  })

  it.each([
    ['limit', { limit: 11 }],
    ['topic', { places: [place(b, position)] }],
    ['epoch', { places: [place(a, { ...position, epoch: 1 })] }],
    ['tag', { places: [place(a, { ...position, tag: 1 })] }],
    ['offset', { places: [place(a, { ...position, offset: 1 })] }],
    ['beginning', { places: [place(a, earliest)] }],
    ['position, with none', { places: [place(a, null)] }],
    ['number of topics', { places: [place(a, position), place(b, position)] }],
  ])('finds none kept for another %s', (_what, change) => {
    shared.keep(reading(), batch())
    expect(shared.find(reading(change))).toBeUndefined()
  })
})

it('a reading of several topics is the same only when it begins with the same one', () => {
  const places = [place(a, position), place(b, null)]
  const kept = batch()
  shared.keep(reading({ places, start: 1 }), kept)
  expect(shared.find(reading({ places, start: 1 }))).toBe(kept)
  expect(shared.find(reading({ places, start: 0 }))).toBeUndefined()
})

it('readers that are each somewhere else do not fill the memory', () => {
  for (let offset = 0; offset < 1_000; offset += 1) {
    shared.keep(reading({ places: [place(a, { ...position, offset })] }), batch())
    expect(shared.size).toBeLessThanOrEqual(32)
  }
})
