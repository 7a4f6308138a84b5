import { describe, expect, it } from 'vitest'
import {
  type Coroutine,
  clientOf,
  everything,
  gistOf,
  kindOf,
  reasonOf,
  rowsOf,
  titleOf,
} from '../../../public/admin/coroutine-rows.js'
import { cpuMsOf } from '../../cpu-time.ts'

const poll = 'GET /messages?topic=news for 127.0.0.1#7'

const make = (id: number, parent: number | null, name: string, more: Partial<Coroutine> = {}): Coroutine => ({
  id,
  parent,
  name,
  path: name,
  status: 'parked',
  waitsFor: 'wait for x',
  parkedMs: id,
  ...more,
})
const tree = [
  make(1, null, 'hub#1'),
  make(2, 1, 'feeder#2'),
  make(3, 2, 'deep#3', { waitsFor: 'select{ news: news of deep/topic | quiet: after 3 s }' }),
  make(7, null, poll, { waitsFor: 'select{ news: news of news | drain: draining | quiet: after 24.4 s }' }),
  make(8, null, 'GET /messages?topic=other for 10.0.0.1#8', { parkedMs: 100 }),
]
const shown = (search = {}, folded = new Set<number>()) =>
  rowsOf(tree, { ...everything, ...search }, folded).map(({ coroutine: { id }, depth }) => [id, depth])

describe('a coroutine', () => {
  it('is a request of a client, or one of the server itself', () => {
    expect([kindOf(poll), clientOf(poll), titleOf(poll)]).toEqual(['request', '127.0.0.1', 'GET /messages news'])
    expect([kindOf('hub#1'), clientOf('hub#1'), titleOf('hub#1')]).toEqual(['server', '', 'hub'])
    const events = 'events for /events?topic=a to 2001:db8::/64#12'
    expect([kindOf(events), clientOf(events)]).toEqual(['request', '2001:db8::/64'])
  })

  it('is called by its path and its topics, not by its cursor', () => {
    expect(titleOf('GET /messages?topic=a%2Fb&topic=c&cursor=AhfhF&wait=5 for ::1#9')).toBe('GET /messages a/b c')
    expect(titleOf('GET /topics/a%2Fb/messages?cursor=Ahfh for ::1#9')).toBe('GET /topics/a/b/messages')
    expect(titleOf('events for /events?topic=a to ::1#9')).toBe('events for /events a')
    expect(titleOf('GET /%zz for ::1#9')).toBe('GET /%zz')
    expect(titleOf('watcher of stalled replies#3')).toBe('watcher of stalled replies')
  })

  it('waits for the cases of its select', () => {
    expect(reasonOf('select{ news: news of a | quiet: after 3 s }')).toBe('news: news of a · quiet: after 3 s')
    expect(gistOf('select{ news: news of a | quiet: after 3 s }')).toBe('news of a')
    expect(gistOf('select{ job: receive jobs | idle: after 3 s }')).toBe('job: receive jobs · idle: after 3 s')
    expect(reasonOf('receive jobs')).toBe('receive jobs')
    expect(reasonOf(null)).toBe('')
  })
})

describe('the rows of the X-ray', () => {
  it('are a tree, parents before their children', () => {
    expect(shown()).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
      [7, 0],
      [8, 0],
    ])
  })

  it('leave out what is folded away, with all below it', () => {
    expect(shown({}, new Set([1]))).toEqual([
      [1, 0],
      [7, 0],
      [8, 0],
    ])
    expect(rowsOf(tree, everything, new Set([1]))[0]).toMatchObject({ isOpen: false, children: 1 })
  })

  it('are those that are looked for, under their parents, which are told apart', () => {
    expect(shown({ text: 'DEEP/topic' })).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
    ])
    const rows = rowsOf(tree, { ...everything, text: 'deep/topic' }, new Set())
    expect(rows.map(({ isMatch }) => isMatch)).toEqual([false, false, true])
  })

  it('have what is searched for as it is shown, or as the server calls it, or in what is waited for', () => {
    for (const text of ['messages news', 'topic=NEWS', 'news of news']) expect(shown({ text })).toEqual([[7, 0]])
    expect(shown({ text: 'nothing like it' })).toEqual([])
  })

  it('can be the requests alone, or those of one client', () => {
    expect(shown({ kind: 'request' }).map(([id]) => id)).toEqual([7, 8])
    expect(shown({ kind: 'server' }).map(([id]) => id)).toEqual([1, 2, 3])
    expect(shown({ client: '10.0.0.1' }).map(([id]) => id)).toEqual([8])
  })

  it('can be in the order of their wait, and then are no tree', () => {
    expect(shown({ sort: 'oldest' })).toEqual([
      [8, 0],
      [7, 0],
      [3, 0],
      [2, 0],
      [1, 0],
    ])
  })

  it('are made of ten thousand coroutines in a blink', () => {
    const many = Array.from({ length: 10_000 }, (_, id) =>
      make(id + 1, null, `GET /messages?topic=t${id} for 1.2.3.4#${id + 1}`),
    )
    const tookMs = cpuMsOf(() => {
      expect(rowsOf(many, { ...everything, text: 't99' }, new Set())).toHaveLength(111)
    })
    expect(tookMs).toBeLessThan(500)
  })
})
