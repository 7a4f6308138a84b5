import { describe, expect, it } from 'vitest'
import { Served, until } from '../http/served.ts'

const poll = '/messages?topic=__encke/samples&wait=10'

describe('the samples of a node', () => {
  it('are there for those who ask, with how it is', async () => {
    await using served = await Served.start()
    const { status, headers, json } = await served.administrate('GET', '/admin/samples')
    expect(status).toBe(200)
    expect(headers['cache-control']).toBe('no-store')
    expect(json).toEqual({ samples: expect.any(Array), isDraining: false, health: { isOk: true }, busiest: [] })
    expect((await served.get('/admin/samples')).json).toMatchObject({ code: 'ENCKE_ERR_ADMIN_TOKEN' })
  })

  it('come each second over its own stream, while somebody reads it, with the busiest topics', async () => {
    await using served = await Served.start()
    const first = (await served.administrate('GET', poll)).json
    expect(first.messages[0].data).toMatchObject({ isDraining: false, health: { isOk: true }, waiting: 0 })
    await Promise.all([served.publish('quiet', 1), ...[1, 2, 3].map((n) => served.publish('busy', n))])
    const next = (await served.administrate('GET', `${poll}&cursor=${first.cursor}`)).json
    const busiest = next.messages.at(-1).data.busiest
    expect(busiest.map(({ topic }: { topic: string }) => topic)).toEqual(['busy', 'quiet'])
    expect(busiest[0]).toEqual({ topic: 'busy', publishedPerSecond: expect.any(Number), waiting: 0 })
    expect(busiest[0].publishedPerSecond).toBeGreaterThan(busiest[1].publishedPerSecond)
    const { samples } = (await served.administrate('GET', '/admin/samples')).json
    expect(samples.at(-1).time).toBeGreaterThanOrEqual(next.messages.at(-1).data.time)
  })

  it('do not make a quiet server look busy', async () => {
    await using served = await Served.start()
    const first = (await served.administrate('GET', poll)).json
    const next = (await served.administrate('GET', `${poll}&cursor=${first.cursor}`)).json
    expect(next.messages.at(-1).data).toMatchObject({
      waiting: 0,
      deliveredPerSecond: 0,
      publishedPerSecond: 0,
      latencyP99Ms: null,
      topics: 0,
    })
  })

  it('are told to nobody once nobody reads them', async () => {
    await using served = await Served.start(['--unfollow-ms', '0'])
    await served.administrate('GET', poll)
    await until(() => served.app.hub.watcher === null)
    const { json } = await served.administrate('GET', '/topics/__encke%2Fsamples')
    const later = await served.administrate('GET', '/topics/__encke%2Fsamples')
    expect(later.json.head).toBe(json.head)
  })
})
