import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Feed, FeedLink } from '../../../server/hub/feed.ts'
import { jsonType, Message, unbornStanding } from '../../../server/hub/index.ts'
import { nameHash } from '../../../server/hub/position.ts'
import { draftOf } from '../brokers/conformance.ts'
import { hash } from './rig.ts'

let feed: Feed
let woken: FeedLink[]
let postponed: (() => void)[]

beforeEach(() => {
  const ring = { messages: 3, bytes: 1_000 }
  postponed = []
  feed = new Feed('a', nameHash(hash, 'a'), hash, { ring, later: (work) => postponed.push(work) })
  woken = []
})

afterEach(() => feed.validate())

function arrive(offset: number, epoch = 'E', id = `${epoch}${offset}`): void {
  feed.arrived(new Message('a', offset, id, 0, draftOf(`${offset}`), 0), epoch)
  feed.validate()
}

function standing(head: number, epoch = 'E') {
  return {
    epoch,
    head,
    headId: head === 0 ? null : `${epoch}${head}`,
    oldest: 1,
    isClosed: false,
    segment: 1,
    contentType: jsonType,
  }
}

function wait(isReady = () => true): FeedLink {
  const link = new FeedLink(feed)
  link.waiter = { feedHasNews: () => woken.push(link), isReady }
  feed.enlist(link)
  return link
}

it('wakes everybody who waits, once and in the order in which they came', () => {
  feed.locate(standing(0))
  const links = [wait(), wait(), wait()]
  arrive(1)
  arrive(2)
  expect(woken).toEqual(links)
  expect(feed.waitingCount).toBe(0)
})

it('wakes nobody for a duplicate', () => {
  feed.locate(standing(0))
  arrive(1)
  arrive(2)
  const { head } = feed
  wait()
  arrive(1)
  arrive(2)
  expect(woken).toEqual([])
  expect(feed.head).toEqual(head)
  expect(feed.ringLength).toBe(2)
})

it('wakes only those for whom what has happened is news', () => {
  const link = wait(() => false)
  arrive(5)
  expect(woken).toEqual([])
  expect(feed.waitingCount).toBe(1)
  feed.withdraw(link)
  feed.withdraw(link)
  expect(feed.waitingCount).toBe(0)
})

it('gives what comes after a position while it has all of it, and nothing otherwise', () => {
  feed.locate(standing(2))
  const start = feed.head
  arrive(3)
  const after3 = feed.head
  for (let offset = 4; offset <= 5; offset += 1) arrive(offset)
  expect(feed.read(start, 10)?.map(({ offset }) => offset)).toEqual([3, 4, 5])
  expect(feed.read(start, 2)?.map(({ offset }) => offset)).toEqual([3, 4])
  expect(feed.read(feed.head, 2)).toEqual([])
  arrive(6)
  expect(feed.read(start, 10)).toBeUndefined()
  expect(feed.read(after3, 10)?.map(({ offset }) => offset)).toEqual([4, 5, 6])
  expect(feed.read({ ...after3, tag: after3.tag + 1 }, 10)).toBeUndefined()
  expect(feed.read({ ...after3, epoch: after3.epoch + 1 }, 10)).toBeUndefined()
  expect(feed.read({ ...after3, offset: 7 }, 10)).toBeUndefined()
})

it.each([
  ['a hole', () => arrive(5)],
  ['a new epoch', () => arrive(1, 'F')],
  ['a new epoch at the next offset', () => arrive(3, 'F')],
  ['another message at an offset it has seen, of a broker that lost its newest', () => arrive(2, 'E', 'other')],
])('%s empties the ring and wakes: history has the rest', (_, happen) => {
  feed.locate(standing(0))
  const before = feed.head
  arrive(1)
  arrive(2)
  const link = wait()
  const position = feed.head
  happen()
  expect(woken).toEqual([link])
  expect(feed.ringLength).toBe(0)
  expect(feed.hasNewsFor(position)).toBe(true)
  expect(feed.read(before, 10)).toBeUndefined()
  expect(feed.read(feed.head, 10)).toEqual([])
})

it('goes on after a broker that lost its newest has given the offset again', () => {
  feed.locate(standing(0))
  for (let offset = 1; offset <= 3; offset += 1) arrive(offset)
  arrive(3, 'E', 'other')
  arrive(4)
  expect(feed.head.offset).toBe(4)
  expect(feed.ringLength).toBe(1)
})

it('is not put back by a standing that is older than what has arrived', () => {
  feed.locate(standing(1))
  arrive(2)
  arrive(3)
  const { head } = feed
  wait()
  expect(feed.locate(standing(2))).toBe(false)
  expect(feed.locate(standing(3))).toBe(false)
  expect(feed.head).toEqual(head)
  expect(feed.ringLength).toBe(2)
  expect(woken).toEqual([])
  expect(feed.locate(standing(4))).toBe(true)
  expect(feed.head.offset).toBe(4)
  expect(woken).toHaveLength(1)
})

it('knows when a message of another epoch has crossed the broker’s answer', () => {
  feed.locate(standing(5))
  const asked = { arrivals: feed.arrivals, moves: feed.moves }
  expect(feed.isCrossed(standing(5), asked)).toBe(false)
  expect(feed.isCrossed(standing(1, 'F'), asked)).toBe(false)
  arrive(1, 'F')
  expect(feed.isCrossed(standing(5), asked)).toBe(true)
  expect(feed.isCrossed(standing(1, 'F'), asked)).toBe(false)
})

it('moves wherever the broker says, downwards too, and takes no answer to what was asked before', () => {
  feed.locate(standing(0))
  for (let offset = 1; offset <= 3; offset += 1) arrive(offset)
  const asked = { arrivals: feed.arrivals, moves: feed.moves }
  const [behind, ahead] = [wait(), wait(() => false)]
  expect(feed.moved(standing(2))).toBe(true)
  expect(feed.head.offset).toBe(2)
  expect(feed.isCrossed(standing(3), asked)).toBe(true)
  expect(woken).toEqual([behind])
  feed.withdraw(ahead)
  expect(feed.moved(standing(0, unbornStanding.epoch))).toBe(true)
  expect(feed.head).toEqual({ epoch: 0, tag: 0, offset: 0 })
})

it('keeps what it has at hand when the broker says that it stands where it is known to', () => {
  feed.locate(standing(0))
  arrive(1)
  arrive(2)
  wait()
  expect(feed.moved(standing(2))).toBe(false)
  expect([feed.ringLength, woken.length]).toEqual([2, 0])
})

it('is located by what the broker tells by itself, too', () => {
  expect(feed.moved(standing(2))).toBe(true)
  expect([feed.isLocated, feed.head.offset]).toEqual([true, 2])
})

it('trims to its bounds when nobody has to read', () => {
  feed.locate(standing(0))
  for (let offset = 1; offset <= 10; offset += 1) arrive(offset)
  expect(feed.ringLength).toBe(3)
})

it('waits with trimming for those it has woken, up to twice its bounds', () => {
  feed.locate(standing(0))
  const [one, other] = [wait(), wait()]
  for (let offset = 1; offset <= 5; offset += 1) arrive(offset)
  expect(feed.ringLength).toBe(5)
  for (let offset = 6; offset <= 10; offset += 1) arrive(offset)
  expect(feed.ringLength).toBe(6)
  feed.settle(one)
  feed.settle(one)
  expect(feed.ringLength).toBe(6)
  feed.settle(other)
  expect(feed.ringLength).toBe(3)
})

it('waits for nobody who has gone to wait again', () => {
  feed.locate(standing(0))
  const link = wait()
  for (let round = 1; round <= 3; round += 1) {
    arrive(round)
    feed.enlist(link)
  }
  feed.withdraw(link)
  feed.settle(link)
  for (let offset = 4; offset <= 20; offset += 1) arrive(offset)
  expect(feed.ringLength).toBe(3)
})

describe('a feed for which many wait', () => {
  /** Do what has been put off, and what that puts off. */
  function catchUp(): void {
    for (let work = postponed.shift(); work !== undefined; work = postponed.shift()) {
      work()
      feed.validate()
    }
  }

  beforeEach(() => feed.locate(standing(0)))

  it('wakes some at once and the others later, in the order in which they came', () => {
    const links = Array.from({ length: 1_000 }, () => wait())
    arrive(1)
    expect(woken).toEqual(links.slice(0, 256))
    expect(postponed).toHaveLength(1)
    postponed.shift()?.()
    expect(woken).toEqual(links.slice(0, 512))
    catchUp()
    expect(woken).toEqual(links)
    expect(feed.waitingCount).toBe(0)
  })

  it.each([0, 255, 256])('puts nothing off for %i', (count) => {
    for (let made = 0; made < count; made += 1) wait()
    arrive(1)
    expect(woken).toHaveLength(count)
    expect(postponed).toEqual([])
  })

  it('does not wake who has gone meanwhile, nor twice who comes', () => {
    const links = Array.from({ length: 600 }, () => wait())
    arrive(1)
    const gone = links.slice(300, 400)
    for (const link of gone) feed.withdraw(link)
    let isBehind = false
    const newcomer = wait(() => isBehind)
    catchUp()
    expect(woken).toEqual(links.filter((link) => !gone.includes(link)))
    expect(newcomer.isLinked).toBe(true)
    isBehind = true
    arrive(2)
    expect(woken.at(-1)).toBe(newcomer)
  })

  it('wakes them all once when more arrives meanwhile', () => {
    const links = Array.from({ length: 700 }, () => wait())
    arrive(1)
    arrive(2)
    expect(woken).toEqual(links.slice(0, 256))
    expect(postponed).toHaveLength(1)
    catchUp()
    expect(woken).toEqual(links)
  })

  it('is held up neither by those who are not ready nor by what goes on arriving', () => {
    for (let made = 0; made < 500; made += 1) wait(() => false)
    const links = Array.from({ length: 300 }, () => wait())
    arrive(1)
    for (let offset = 2; woken.length < 300 && offset < 10; offset += 1) {
      arrive(offset)
      postponed.shift()?.()
    }
    expect(woken).toEqual(links)
  })

  it('keeps for those whom it has yet to wake what a burst brings', () => {
    const links = Array.from({ length: 300 }, () => wait())
    const start = feed.head
    for (let offset = 1; offset <= 6; offset += 1) arrive(offset)
    for (const link of woken) feed.settle(link)
    expect(feed.read(start, 10)).toHaveLength(6)
    for (let offset = 7; offset <= 20; offset += 1) arrive(offset)
    expect(feed.ringLength).toBe(6)
    catchUp()
    expect(woken).toEqual(links)
    for (const link of woken) feed.settle(link)
    expect(feed.ringLength).toBe(3)
  })
})
