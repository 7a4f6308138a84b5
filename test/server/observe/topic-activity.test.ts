import { describe, expect, it } from 'vitest'
import type { Appended } from '../../../server/hub/index.ts'
import { TopicActivity } from '../../../server/observe/topic-activity.ts'

describe('the activity of topics', () => {
  it('says which are the busiest, in messages a second', () => {
    const activity = new TopicActivity()
    publish(activity, 'a', 2)
    publish(activity, 'b', 10)
    publish(activity, 'c', 4)
    activity.pass(2)
    expect(activity.busiest(2)).toEqual([
      { topic: 'b', publishedPerSecond: 5 },
      { topic: 'c', publishedPerSecond: 2 },
    ])
  })

  it('orders equals by name, so that they do not change places', () => {
    const activity = new TopicActivity()
    for (const topic of ['b', 'a', 'c']) publish(activity, topic, 1)
    activity.pass(1)
    expect(activity.busiest(5).map(({ topic }) => topic)).toEqual(['a', 'b', 'c'])
  })

  it('lets a topic that falls quiet go slowly, and forgets it in the end', () => {
    const activity = new TopicActivity()
    publish(activity, 'a', 10)
    activity.pass(1)
    activity.pass(1)
    expect(activity.busiest(1)).toEqual([{ topic: 'a', publishedPerSecond: 8 }])
    for (let second = 0; second < 40; second += 1) activity.pass(1)
    expect(activity.busiest(1)).toEqual([])
  })

  it('counts ten thousand topics at most, and a new one once others have fallen quiet', () => {
    const activity = new TopicActivity()
    for (let n = 0; n < 10_000; n += 1) publish(activity, `t${n}`, 1)
    publish(activity, 'late', 1_000)
    activity.pass(1)
    expect(activity.busiest(1)[0]?.publishedPerSecond).toBe(1)
    for (let second = 0; second < 40; second += 1) activity.pass(1)
    publish(activity, 'late', 1_000)
    activity.pass(1)
    expect(activity.busiest(5)).toEqual([{ topic: 'late', publishedPerSecond: 1_000 }])
  })
})

function publish(activity: TopicActivity, topic: string, messages: number): void {
  const receipts = Array.from({ length: messages }, (_, n) => ({ offset: n + 1, id: `${n}`, time: 0 }))
  const standing = { epoch: 'e', head: messages, headId: 'x', oldest: 1, isClosed: false }
  activity.appended(topic, { outcome: 'appended', standing, receipts } as unknown as Appended)
}
