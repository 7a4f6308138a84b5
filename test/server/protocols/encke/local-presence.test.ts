import { beforeEach, describe, expect, it } from 'vitest'
import { Scheduler, VirtualHost } from '../../../../runtime/index.ts'
import { LocalPresence } from '../../../../server/protocols/encke/local-presence.ts'
import type { Attendance } from '../../../../server/protocols/encke/presence.ts'

const leaseMs = 15_000

describe('the presence of a node', () => {
  let host: VirtualHost
  let scheduler: Scheduler
  let presence: LocalPresence
  let told: string[]

  beforeEach(() => {
    host = new VirtualHost()
    scheduler = new Scheduler({ host, deadlock: 'ignore' })
    told = []
    presence = new LocalPresence({
      leaseMs,
      mostMembers: 200,
      clock: () => host.now(),
      now: () => 1_000_000 + host.now(),
      changed: (topic, { event, name }) => told.push(`${topic}: ${name} ${event}`),
    })
    scheduler.run(() => presence.watch())
  })

  function enter(name: string, { instance, client = 'one', topics = ['chat'] }: Partial<Entering> = {}): Disposable {
    return presence.enter({ client, instance, name }, topics) as Disposable
  }

  async function attendance(topic = 'chat'): Promise<Attendance> {
    const asked = scheduler.run(() => presence.attendance(topic)).promise
    host.advance(0)
    return asked
  }

  async function names(topic = 'chat'): Promise<string[]> {
    return (await attendance(topic)).members.map(({ name }) => name)
  }

  it('has a reader from its first request until a lease after its last', async () => {
    const poll = enter('ann')
    expect(told).toEqual(['chat: ann join'])
    host.advance(60_000)
    poll[Symbol.dispose]()
    host.advance(leaseMs - 1)
    expect(await names()).toEqual(['ann'])
    host.advance(1)
    expect(told).toEqual(['chat: ann join', 'chat: ann expired'])
    expect(await names()).toEqual([])
    presence.validate()
  })

  it('tells nothing of the gap between two polls, however many there are', () => {
    for (let poll = 0; poll < 20; poll += 1) {
      const lease = enter('ann')
      host.advance(25_000)
      lease[Symbol.dispose]()
      host.advance(leaseMs - 1)
      presence.validate()
    }
    expect(told).toEqual(['chat: ann join'])
  })

  it('says since when a reader is here, and when it was seen last', async () => {
    const poll = enter('ann')
    host.advance(20_000)
    expect((await attendance()).members).toEqual([{ name: 'ann', since: 1_000_000, lastSeen: 1_020_000 }])
    poll[Symbol.dispose]()
    host.advance(5_000)
    expect((await attendance()).members).toEqual([{ name: 'ann', since: 1_000_000, lastSeen: 1_020_000 }])
    expect((await attendance()).waiting).toBe(0)
  })

  it('ends leases in the order in which they were begun, each at its time', () => {
    const leases = ['ann', 'bob', 'cyd'].map((name) => enter(name))
    for (const lease of leases) {
      lease[Symbol.dispose]()
      host.advance(1_000)
    }
    const back = enter('ann')
    host.advance(leaseMs - 2_000)
    expect(told.slice(3)).toEqual(['chat: bob expired'])
    host.advance(1_000)
    expect(told.slice(4)).toEqual(['chat: cyd expired'])
    back[Symbol.dispose]()
    host.advance(leaseMs)
    expect(told.slice(5)).toEqual(['chat: ann expired'])
    presence.validate()
  })

  it('tells two readers with one name apart, and keeps each its own', async () => {
    const one = enter('ann')
    const other = enter('ann', { client: 'two' })
    const third = enter('ann', { client: 'two', instance: 'x' })
    expect(await names()).toEqual(['ann', 'ann (2)', 'ann (3)'])
    other[Symbol.dispose]()
    enter('ann', { client: 'two' })
    third[Symbol.dispose]()
    enter('ann', { client: 'two', instance: 'x' })
    expect(await names()).toEqual(['ann', 'ann (2)', 'ann (3)'])
    one[Symbol.dispose]()
    host.advance(leaseMs)
    enter('ann', { client: 'four' })
    expect(await names()).toEqual(['ann (2)', 'ann (3)', 'ann'])
    presence.validate()
  })

  it('finds a name for the hundredth reader of that name, too', async () => {
    for (let reader = 0; reader < 120; reader += 1) enter('guest', { client: `${reader}` })
    expect(new Set(await names()).size).toBe(120)
    presence.validate()
  })

  it('knows a reader by its client, while an older poll of it still waits', async () => {
    const older = enter('ann', { instance: 'page' })
    const newer = enter('ann', { instance: 'page' })
    expect(await names()).toEqual(['ann'])
    expect((await attendance()).waiting).toBe(2)
    older[Symbol.dispose]()
    host.advance(leaseMs * 2)
    expect(await names()).toEqual(['ann'])
    newer[Symbol.dispose]()
    host.advance(leaseMs)
    expect(told).toEqual(['chat: ann join', 'chat: ann expired'])
    presence.validate()
  })

  it('lets a reader leave at once, also while a poll of it waits', async () => {
    const poll = enter('ann', { instance: 'page', topics: ['chat', 'other'] })
    expect(presence.enter({ client: 'one', instance: 'page', name: '' }, ['chat'])).toBeNull()
    expect(told).toEqual(['chat: ann join', 'other: ann join', 'chat: ann leave'])
    expect(await names('other')).toEqual(['ann'])
    poll[Symbol.dispose]()
    host.advance(leaseMs)
    expect(told.slice(3)).toEqual(['other: ann expired'])
    presence.validate()
  })

  it('lets nobody leave in the place of another', () => {
    enter('ann', { instance: 'page' })
    presence.enter({ client: 'two', instance: 'page', name: '' }, ['chat'])
    presence.enter({ client: 'one', instance: 'other', name: '' }, ['chat'])
    expect(told).toEqual(['chat: ann join'])
  })

  it('has a reader that calls itself by another name as another', () => {
    const older = enter('ann', { instance: 'page' })
    const newer = enter('anna', { instance: 'page' })
    expect(told).toEqual(['chat: ann join', 'chat: ann leave', 'chat: anna join'])
    older[Symbol.dispose]()
    newer[Symbol.dispose]()
    host.advance(leaseMs)
    expect(told.slice(3)).toEqual(['chat: anna expired'])
    presence.validate()
  })

  it('counts a topic that is named twice once, and takes no part in reserved ones', () => {
    const poll = enter('ann', { topics: ['chat', 'chat', '__presence/chat'] })
    expect(told).toEqual(['chat: ann join'])
    poll[Symbol.dispose]()
    host.advance(leaseMs)
    expect(told).toEqual(['chat: ann join', 'chat: ann expired'])
    presence.validate()
  })

  it('lists so many and no more, and the others when there is room', async () => {
    for (let reader = 0; reader < 200; reader += 1) enter(`r${reader}`, { client: `${reader}` })
    const late = enter('late', { client: 'late' })
    expect(await names()).toHaveLength(200)
    late[Symbol.dispose]()
    presence.enter({ client: '7', instance: undefined, name: '' }, ['chat'])
    presence.validate()
  })

  it('needs no timer while nobody is here', () => {
    host.advance(0)
    expect(scheduler.statistics().timers).toBe(0)
    enter('ann')[Symbol.dispose]()
    host.advance(leaseMs)
    expect(scheduler.statistics().timers).toBe(0)
  })
})

interface Entering {
  readonly instance: string
  readonly client: string
  readonly topics: readonly string[]
}
