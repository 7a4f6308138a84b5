import { describe, expect, it } from 'vitest'
import { Served, until } from '../http/served.ts'

describe('the history that an operator looks at', () => {
  it('has the newest messages, oldest first, and goes back page by page', async () => {
    await using served = await Served.start()
    for (let n = 1; n <= 5; n += 1) await served.publish('news', n)
    const newest = (await served.administrate('GET', '/admin/history?topic=news&limit=2')).json
    expect(newest).toMatchObject({ topic: 'news', head: 5, oldest: 1, waiting: 0, contentType: 'application/json' })
    expect(newest.messages.map(({ offset, text }: { offset: number; text: string }) => [offset, text])).toEqual([
      [4, '4'],
      [5, '5'],
    ])
    expect(newest.messages[0]).toEqual({
      offset: 4,
      id: expect.any(String),
      time: expect.any(Number),
      bytes: 1,
      text: '4',
      isWhole: true,
    })
    const older = (await served.administrate('GET', '/admin/history?topic=news&limit=2&before=4')).json
    expect(older.messages.map(({ offset }: { offset: number }) => offset)).toEqual([2, 3])
    const oldest = (await served.administrate('GET', '/admin/history?topic=news&before=1')).json
    expect(oldest.messages).toEqual([])
  })

  it('is empty for a topic that was never published to, and makes none', async () => {
    await using served = await Served.start()
    const { status, json } = await served.administrate('GET', '/admin/history?topic=nothing')
    expect(status).toBe(200)
    expect(json).toMatchObject({ topic: 'nothing', head: 0, oldest: 1, contentType: null, closed: false, messages: [] })
    expect(served.app.hub.statistics().topics).toBe(0)
  })

  it('shows the beginning of a long message, and says so', async () => {
    await using served = await Served.start()
    await served.publish('long', 'x'.repeat(5_000))
    const { messages } = (await served.administrate('GET', '/admin/history?topic=long')).json
    expect(messages[0]).toMatchObject({ bytes: 5_002, isWhole: false })
    expect(messages[0].text).toHaveLength(2_000)
  })

  it('wants the token, a topic, and an offset that is one', async () => {
    await using served = await Served.start()
    expect((await served.get('/admin/history?topic=news')).json).toMatchObject({ code: 'ENCKE_ERR_ADMIN_TOKEN' })
    expect((await served.administrate('GET', '/admin/history')).status).toBe(400)
    expect((await served.administrate('GET', '/admin/history?topic=a//b')).json.code).toBe('ENCKE_ERR_TOPIC_NAME')
    expect((await served.administrate('GET', '/admin/history?topic=a&before=0')).json.code).toBe('ENCKE_ERR_VALIDATION')
  })
})

describe('the way of a message', () => {
  it('goes from its publisher to every reader that waited for it', async () => {
    await using served = await Served.start()
    const readers = [1, 2, 3].map(() => served.get('/messages?topic=news'))
    const other = served.get('/messages?topic=other&wait=5')
    await served.waiting(4)
    const followed = served.administrate('GET', '/admin/follow?topic=news')
    await until(() => served.app.hub.watcher !== null)
    await served.publish('other', 0)
    const published = (await served.publish('news', 1)).json
    const { way } = (await followed).json
    expect(way).toMatchObject({ topic: 'news', offset: 1, id: published.id, time: published.time, waiting: 3, more: 0 })
    expect(way.from).toMatch(/^POST \/publish\?topic=news for 127\.0\.0\.1#\d+$/)
    expect(way.handovers).toHaveLength(3)
    expect(new Set(way.handovers.map(({ to }: { to: string }) => to)).size).toBe(3)
    for (const { to, afterMs } of way.handovers) {
      expect(to).toMatch(/^GET \/messages\?topic=news for 127\.0\.0\.1#\d+$/)
      expect(afterMs).toBeGreaterThanOrEqual(0)
    }
    await Promise.all([...readers, other])
    expect(served.app.hub.watcher).toBeNull()
  })

  it('is known at once when nobody waited for it', async () => {
    await using served = await Served.start()
    const followed = served.administrate('GET', '/admin/follow?topic=news')
    await until(() => served.app.hub.watcher !== null)
    await served.publish('news', 1)
    expect((await followed).json.way).toMatchObject({ offset: 1, waiting: 0, handovers: [] })
  })

  it('is unknown when no message comes in time, and nothing watches any more', async () => {
    await using served = await Served.start()
    expect((await served.administrate('GET', '/admin/follow?topic=news&wait=0')).json).toEqual({ way: null })
    expect(served.app.hub.watcher).toBeNull()
  })

  it('is not waited for by HEAD, which asks what GET would say', async () => {
    await using served = await Served.start()
    const { status, text } = await served.administrate('HEAD', '/admin/follow?topic=news')
    expect([status, text]).toEqual([200, ''])
    expect(served.app.hub.watcher).toBeNull()
  })

  it('is watched no longer when the operator goes away', async () => {
    await using served = await Served.start()
    const leaving = new AbortController()
    const followed = served.administrate('GET', '/admin/follow?topic=news', { signal: leaving.signal })
    await until(() => served.app.hub.watcher !== null)
    leaving.abort()
    await expect(followed).rejects.toThrow()
    await until(() => served.app.hub.watcher === null)
  })
})
